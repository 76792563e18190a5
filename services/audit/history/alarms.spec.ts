import { describe, expect, it } from 'vitest';
import type { Incident } from './incident.js';
import { alarmsOf, judged } from './alarms.js';
import type { ScoredFinding } from './scored.finding.js';

const hour = 3_600_000;

const finding = (at: number, more: Partial<ScoredFinding> = {}): ScoredFinding => ({
  ...{
    id: `fnd_${at}`,
    detector: 'bulk-read',
    severity: 'high',
    identity: 'corp:a',
    connection: 'crm',
    subject: '',
  },
  ...{ evidence: '', windowStart: at * hour, windowEnd: (at + 1) * hour, knownAt: (at + 1) * hour },
  ...{ links: new Set(['ses_1']), isCut: false },
  ...more,
});

const incident = (more: Partial<Incident> = {}): Incident => ({
  ...{ id: 'inc-1', kind: 'bulk-read', form: 'plain', magnitude: 3, identity: 'corp:a', connection: 'crm' },
  ...{ from: 10 * hour, to: 11 * hour, sessionIds: ['ses_1'], statementIds: ['stm_1'], tables: ['public.t'] },
  ...more,
});

const isFound = (one: ScoredFinding, other: Incident) => judged([one], [other])[0]?.incidents.length === 1;

describe('a finding is about an incident', () => {
  it('of its identity, at its time, with one of its sessions, statements or tables', () => {
    expect(isFound(finding(10), incident())).toBe(true);
    expect(isFound(finding(10, { links: new Set(['stm_1']) }), incident())).toBe(true);
    expect(isFound(finding(10, { links: new Set(['x']), subject: 'public.t' }), incident())).toBe(true);
    expect(isFound(finding(10, { links: new Set(['x']) }), incident())).toBe(false);
    expect(isFound(finding(10, { identity: 'corp:b' }), incident())).toBe(false);
    expect(isFound(finding(12), incident())).toBe(false);
    expect(isFound(finding(9), incident())).toBe(false);
  });

  it('by time alone where the one or the other names nothing, or names were cut', () => {
    expect(isFound(finding(10, { links: new Set() }), incident())).toBe(true);
    expect(isFound(finding(10, { links: new Set(['x']), isCut: true }), incident())).toBe(true);
    expect(isFound(finding(10), incident({ sessionIds: [], statementIds: [] }))).toBe(true);
  });
});

describe('alarms', () => {
  it('are findings of one identity at most six hours apart', () => {
    const all = [finding(20), finding(0), finding(7), finding(3, { identity: 'corp:b' })];
    const alarms = alarmsOf(judged(all, []));
    expect(alarms.map(({ findings }) => findings.map(({ id }) => id))).toEqual([
      ['fnd_0', 'fnd_7'],
      ['fnd_20'],
      ['fnd_3'],
    ]);
  });

  it('are true if one of their findings is', () => {
    const [alarm] = alarmsOf(judged([finding(8, { links: new Set(['x']) }), finding(10)], [incident()]));
    expect(alarm?.incidents.size).toBe(1);
  });
});
