import { database, type ClickHouseClient } from '#audit-store';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

export const hourOf = (at: number): number => Math.floor(at / hourMs) * hourMs;
export const dayOf = (at: number): number => Math.floor(at / dayMs) * dayMs;

/** A range of time: the end is not in it. Milliseconds since the epoch. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

export const overlap = (one: TimeRange, other: TimeRange): boolean =>
  one.from < other.to && other.from < one.to;

/** `YYYY-MM-DD hh:mm:ss.mmm`, UTC. */
export const timeText = (at: number): string => new Date(at).toISOString().slice(0, 23).replace('T', ' ');
export const dayText = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Milliseconds since the epoch of the store's `YYYY-MM-DD hh:mm:ss[.f…]`, UTC. */
export const timeOf = (text: string): number =>
  Date.parse(`${text.slice(0, 10)}T${text.slice(11).slice(0, 12) || '00:00'}Z`);

/** Literals of SQL; our own numbers only. */
export const timeSql = (at: number): string => `toDateTime64('${timeText(at)}', 6, 'UTC')`;
export const hoursSql = (hours: readonly number[]): string =>
  `(${hours.map((at) => `toDateTime(${at / 1000}, 'UTC')`).join(', ')})`;

/** What is written again replaces what was there, so nothing is to be taken for a retry. */
const settings = 'SETTINGS async_insert = 0, max_insert_threads = 1, insert_deduplicate = 0';

/** `INSERT INTO weir.table (columns) SELECT …`: the columns are the keys, what they are made of the values. */
export async function insertSelect(
  client: ClickHouseClient,
  table: string,
  columns: Readonly<Record<string, string>>,
  from: string,
  params: Record<string, unknown> = {},
): Promise<void> {
  const names = Object.keys(columns);
  const values = names.map((name) => `${columns[name]} AS ${name}`);
  await client.command({
    query: `INSERT INTO ${database}.${table} (${names.join(', ')}) SELECT ${values.join(',\n  ')}\n${from}\n${settings}`,
    query_params: params,
  });
}

export async function rowsOf<Row>(
  client: ClickHouseClient,
  query: string,
  params: Record<string, unknown> = {},
): Promise<Row[]> {
  const answer = await client.query({ query, query_params: params, format: 'JSONEachRow' });
  return answer.json<Row>();
}
