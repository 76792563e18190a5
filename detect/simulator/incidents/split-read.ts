import type { Call } from '../model.js';
import { queryOf } from '../world/queries.js';
import { ofEachTable, readable, rowsOf } from './bulk-read.js';
import { mixedIn, pageOf, pages, sessionAt, timeOn, type IncidentKind, type Stage } from './stage.js';

/** A bulk read of which each page is spelled anew: no query comes twice. Stealthy: small pages among the statements of two days. */
export const splitRead: IncidentKind = {
  ...{ kind: 'split-read', unit: 'times the rows of the busiest hour of its week', magnitudes: [5, 15, 50], days: 2 },
  suits: (agent, magnitude) => rowsOf(agent, magnitude) <= readable(agent),
  plant: (stage) => {
    const { random, stealthy, magnitude, agent } = stage;
    const rows = rowsOf(agent, magnitude);
    if (stealthy) {
      const largest = Math.max(100, Math.min(pageOf(stage) / 3, rows / 60));
      return { touch: mixedIn(stage, respelled(stage, rows, 4_000, largest), 2) };
    }
    const at = timeOn(stage, 0, agent.hour + random.between(0.5, 8));
    return { sessions: [sessionAt(stage, at, respelled(stage, rows, 3_000, Math.min(pageOf(stage), rows / 8)))] };
  },
}; // prettier-ignore

/** Variants that nobody else has. */
const firstSpelling = 1_000_000;

function respelled(stage: Stage, rows: number, pause: number, largest: number): Call[] {
  const first = firstSpelling + stage.random.int(0, 1_000_000);
  return ofEachTable(stage, rows, (table, here) =>
    pages(stage, queryOf(table, 'page', first), here, pause, largest).map((call, i) => ({
      ...call,
      query: queryOf(table, 'page', first + i),
    })),
  );
}
