import type { Agent, Table } from '../model.js';
import { ownQuery, mixedIn, pages, sessionAt, timeOn, type IncidentKind } from './stage.js';

const days = 9;

/**
 * Small reads that add up to a table: no day of them is much, all of them are most of its keys (`between`, `page`: bounds
 * are parameters, where no masked column is near). Stealthy: pieces out of order, among ordinary statements.
 */
export const slowDrip: IncidentKind = {
  ...{ kind: 'slow-drip', unit: 'share of the table', magnitudes: [0.1, 0.3, 0.8], days },
  suits: (agent) => !agent.profile.bulk && smallOf(agent).length > 0,
  plant: (stage) => {
    const { agent, random, stealthy } = stage;
    const table = random.pick(smallOf(agent));
    const rows = table.rows * stage.magnitude;
    const calls = pages(stage, ownQuery(stage, table, 'between'), rows, 15_000, Math.max(20, rows / 420));
    if (stealthy) return { touch: mixedIn(stage, random.shuffled(calls), days) };
    const each = Math.ceil(calls.length / days);
    return {
      sessions: Array.from({ length: days }, (_, i) => {
        const at = timeOn(stage, i, agent.hour + random.between(0.5, 8));
        return sessionAt(stage, at, calls.slice(i * each, (i + 1) * each));
      }),
    };
  },
};

function smallOf({ tables }: Agent): readonly Table[] {
  const home = tables[0]?.table.connection;
  return tables
    .filter(({ fromBuild, table }) => fromBuild === 0 && table.connection === home)
    .map(({ table }) => table)
    .filter(({ rows }) => rows >= 2_000 && rows <= 400_000);
}
