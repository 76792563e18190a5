import { describe, expect, it } from 'vitest';
import type { Judged } from '../../services/audit/history/alarms.js';
import type { Incident } from '../../services/audit/history/incident.js';
import { heardAtBudget } from './budget.js';

const hour = 3_600_000;
const incident = (kind: string): Incident => ({ kind, identity: 'corp:a', from: 0, to: hour }) as Incident;

let next = 0;
/** Each at another time, a day apart. */
function finding(detector: string, ...incidents: Incident[]): Judged {
  const at = ++next * 24 * hour;
  return {
    ...{ id: `fnd_${next}`, detector, severity: 'high', identity: 'corp:a', connection: '', subject: '' },
    ...{ evidence: '', windowStart: at, windowEnd: at + hour, knownAt: at + hour, incidents },
    ...{ links: new Set<string>(), isCut: false },
  };
}
const falseOnes = (detector: string, count: number) => Array.from({ length: count }, () => finding(detector));
const heard = (findings: readonly Judged[], agentWeeks: number, heldOut?: string) => [
  ...heardAtBudget([{ findings, agentWeeks }], ['sure', 'noisy'], heldOut),
];

describe('who is listened to at the budget', () => {
  const [bulk, drip] = [incident('bulk-read'), incident('slow-drip')];
  const findings = [
    ...[finding('sure', bulk), ...falseOnes('sure', 1)],
    ...[finding('noisy', drip), ...falseOnes('noisy', 3)],
  ];

  it('is everybody, within it', () => expect(heard(findings, 400)).toEqual(['sure', 'noisy']));

  it('is not who costs the most false alarms for what it alone finds', () => {
    expect(heard(findings, 399)).toEqual(['sure']);
    expect(heard(findings, 100)).toEqual(['sure']);
    expect(heard(findings, 99)).toEqual([]);
    const worth = [...findings, ...Array.from({ length: 9 }, () => finding('noisy', incident('probing')))];
    expect(heard(worth, 399)).toEqual(['noisy']);
  });

  it('is found without the kind that is held out', () => {
    const worth = Array.from({ length: 9 }, () => finding('noisy', incident('probing')));
    expect(heard([...findings, ...worth], 399, 'probing')).toEqual(['sure']);
  });

  it('is somebody less where two raise the same false alarms', () => {
    const at = falseOnes('sure', 3);
    const same = at.map((each) => ({ ...each, id: `${each.id}-2`, detector: 'noisy' }));
    expect(heard([...at, ...same, ...same, finding('sure', bulk)], 200)).toEqual([]);
    expect(heard([...at, ...same, ...same, finding('sure', bulk)], 300)).toEqual(['sure', 'noisy']);
  });
});
