import { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import { insertColumns } from './rows.js';
import { database, type StorageTable } from './store.config.js';

export interface RowInsert {
  readonly table: StorageTable;
  /** JSON objects, one per row, without line breaks. */
  readonly lines: readonly string[];
  /** The same for every try of one batch, and for no other: the server drops a batch that it has already. */
  readonly token: string;
}

/** One insert, one part: durable once this resolves. All rows belong to one partition of the table. */
export async function insertRows(
  client: ClickHouseClient,
  { table, lines, token }: RowInsert,
): Promise<void> {
  if (lines.length === 0) return;
  const result = await client.exec({
    query: `INSERT INTO ${database}.${table} (${insertColumns[table].join(', ')}) SETTINGS ${insertSettings(token)} FORMAT JSONEachRow`,
    values: Readable.from([lines.join('\n')], { objectMode: false }),
  });
  result.stream.destroy();
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
    'input_format_parallel_parsing = 0',
    "date_time_input_format = 'basic'",
    'input_format_skip_unknown_fields = 0',
    'input_format_defaults_for_omitted_fields = 1',
  ].join(', ');
}
