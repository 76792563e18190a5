import type { Agent, Call, Table } from '../model.js';
import { mixedIn, ownQuery, pageOf, pages, sessionAt, tablesOf, timeOn, usualHour, type IncidentKind, type Stage } from './stage.js'; // prettier-ignore

/**
 * Far more rows of tables that it may read than ever. Stealthy: page by page among the ordinary statements of two days,
 * pages not larger than its own results now and then are.
 */
export const bulkRead: IncidentKind = {
  ...{ kind: 'bulk-read', unit: 'times the rows of the busiest hour of its week', magnitudes: [5, 15, 50], days: 2 },
  suits: (agent, magnitude) => rowsOf(agent, magnitude) <= readable(agent),
  plant: (stage) => {
    const { random, stealthy, magnitude, agent } = stage;
    const rows = rowsOf(agent, magnitude);
    if (stealthy) {
      const largest = Math.max(100, Math.min(pageOf(stage) / 3, rows / 60));
      return { touch: mixedIn(stage, spread(stage, rows, 4_000, largest), 2) };
    }
    const at = timeOn(stage, 0, agent.hour + random.between(0.5, 8));
    return { sessions: [sessionAt(stage, at, spread(stage, rows, 3_000, pageOf(stage)))] };
  },
}; // prettier-ignore

export const rowsOf = (agent: Agent, magnitude: number): number =>
  Math.max(500, usualHour(agent)) * magnitude;

/** Of the tables that it has had from the start, on the connection that it uses most. */
export function readable({ tables }: Agent): number {
  const own = tables.filter(({ fromBuild, table }) => fromBuild === 0 && table.connection === tables[0]?.table.connection);
  return own.reduce((sum, { table }) => sum + 0.9 * table.rows, 0);
} // prettier-ignore

const spread = (stage: Stage, rows: number, pause: number, largest: number): Call[] =>
  ofEachTable(stage, rows, (table, here) =>
    pages(stage, ownQuery(stage, table, 'page'), here, pause, largest),
  );

/** The largest table first, then the next. */
export function ofEachTable(
  stage: Stage,
  rows: number,
  read: (table: Table, rows: number) => Call[],
): Call[] {
  let left = rows;
  return [...tablesOf(stage)]
    .sort((a, b) => b.rows - a.rows)
    .flatMap((table) => {
      const here = Math.min(left, 0.9 * table.rows);
      left -= here;
      return here > 0 ? read(table, here) : [];
    });
}
