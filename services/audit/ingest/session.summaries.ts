import { summaryOf, type SessionBook, type SummaryColumns } from '#audit-rows';
import { database, insertColumns, storageTables, type ClickHouseClient } from '#audit-store';
import type { Position } from '#event-log';
import type { TableTurn } from './table.turn.js';

const events = `${database}.${storageTables.sessionEvents}`;
const table = `${database}.${storageTables.sessionSummaries}`;
const columns = insertColumns.session_summary_rows.join(', ');

/** Brings the book's sessions to what the store has counted of them. */
export async function loadSummaries(
  client: ClickHouseClient,
  book: SessionBook,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  const answer = await client.query({
    query: `SELECT ${columns} FROM ${table} FINAL WHERE session_id IN {ids: Array(String)}`,
    query_params: { ids },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
  });
  for (const row of await answer.json<SummaryColumns & { session_id: string }>())
    book.get(row.session_id).summary = summaryOf(row);
}

/**
 * Sums up again what a process that died between a batch and its summaries left behind: sessions with events past the
 * last one that any summary counts. A batch's summaries are one part, there or not, so that mark has no gaps.
 */
export async function completeSummaries(
  client: ClickHouseClient,
  { topic, partition }: Position,
  turn: TableTurn,
): Promise<void> {
  const place = 'topic = {topic: String} AND partition = {partition: UInt32}';
  await summarize(
    client,
    `SELECT DISTINCT session_id FROM ${events} WHERE ${place} AND toInt64(offset) > (
       SELECT if(count() = 0, -1, toInt64(max(offset))) FROM ${table} WHERE ${place})`,
    { topic, partition },
    turn,
  );
}

/** Sums these sessions up from their stored events. */
export async function summarizeAgain(
  client: ClickHouseClient,
  ids: readonly string[],
  turn: TableTurn,
): Promise<void> {
  if (ids.length === 0) return;
  await summarize(client, 'SELECT arrayJoin({ids: Array(String)})', { ids }, turn);
}

async function summarize(
  client: ClickHouseClient,
  ids: string,
  params: Record<string, unknown>,
  turn: TableTurn,
): Promise<void> {
  const query = `INSERT INTO ${table} (${columns})
    SELECT ${columns} FROM ${database}.session_summary_source WHERE session_id IN (${ids})
    SETTINGS async_insert = 0, max_insert_threads = 1, insert_deduplicate = 0`;
  await turn(storageTables.sessionSummaries, () => client.command({ query, query_params: params }));
}
