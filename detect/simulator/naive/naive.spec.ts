import { describe, expect, it } from 'vitest';
import { week } from '../calendar.js';
import type { Incident } from '../model.js';
import { simulate } from '../simulate.js';
import { fixedThreshold, zScore } from './baselines.js';
import { identityHours, type IdentityHour } from './hours.js';
import { recallAtBudget } from './recall.js';

const hour = 3_600_000;
const start = Date.UTC(2026, 0, 5);

/** What a volume of rows could tell of. */
const aboutVolume = ['bulk-read', 'rare-table', 'sensitive-volume', 'slow-drip', 'enumeration'];

/** A false alarm for 100 agents in a week, over the weeks in which there are incidents. */
const budgetOf = (agents: number, weeks: number) => (agents * (weeks - 1)) / 100;

describe('the baselines', () => {
  it('reach no recall of 0.7 at one false alarm for 100 agents in a week: the simulator is hard enough', () => {
    const [agents, weeks] = [60, 4];
    const options = { seed: 11, agents, weeks, start, links: false };
    const simulation = simulate({ ...options, incidents: { perHundredAgentWeeks: 60, quietDays: 7 } });
    const hours = [...identityHours(simulation)];
    const { incidents } = simulation;
    expect(incidents.length).toBeGreaterThan(45);
    const volume = incidents.filter(({ kind }) => aboutVolume.includes(kind));
    for (const baseline of [fixedThreshold, zScore]) {
      const scored = [...baseline(hours)].filter(({ at }) => at >= start + week);
      for (const sought of [incidents, volume])
        expect(recallAtBudget(scored, sought, budgetOf(agents, weeks)).recall).toBeLessThan(0.7);
    }
  }, 180_000);

  it('would find what is easy: a test of the test', () => {
    const incident = { identity: 'a', from: start + 50 * hour, to: start + 51 * hour, kind: 'x' } as Incident;
    const hours: IdentityHour[] = Array.from({ length: 60 }, (_, i) => ({
      ...{ identity: 'a', at: start + i * hour, rows: i === 50 ? 10_000 : 100 + (i % 3) },
    }));
    for (const baseline of [fixedThreshold, zScore])
      expect(recallAtBudget([...baseline(hours)], [incident], 1)).toMatchObject({ recall: 1 });
  });

  it('count alarms of one identity within six hours once, and stop at the budget', () => {
    const scored = [0, 2, 20].map((at) => ({ identity: 'b', at: at * hour, rows: 1, score: 10 - at }));
    const missed = { identity: 'a', from: 0, to: hour, kind: 'x' } as Incident;
    expect(recallAtBudget(scored, [missed], 5)).toMatchObject({ recall: 0, falseAlarms: 2 });
    expect(recallAtBudget(scored, [missed], 1)).toMatchObject({ falseAlarms: 1 });
  });
});
