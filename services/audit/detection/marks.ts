import { database, detectionTables, type ClickHouseClient } from '#audit-store';
import { rowsOf } from './store.sql.js';

/** How far detection has come; see the table. */
export interface Mark {
  readonly place: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export type Marks = ReadonlyMap<string, Mark>;

const table = `${database}.${detectionTables.marks}`;

/** But for those of `unanswered.ts` that are over. */
export async function readMarks(client: ClickHouseClient): Promise<Marks> {
  const rows = await rowsOf<{ name: string; place: string; at: string }>(
    client,
    `SELECT name, toString(m.place) AS place, toString(toUnixTimestamp64Milli(m.at)) AS at FROM ${table} AS m FINAL
     WHERE NOT (startsWith(name, 'unanswered/') AND m.place < 0)`,
  );
  return new Map(rows.map(({ name, place, at }) => [name, { place: Number(place), at: Number(at) }]));
}

export async function writeMarks(client: ClickHouseClient, marks: Marks): Promise<void> {
  if (marks.size === 0) return;
  const rows = [...marks].map(
    ([name, { place, at }]) =>
      `('${name}', ${place}, fromUnixTimestamp64Milli(toInt64(${at}), 'UTC'), toUInt64(toUnixTimestamp64Micro(now64(6))))`,
  );
  for (let first = 0; first < rows.length; first += mostAtOnce)
    await client.command({
      query: `INSERT INTO ${table} (name, place, at, version) SETTINGS async_insert = 0 VALUES ${rows.slice(first, first + mostAtOnce).join(', ')}`,
    });
}

/** Rows of one statement: after weeks away there are a hundred files times hundreds of hours. */
const mostAtOnce = 5000;
