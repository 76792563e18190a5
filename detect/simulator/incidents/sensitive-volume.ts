import type { Agent, Table } from '../model.js';
import { sensitiveQuery } from '../world/queries.js';
import { mixedIn, pages, sessionAt, timeOn, type IncidentKind } from './stage.js';

/**
 * Values of classes that matter (addresses, cards, numbers of persons) leave in a volume of which its rows say nothing.
 * Masked or not: also what is masked is counted. Stealthy: among ordinary statements of four days.
 */
export const sensitiveVolume: IncidentKind = {
  ...{ kind: 'sensitive-volume', unit: 'rows of columns with a class', magnitudes: [4_000, 12_000, 40_000], days: 4 },
  // Who reads little of them: an analyst has that much on a good day.
  suits: (agent, magnitude) =>
    ['desk', 'oncall'].includes(agent.profile.rhythm) && classedOf(agent, magnitude).length > 0,
  plant: (stage) => {
    const { agent, random, magnitude, stealthy } = stage;
    const table = random.pick(classedOf(agent, magnitude));
    const query = sensitiveQuery(table, 'page', agent.index % 5);
    if (!stealthy) {
      const at = timeOn(stage, 0, agent.hour + random.between(0.5, 8));
      return { sessions: [sessionAt(stage, at, pages(stage, query, magnitude, 4_000, 2_500))] };
    }
    const calls = pages(stage, query, magnitude, 12_000, Math.max(20, magnitude / 70));
    return { touch: mixedIn(stage, calls, 4) };
  },
}; // prettier-ignore

/** Of its own tables, those of the connection that it uses most. */
function classedOf({ tables }: Agent, least: number): readonly Table[] {
  const home = tables[0]?.table.connection;
  return tables
    .filter(({ fromBuild }) => fromBuild === 0)
    .map(({ table }) => table)
    .filter(({ connection, rows, columns }) => connection === home && 0.9 * rows >= least && columns.some(({ dataClass }) => dataClass !== ''));
} // prettier-ignore
