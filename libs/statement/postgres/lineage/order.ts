import { isFields, asNode, fieldsOf, list, type Fields } from '../tree.js';
import type { Engine, Rows } from './engine.js';
import { columnsNamed, spellings, type Scope } from './namespace.js';
import { olderReference } from './newer-syntax.js';
import { mayHaveMore, unknownColumns } from './open.js';
import { columnPath } from './references.js';
import { places, type Place } from './refusal.js';

/** ORDER BY: an output's name, its number, or an expression. */
export function ordering(engine: Engine, clause: unknown, scope: Scope, rows: Rows, place: Place): void {
  const keys = list(clause).map((each) => fieldsOf(each, 'SortBy')?.['node']);
  positions(engine, keys, scope, rows, place);
}

export function positions(
  engine: Engine,
  keys: readonly unknown[],
  scope: Scope,
  rows: Rows,
  place: Place,
): void {
  for (const key of keys) byOutput(engine, key, scope, rows, place, false);
}

/** GROUP BY: the same, but that a column of FROM comes before an output of its name; grouping sets nest. */
export function grouping(engine: Engine, clause: unknown, scope: Scope, rows: Rows): void {
  for (const key of list(clause)) {
    const nested = fieldsOf(key, 'GroupingSet')?.['content'] ?? fieldsOf(key, 'RowExpr')?.['args'];
    if (nested !== undefined) grouping(engine, nested, scope, rows);
    else if (fieldsOf(key, 'GroupingSet') === undefined)
      byOutput(engine, key, scope, rows, places.group, true);
  }
}

function byOutput(
  engine: Engine,
  key: unknown,
  scope: Scope,
  rows: Rows,
  place: Place,
  columnsFirst: boolean,
): void {
  const node = asNode(key);
  if (!node) return;
  const number = node.type === 'A_Const' ? position(node.fields) : undefined;
  if (number !== undefined) return byNumber(engine, number, rows, place);
  const reference = node.type === 'ColumnRef' ? node.fields : olderReference(node);
  const named = reference ? outputsNamed(engine, reference, scope, rows, columnsFirst) : [];
  for (const { value } of named) engine.use(value, place);
  const either = rows.open || (columnsFirst && scope.items.some(mayHaveMore));
  if (named.length === 0 || either) engine.expression(node, scope, place);
}

function outputsNamed(
  engine: Engine,
  fields: Fields,
  scope: Scope,
  rows: Rows,
  columnsFirst: boolean,
): Rows['columns'] {
  engine.work.spend(rows.columns.length >> 4);
  const { path, star } = columnPath(fields);
  const [name, ...more] = path;
  if (name === undefined || star || more.length > 0) return [];
  const certain = scope.items.filter((each) => each.visible && !mayHaveMore(each));
  if (columnsFirst && certain.some((each) => columnsNamed(each, name).length > 0)) return [];
  const all = rows.open ? [...spellings(name), unknownColumns] : spellings(name);
  return rows.columns.filter((each) => all.includes(each.name));
}

function position(constant: Fields): number | undefined {
  const held = constant['ival'];
  return isFields(held) ? Number(held['ival'] ?? 0) : undefined;
}

/** Behind a `*` of unknown columns a number may be any of them. */
function byNumber(engine: Engine, number: number, rows: Rows, place: Place): void {
  const named = rows.open ? rows.columns : rows.columns.slice(number - 1, number);
  for (const { value } of named) engine.use(value, place);
}
