import { expect, it } from 'vitest';
import { buildAt } from '../agents/builds.js';
import { dateOf } from '../calendar.js';
import { simulate } from '../simulate.js';
import { configChange } from './config-change.js';
import type { Stage } from './stage.js';

it('keeps the reference of before, whatever would have been deployed meanwhile', () => {
  const { agents } = simulate({ seed: 3, agents: 8, weeks: 2, start: Date.UTC(2026, 0, 5) });
  const agent = agents.find(({ deployments }) => deployments.length > 0)!;
  const deployed = agent.deployments[0] as number;
  const date = dateOf(agent.zone, deployed);
  const [before, after] = [buildAt(agent, deployed - 1), buildAt(agent, deployed)];
  expect(after.change).not.toBe(before.change);
  const stage = { agent, date, magnitude: 2, stealthy: true } as Stage;
  const { touch } = configChange.plant(stage);
  const programs = [deployed - 1000, deployed + 1000].flatMap((at) =>
    touch!({ at } as never).map(({ program }) => program ?? ''),
  );
  expect(programs).toEqual([programs[0], programs[0]]);
  expect(programs[0]).toContain(`/${before.version} `);
  expect(programs[0]).toContain(` ref=${before.change}`);
  expect(programs[0]).not.toContain(before.image);
});
