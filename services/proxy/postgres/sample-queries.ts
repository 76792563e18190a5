import { FIRST_USER_OID } from './catalog-queries.js';

/** How a column's values are read: as text, an array element by element, or not at all. */
type How = 'text' | 'array' | 'none';

interface TableColumn {
  readonly column: string;
  readonly type: string;
  readonly how: How;
}

export interface SampledTable {
  readonly schema: string;
  readonly name: string;
  /** Rows, as the last ANALYZE or VACUUM counted; 0 or less: not known. */
  readonly count: number;
  readonly columns: readonly TableColumn[];
}

export interface SampledColumn extends TableColumn {
  readonly schema: string;
  readonly table: string;
}

/** text, varchar, char(n), name, xml, json, jsonb; bigint and numeric, in which people keep card numbers. */
const readableTypes = '25, 1043, 1042, 19, 142, 114, 3802, 20, 1700';
const readable = (type: string): string =>
  `(${type}.oid in (${readableTypes}) or ${type}.typname = 'citext')`;

/**
 * Tables, partitioned tables and materialized views with their columns; partitions are read through their parent.
 * A domain counts as what it is made of.
 */
export const tablesQuery = `
  with recursive base (self, oid) as (
    select t.oid, t.oid from pg_catalog.pg_type t
    union all
    select b.self, t.typbasetype from base b join pg_catalog.pg_type t on t.oid = b.oid where t.typtype = 'd')
  select n.nspname, c.relname, c.reltuples::bigint, pg_catalog.json_agg(pg_catalog.json_build_object(
    'column', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
    'how', case when ${readable('t')} then 'text'
      when t.typcategory = 'A' and ${readable('e')} then 'array' else 'none' end) order by a.attnum)
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join base b on b.self = a.atttypid
  join pg_catalog.pg_type t on t.oid = b.oid and t.typtype <> 'd'
  left join base be on be.self = t.typelem and t.typcategory = 'A'
    and not exists (select from pg_catalog.pg_type d where d.oid = be.oid and d.typtype = 'd')
  left join pg_catalog.pg_type e on e.oid = be.oid
  where c.oid >= ${FIRST_USER_OID} and c.relkind in ('r', 'p', 'm') and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_%'
  group by n.nspname, c.relname, c.reltuples
  order by n.nspname, c.relname`;

/** Characters of a value that are looked at; of an array together. */
const TEXT = 512;
const ARRAY = 2048;
/** A value that is stored larger than this is not read: it would be unpacked whole. Bytes. */
const STORED = 1024 * 1024;
/** Values of one answer: 8 MiB of 512 characters each. */
const VALUES = 16_000;
/** A table's columns, by as many as are read at once. */
export function* partsOf({ columns }: SampledTable, rows: number): Generator<SampledTable['columns']> {
  const size = Math.max(1, Math.floor(VALUES / rows));
  for (let i = 0; i < columns.length; i += size) yield columns.slice(i, i + size);
}

/** Reads text of these columns from some rows: all rows of pages chosen by chance where the table is large. */
export function valuesQuery(
  { schema, name, count }: SampledTable,
  columns: readonly TableColumn[],
  rows: number,
  byChance: boolean,
): string {
  // As many pages as hold the rows wanted: with more, the limit would cut them all from the table's start.
  const percent = byChance && count > 2 * rows ? (100 * rows) / count : undefined;
  const sample = percent === undefined ? '' : ` tablesample system (${percent.toFixed(6)})`;
  return `select ${columns.map(textOf).join(', ')} from ${quoted(schema)}.${quoted(name)}${sample} limit ${rows}`;
}

function textOf({ column, how }: TableColumn): string {
  const name = quoted(column);
  const text =
    how === 'array'
      ? `pg_catalog.left(pg_catalog.array_to_string(${name}, pg_catalog.chr(10)), ${ARRAY})`
      : `pg_catalog.left(${name}::pg_catalog.text, ${TEXT})`;
  return `case when pg_catalog.pg_column_size(${name}) <= ${STORED} then ${text} end`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
