import { createHash } from 'node:crypto';
import type { Column, Query, Shape, Table } from '../model.js';
import { chanceOf } from '../random.js';

interface ShapeOf {
  readonly kind: string;
  readonly writes?: boolean;
  /** Which columns it names: a choice that differs by variant, the ones with a class, those without, all of them, or none. */
  readonly columns: 'some' | 'classed' | 'open' | 'all' | 'none';
  text(table: string, columns: readonly string[], first: string): string;
}

const list = (columns: readonly string[]): string => columns.join(', ');

const shapes: Readonly<Record<Shape, ShapeOf>> = {
  key: { kind: 'select', columns: 'some', text: (t, c) => `SELECT id, ${list(c)} FROM ${t} WHERE id = $1` },
  list: { kind: 'select', columns: 'some', text: (t, c, f) => `SELECT id, ${list(c)} FROM ${t} WHERE ${f} = $1 ORDER BY id DESC LIMIT 50` },
  since: { kind: 'select', columns: 'some', text: (t, c) => `SELECT id, ${list(c)} FROM ${t} WHERE updated_at > $1 ORDER BY updated_at` },
  range: { kind: 'select', columns: 'some', text: (t, c) => `SELECT id, ${list(c)} FROM ${t} WHERE created_at >= $1 AND created_at < $2` },
  page: { kind: 'select', columns: 'some', text: (t, c) => `SELECT id, ${list(c)} FROM ${t} WHERE id > $1 ORDER BY id LIMIT $2` },
  between: { kind: 'select', columns: 'some', text: (t, c) => `SELECT id, ${list(c)} FROM ${t} WHERE id BETWEEN $1 AND $2` },
  sum: { kind: 'select', columns: 'none', text: (t, _, f) => `SELECT ${f}, count(*) FROM ${t} WHERE created_at >= $1 GROUP BY ${f}` },
  lookup: { kind: 'select', columns: 'classed', text: (t, c) => `SELECT ${list(['id', ...c.slice(1)])} FROM ${t} WHERE ${list(c.slice(0, 1))} = $1` },
  whole: { kind: 'select', columns: 'all', text: (t) => `SELECT * FROM ${t}` },
  packed: { kind: 'select', columns: 'open', text: (t, c) => `SELECT json_agg(json_build_array(${list(c)})) FROM ${t} WHERE created_at >= $1 AND created_at < $2` },
  probe: { kind: 'select', columns: 'classed', text: (t, c) => `SELECT ${list(['id', ...c.slice(1)])} FROM ${t} WHERE ${list(c.slice(0, 1))} LIKE $1` },
  catalog: { kind: 'select', columns: 'none', text: (t) => `SELECT attname FROM pg_attribute WHERE attrelid = '${t}'::regclass` },
  insert: { kind: 'insert', writes: true, columns: 'some', text: (t, c) => `INSERT INTO ${t} (${list(c)}) VALUES (${list(c.map((_, i) => `$${i + 1}`))})` },
  update: { kind: 'update', writes: true, columns: 'none', text: (t, _, f) => `UPDATE ${t} SET ${f} = $2 WHERE id = $1` },
  alter: { kind: 'alter table', writes: true, columns: 'none', text: (t, _, f) => `ALTER TABLE ${t} ADD COLUMN ${f}_new text` },
}; // prettier-ignore

const known = new Map<string, Query>();

/** Every variant is another text, and so another fingerprint; the same three give the same query. */
export function queryOf(table: Table, shape: Shape, variant: number): Query {
  const key = `${table.index} ${shape} ${variant}`;
  let query = known.get(key);
  if (!query) known.set(key, (query = build(table, shape, variant)));
  return query;
}

function build(table: Table, shape: Shape, variant: number): Query {
  const { kind, writes = false, columns: which, text: textOf } = shapes[shape];
  const own: readonly Column[] = variant === 0 ? [] : [{ name: `field_${variant}`, dataClass: '' }];
  const columns = columnsOf(table, which, variant, own);
  const names = columns.map(({ name }) => name);
  const first = (own[0] ?? table.columns[0])?.name ?? 'id';
  const text = textOf(table.name, names, first);
  return { text, fingerprint: fingerprintOf(table, text), kind, shape, table, writes, columns };
}

function columnsOf(
  table: Table,
  which: ShapeOf['columns'],
  variant: number,
  own: readonly Column[],
): readonly Column[] {
  if (which === 'none') return [];
  if (which === 'all') return table.columns;
  if (which === 'open') return [...table.columns.filter(({ dataClass }) => dataClass === ''), ...own];
  if (which === 'classed') return [classedOf(table, variant), ...own];
  const some = table.columns.filter((_, i) => chanceOf(table.index, variant, i) < 0.55);
  return [...(some.length > 0 ? some : table.columns.slice(0, 1)), ...own];
}

function classedOf(table: Table, variant: number): Column {
  const classed = table.columns.filter(({ dataClass }) => dataClass !== '');
  const among = classed.length > 0 ? classed : table.columns;
  return among[variant % among.length] as Column;
}

/** Stands in for the parser's: equal for equal texts, 16 hex digits. All texts here have parameters, not literals. */
function fingerprintOf(table: Table, text: string): string {
  return createHash('sha256').update(`${table.connection}\n${text}`).digest('hex').slice(0, 16);
}

/** One that reads at least one column with a class, where the table has any. */
export function sensitiveQuery(table: Table, shape: Shape, variant: number): Query {
  for (let i = 0; i < 64; i++) {
    const query = queryOf(table, shape, variant + 1000 * i);
    if (query.columns.some(({ dataClass }) => dataClass !== '')) return query;
  }
  return queryOf(table, 'whole', 0);
}
