import { describe, expect, it } from 'vitest';
import type { Severity } from '#domain';
import type { Judged } from './alarms.js';
import type { Incident } from './incident.js';
import { detectorRows, kindRows, numbersOf, ofForm, overallRows } from './score.numbers.js';

const hour = 3_600_000;
let next = 0;

const incident = (magnitude: number, form: Incident['form'] = 'plain'): Incident => ({
  ...{ id: `inc-${next++}`, kind: 'bulk-read', form, magnitude, identity: 'corp:a', connection: 'crm' },
  ...{ from: 0, to: hour, sessionIds: [], statementIds: [], tables: [] },
});

/** Each a day after the one before. */
const finding = (detector: string, severity: Severity, ...incidents: Incident[]): Judged => {
  const at = next++ * 24 * hour;
  return {
    ...{
      id: `fnd_${next}`,
      detector,
      severity,
      identity: 'corp:a',
      connection: 'crm',
      subject: '',
      evidence: '',
    },
    ...{ windowStart: at, windowEnd: at + hour, knownAt: 2 * hour, links: new Set<string>(), isCut: false },
    incidents,
  };
};

const [small, large, hidden] = [incident(5), incident(50), incident(50, 'stealthy')];
const incidents = [small, large, hidden];
const findings = [
  finding('sure', 'high', large),
  finding('noisy', 'low', small, large),
  finding('noisy', 'medium'),
];
const detectors = ['sure', 'noisy', 'silent'];
const scored = { histories: [{ findings, incidents, agentWeeks: 50 }], detectors };

describe('the numbers of a score', () => {
  it('count every finding first, and then leave milder severities out', () => {
    const [all, medium, high, critical] = overallRows(scored);
    expect(all).toMatchObject({
      ...{ severity: 'low', findings: 3, alarms: 3, falseAlarms: { count: 1, value: 2 } },
      ...{ recall: { value: 2 / 3 }, plain: { value: 1, of: 2 }, stealthy: { value: 0, of: 1 } },
      ...{ precisionHere: { value: 2 / 3 }, foundAfter: { median: 2 * hour } },
    });
    expect(all!.precisionAt.map(({ prevalence }) => prevalence)).toEqual([1, 3, 10, 30]);
    expect(all!.precisionAt[1]!.value).toBeCloseTo(2 / (2 + 2));
    expect(medium).toMatchObject({ findings: 2, falseAlarms: { count: 1 }, recall: { value: 1 / 3 } });
    expect(high).toMatchObject({ findings: 1, falseAlarms: { count: 0 }, recall: { value: 1 / 3 } });
    expect(critical).toMatchObject({ findings: 0, recall: { value: 0 } });
    expect(critical!.precisionAt[0]!.value).toBeNaN();
  });

  it('are of one form where only that is wanted, beside the same false alarms', () => {
    expect(numbersOf(scored, undefined, ofForm('plain'))).toMatchObject({ recall: { of: 2, value: 1 } });
    const { recall, falseAlarms, precisionAt, foundAfter } = numbersOf(scored, undefined, ofForm('stealthy'));
    expect([recall.value, falseAlarms.count, precisionAt[0]!.value]).toEqual([0, 1, 0]);
    expect(foundAfter.median).toBeNaN();
  });

  it('take histories together, each with alarms of its own', () => {
    const other = finding('sure', 'high');
    const near = [
      other,
      { ...other, id: 'fnd_near', windowStart: other.windowEnd, windowEnd: other.windowEnd + hour },
    ];
    const together = numbersOf({ histories: [{ findings: near, incidents: [], agentWeeks: 50 }], detectors });
    expect(together.falseAlarms).toMatchObject({ count: 1, value: 2 });
    const apart = near.map((each) => ({ findings: [each], incidents: [], agentWeeks: 50 }));
    expect(numbersOf({ histories: apart, detectors }).falseAlarms).toMatchObject({ count: 2, value: 2 });
  });

  it('tell kinds and forms apart, and magnitudes: many of them in parts', () => {
    expect(kindRows(scored)).toMatchObject([
      {
        ...{ form: 'plain', recall: { of: 2, value: 1 } },
        byMagnitude: [
          { from: 5, to: 5, recall: { of: 1 } },
          { from: 50, to: 50, recall: { of: 1 } },
        ],
      },
      { form: 'stealthy', recall: { of: 1, value: 0 } },
    ]);
    const many = Array.from({ length: 9 }, (_, i) => incident(i + 1));
    const [row] = kindRows({ histories: [{ findings, incidents: many, agentWeeks: 50 }], detectors });
    expect(row!.byMagnitude.map(({ from, to, recall: { of } }) => [from, to, of])).toEqual([
      [1, 3, 3],
      [4, 6, 3],
      [7, 9, 3],
    ]);
  });

  it('say of each detector what it finds, and what nobody else does', () => {
    expect(detectorRows(scored)).toMatchObject([
      { detector: 'sure', findings: 1, falseFindings: 0, recall: { value: 1 / 3 }, alone: 0 },
      {
        detector: 'noisy',
        findings: 2,
        falseFindings: 1,
        falseAlarms: { count: 1 },
        alone: 1,
        kinds: [{ kind: 'bulk-read', form: 'plain', recall: { value: 1 } }],
      },
      { detector: 'silent', findings: 0, alone: 0, kinds: [] },
    ]);
  });
});
