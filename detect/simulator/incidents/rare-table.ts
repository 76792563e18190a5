import type { Agent, Table } from '../model.js';
import { queryOf } from '../world/queries.js';
import { tables } from '../world/tables.js';
import { mixedIn, pages, sessionAt, timeOn, type IncidentKind } from './stage.js';

/** A table that hardly anybody opens. Stealthy: a few rows at a time among ordinary statements. */
export const rareTable: IncidentKind = {
  ...{ kind: 'rare-table', unit: 'rows', magnitudes: [60, 600, 6_000], days: 3 },
  suits: (agent, magnitude) => rareOf(agent, magnitude).length > 0,
  plant: (stage) => {
    const { agent, random, magnitude, stealthy } = stage;
    const table = random.pick(rareOf(agent, magnitude));
    const query = queryOf(table, 'page', 0);
    if (stealthy) return { touch: mixedIn(stage, pages(stage, query, magnitude, 9_000, Math.max(10, magnitude / 25)), 3) };
    const at = timeOn(stage, 0, agent.hour + random.between(0.5, 8));
    return { sessions: [sessionAt(stage, at, pages(stage, query, magnitude, 5_000, 2_000))] };
  },
}; // prettier-ignore

/** Of the connection that it uses most, without those that are its own work. */
function rareOf(agent: Agent, least: number): readonly Table[] {
  const own = agent.tables.map(({ table }) => table);
  const connections = own.map(({ connection }) => connection).slice(0, 1);
  return tables.filter(
    (table) =>
      table.use === 'rare' &&
      table.rows >= least &&
      connections.includes(table.connection) &&
      !own.includes(table),
  );
}
