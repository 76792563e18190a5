import { describe, expect, it } from 'vitest';
import type { Judged } from '../../services/audit/history/alarms.js';
import type { Incident } from '../../services/audit/history/incident.js';
import { outcomeOf } from '../../services/audit/history/outcome.js';
import { oneCutoff, tuned } from './tuning.js';

const hour = 3_600_000;
const incident = (kind: string): Incident => ({ kind, identity: 'corp:a', from: 0, to: hour }) as Incident;

let next = 0;
/** Each at another time, a day apart. */
function finding(detector: string, score: number, ...incidents: Incident[]): Judged {
  const at = next++ * 24 * hour;
  return {
    ...{ id: `fnd_${next}`, detector, score, identity: 'corp:a', connection: '', subject: '', evidence: '' },
    ...{ windowStart: at, windowEnd: at + hour, knownAt: at + hour, links: new Set<string>(), isCut: false },
    incidents,
  };
}

const run = (findings: readonly Judged[], agentWeeks: number) => ({ findings, agentWeeks });

describe('tuning', () => {
  const [bulk, drip] = [incident('bulk-read'), incident('slow-drip')];
  const noisy = Array.from({ length: 9 }, () => finding('noisy', 1.2));
  const findings = [finding('sure', 2, bulk), ...noisy, finding('noisy', 1.5), finding('noisy', 1.6, drip)];

  it('takes what is found for nothing, and for a false alarm no more than the budget has', () => {
    const cutoffs = tuned([run(findings, 100)], ['sure', 'noisy']);
    const { found, falseAlarms } = outcomeOf([run(findings, 100)], cutoffs);
    expect(found.size).toBe(2);
    expect(falseAlarms.length).toBeLessThanOrEqual(1);
    expect(cutoffs.get('sure')).toBe(0);
    expect(cutoffs.get('noisy')).toBeGreaterThan(1.2);
  });

  it('finds nothing with a detector that costs more than the budget has', () => {
    const loud = Array.from({ length: 5 }, () => finding('loud', 2));
    expect(tuned([run([...loud, finding('loud', 2, bulk)], 100)], ['loud']).has('loud')).toBe(false);
  });

  it('without a kind listens to its detector all the same, if that is no noise', () => {
    expect(tuned([run(findings, 100)], ['sure', 'noisy'], 'bulk-read').get('sure')).toBe(0);
    expect(tuned([run([], 100)], ['silent']).get('silent')).toBe(0);
  });

  it('with one threshold for all goes as low as the budget lets it', () => {
    const cutoffs = oneCutoff([run(findings, 100)], ['sure', 'noisy']);
    expect([...cutoffs.values()]).toEqual([1.5, 1.5]);
    expect(oneCutoff([run(findings, 900)], ['sure', 'noisy']).get('noisy')).toBe(1.5);
    expect(oneCutoff([run(findings, 1000)], ['sure', 'noisy']).get('noisy')).toBe(1.2);
  });
});
