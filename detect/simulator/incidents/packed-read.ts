import type { Call } from '../model.js';
import { queryOf } from '../world/queries.js';
import { ofEachTable, readable, rowsOf } from './bulk-read.js';
import { callOf, mixedIn, sessionAt, timeOn, type IncidentKind, type Stage } from './stage.js';

/** The most that one row holds: a value of PostgreSQL has a gigabyte at most, and a client less. */
const largest = 200_000;

/**
 * A bulk read that counts few rows: the database puts them together, each result is one row. Stealthy: in a dozen pieces
 * among the ordinary statements of two days.
 */
export const packedRead: IncidentKind = {
  ...{ kind: 'packed-read', unit: 'times the rows of the busiest hour of its week', magnitudes: [5, 15, 50], days: 2 },
  suits: (agent, magnitude) => rowsOf(agent, magnitude) <= readable(agent),
  plant: (stage) => {
    const { random, stealthy, magnitude, agent } = stage;
    const rows = rowsOf(agent, magnitude);
    if (stealthy) return { touch: mixedIn(stage, packed(stage, rows, Math.min(largest, rows / 12)), 2) };
    const at = timeOn(stage, 0, agent.hour + random.between(0.5, 8));
    return { sessions: [sessionAt(stage, at, packed(stage, rows, largest))] };
  },
}; // prettier-ignore

/** Of the columns without a class: a mask leaves nothing of the others to put together. */
function packed(stage: Stage, rows: number, most: number): Call[] {
  const { random } = stage;
  const variant = random.int(2_000_000, 3_000_000);
  return ofEachTable(stage, rows, (table, here) => {
    const pieces = Math.ceil(here / most);
    const query = queryOf(table, 'packed', variant);
    return Array.from({ length: pieces }, (_, i) => ({
      ...callOf(query, 1, random.lognormal(8_000, 0.5), [i, i + 1].map(String)),
      packed: Math.round(here / pieces),
    }));
  });
}
