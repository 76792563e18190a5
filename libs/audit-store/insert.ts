import { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import { nativeBlock, nativeColumns, type RowParts } from './native.block.js';
import { insertColumns } from './rows.js';
import { database, storageTables, type StorageTable } from './store.config.js';

/** A JSON object without line breaks; of `session_event_rows` also the row's parts, which cost a third of it. */
export type InsertRow = string | RowParts;

export interface RowInsert {
  readonly table: StorageTable;
  /** All of one kind. */
  readonly lines: readonly InsertRow[];
  /** The same for every try of one batch, and for no other: the server drops a batch that it has already. */
  readonly token: string;
}

/** One insert, one part: durable once this resolves. All rows belong to one partition of the table. */
export async function insertRows(
  client: ClickHouseClient,
  { table, lines, token }: RowInsert,
): Promise<void> {
  if (lines.length === 0) return;
  const { columns, format, values } = bodyOf(table, lines);
  const result = await client.exec({
    query: `INSERT INTO ${database}.${table} (${columns.join(', ')}) SETTINGS ${insertSettings(token)} FORMAT ${format}`,
    values: Readable.from(values, { objectMode: false }),
  });
  result.stream.destroy();
}

function bodyOf(table: StorageTable, lines: readonly InsertRow[]) {
  const texts = lines.filter((line) => typeof line === 'string');
  if (texts.length === lines.length)
    return { columns: insertColumns[table], format: 'JSONEachRow', values: [texts.join('\n')] };
  const rows = lines.filter((line) => typeof line !== 'string');
  if (texts.length > 0 || table !== storageTables.sessionEvents)
    throw new TypeError(`rows of ${table} come as lines, or all of them in parts`);
  return { columns: nativeColumns, format: 'Native', values: nativeBlock(rows) };
}

/** In the statement, not as SET: on an embedded store a SET outlives its query. */
function insertSettings(token: string): string {
  return [
    'async_insert = 0',
    'wait_for_async_insert = 1',
    'insert_deduplicate = 1',
    `insert_deduplication_token = '${token.replaceAll(/[^A-Za-z0-9:._-]/g, '_')}'`,
    'deduplicate_blocks_in_dependent_materialized_views = 0',
    'max_insert_threads = 1',
    // What has one key twice is merged on reading (FINAL) and in the background; merging each batch costs as much as writing it.
    'optimize_on_insert = 0',
    'input_format_parallel_parsing = 0',
    "date_time_input_format = 'basic'",
    'input_format_skip_unknown_fields = 0',
    'input_format_defaults_for_omitted_fields = 1',
  ].join(', ');
}
