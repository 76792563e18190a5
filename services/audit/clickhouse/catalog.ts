import { database, publicTables, type ClickHouseClient } from '#audit-store';
import { quoted } from '../sql/canonical.text.js';
import { queryBytes } from '../sql/query.bytes.js';

/**
 * What tools ask a server about itself, answered with what an auditor may know. The engine's own tables tell paths
 * and sizes of this machine, so `system.databases`, `system.tables` and `system.columns` become lists that hold
 * the public tables alone: plain values, which pass the same check as everything else.
 */
export interface Catalog {
  /** The engine's. */
  readonly version: string;
  /** What to read in place of a table of `system`, by name. */
  readonly tables: ReadonlyMap<string, string>;
}

type Row = readonly (string | number)[];

/** Asks a reader once: neither tables nor version change while this process runs. */
export async function readCatalog(reader: ClickHouseClient): Promise<Catalog> {
  const [versions] = await rowsOf<[string]>(reader, 'SELECT version()');
  const columns: Row[] = [];
  for (const table of publicTables) {
    const described = await rowsOf<[string, string]>(reader, `DESCRIBE TABLE ${database}.${table}`);
    columns.push(...described.map(([name, type], i) => [database, table, name, type, i + 1]));
  }
  return {
    version: versions?.[0] ?? '',
    tables: new Map([
      ['databases', list(databaseColumns, [[database, 'Atomic']])],
      [
        'tables',
        list(
          tableColumns,
          publicTables.map((name) => [database, name]),
        ),
      ],
      ['columns', list(columnColumns, columns)],
    ]),
  };
}

/* What stands in for each table: `name` in the engine's table, then what it is made of: c1, c2, … of the values. */
const databaseColumns = "c1 AS name, c2 AS engine, c2 AS engine_full, toString('') AS comment";
const tableColumns = `c1 AS database, c2 AS name, c2 AS \`table\`, 'View' AS engine, 'View' AS engine_full,
  toUInt8(0) AS is_temporary, '' AS create_table_query, '' AS primary_key, '' AS sorting_key, '' AS partition_key,
  CAST(NULL, 'Nullable(UInt64)') AS total_rows, CAST(NULL, 'Nullable(UInt64)') AS total_bytes, '' AS comment`;
const columnColumns = `c1 AS database, c2 AS \`table\`, c3 AS name, c4 AS type, toUInt64(c5) AS position,
  '' AS default_kind, '' AS default_expression, '' AS comment, toUInt8(0) AS is_in_partition_key,
  toUInt8(0) AS is_in_sorting_key, toUInt8(0) AS is_in_primary_key, toUInt8(0) AS is_in_sampling_key`;

function list(columns: string, rows: readonly Row[]): string {
  const values = rows.map((row) => `(${row.map(valueOf).join(', ')})`).join(', ');
  const names = rows[0]?.map((_, i) => `c${i + 1}`).join(', ');
  return `(SELECT ${columns} FROM (VALUES ${values}) AS v(${names}))`;
}

const valueOf = (value: string | number): string =>
  typeof value === 'number' ? String(value) : quoted(value);

async function rowsOf<Cells>(reader: ClickHouseClient, query: string): Promise<Cells[]> {
  const { bytes } = await queryBytes(reader, query, 'JSONCompactEachRow');
  const lines = bytes.toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Cells);
}
