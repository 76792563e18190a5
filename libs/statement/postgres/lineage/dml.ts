import { isFields, asNode, fieldsOf, list, text, type Fields } from '../tree.js';
import { openWith } from './ctes.js';
import type { Ctes, Engine, Rows } from './engine.js';
import { from, fromItem, tableItem } from './from.js';
import { scope as scopeOf, type Scope } from './namespace.js';
import { columnPath, reference } from './references.js';
import { places, refusal } from './refusal.js';
import { targets } from './targets.js';
import type { Item, Value } from './values.js';
import { noteAssignments, noteRows } from './writes.js';

type Dml = (engine: Engine, fields: Fields, outer: Scope | undefined, visible: Ctes | undefined) => Rows;

const nothing: Rows = { columns: [], open: false };

/** Each answers its RETURNING. What is written may be made of no masked column. */
export const dml: Readonly<Record<string, Dml>> = {
  InsertStmt: insert,
  UpdateStmt: update,
  DeleteStmt: remove,
  MergeStmt: merge,
};

/** The scope of a statement that writes: its target is in it, but FROM does not see it. */
function begin(engine: Engine, fields: Fields, outer: Scope | undefined, visible: Ctes | undefined) {
  const ctes = openWith(engine, fields['withClause'], outer, visible);
  const target = tableItem(engine, fields['relation'] as Fields);
  return { scope: scopeOf(outer, ctes), target };
}

function insert(engine: Engine, fields: Fields, outer: Scope | undefined, visible: Ctes | undefined): Rows {
  const { scope, target } = begin(engine, fields, outer, visible);
  const source = asNode(fields['selectStmt']);
  if (source) {
    for (const { value } of engine.query(source, outer, scope.ctes).columns) engine.use(value, places.set);
    noteRows(engine, target, fields['cols'], source.fields);
  }
  scope.items.push(target);
  indirections(engine, fields['cols'], scope);
  const conflict = fields['onConflictClause'];
  if (isFields(conflict)) onConflict(engine, conflict, scope, target);
  return returning(engine, fields, scope, target);
}

function onConflict(engine: Engine, fields: Fields, base: Scope, target: Item): void {
  const scope = scopeOf(base.outer, base.ctes, [target, named(target, 'excluded')]);
  const infer = isFields(fields['infer']) ? fields['infer'] : {};
  for (const each of list(infer['indexElems'])) arbiter(engine, fieldsOf(each, 'IndexElem') ?? {}, base);
  engine.predicate(asNode(infer['whereClause']), base);
  engine.predicate(asNode(fields['whereClause']), scope);
  assignments(engine, fields['targetList'], scope, target);
}

/** Whether a value is there already is what ON CONFLICT tells: allowed where it may be looked up. */
function arbiter(engine: Engine, fields: Fields, scope: Scope): void {
  const name = text(fields['name']);
  for (const column of scope.items.flatMap((each) => each.columns)) {
    if (column.name !== name) continue;
    const masked = column.value.sources.find((each) => !each.lookup);
    if (masked) throw refusal(masked.column, places.conflict);
  }
  const node = asNode(fields['expr']);
  if (node) engine.expression(node, scope, places.conflict);
}

function update(engine: Engine, fields: Fields, outer: Scope | undefined, visible: Ctes | undefined): Rows {
  const { scope, target } = begin(engine, fields, outer, visible);
  from(engine, fields['fromClause'], scope);
  scope.items.unshift(target);
  assignments(engine, fields['targetList'], scope, target);
  engine.predicate(asNode(fields['whereClause']), scope);
  return returning(engine, fields, scope, target);
}

function remove(engine: Engine, fields: Fields, outer: Scope | undefined, visible: Ctes | undefined): Rows {
  const { scope, target } = begin(engine, fields, outer, visible);
  from(engine, fields['usingClause'], scope);
  scope.items.unshift(target);
  engine.predicate(asNode(fields['whereClause']), scope);
  return returning(engine, fields, scope, target);
}

function merge(engine: Engine, fields: Fields, outer: Scope | undefined, visible: Ctes | undefined): Rows {
  const { scope, target } = begin(engine, fields, outer, visible);
  const source = asNode(fields['sourceRelation']);
  if (source) scope.items.push(...fromItem(engine, source, scope, scope));
  // The source's columns stand before the target's.
  scope.items.push(target);
  engine.predicate(asNode(fields['joinCondition']), scope);
  for (const each of list(fields['mergeWhenClauses'])) {
    const clause = fieldsOf(each, 'MergeWhenClause') ?? {};
    engine.predicate(asNode(clause['condition']), scope);
    if (clause['commandType'] === 'CMD_INSERT') mergeInsert(engine, clause, scope, target);
    else assignments(engine, clause['targetList'], scope, target);
  }
  return returning(engine, fields, scope, target);
}

function mergeInsert(engine: Engine, clause: Fields, scope: Scope, target: Item): void {
  indirections(engine, clause['targetList'], scope);
  const values = list(clause['values']);
  for (const each of values) {
    const node = asNode(each);
    if (node) engine.expression(node, scope, places.set);
  }
  const row = { List: { items: values } };
  noteRows(engine, target, clause['targetList'], { valuesLists: [row] });
}

function assignments(engine: Engine, clause: unknown, scope: Scope, target: Item): void {
  indirections(engine, clause, scope);
  for (const each of list(clause)) {
    const fields = fieldsOf(each, 'ResTarget') ?? {};
    const value = asNode(fields['val']);
    if (!value || isOwnExcluded(engine, fields, scope, target)) continue;
    engine.expression(value, scope, places.set);
  }
  noteAssignments(engine, target, clause);
}

/** `SET c[…] = …`: what stands between the brackets. */
function indirections(engine: Engine, clause: unknown, scope: Scope): void {
  for (const each of list(clause)) {
    for (const step of list(fieldsOf(each, 'ResTarget')?.['indirection'])) {
      const node = asNode(step);
      if (node && node.type !== 'String') engine.expression(node, scope, places.set);
    }
  }
}

/** `email = excluded.email` writes what the client itself sent, to where it was meant for. */
function isOwnExcluded(engine: Engine, fields: Fields, scope: Scope, target: Item): boolean {
  const column = fieldsOf(fields['val'], 'ColumnRef');
  if (!column || fields['indirection'] !== undefined) return false;
  const { path, star } = columnPath(column);
  if (star || path.length !== 2 || path[0] !== 'excluded') return false;
  if (!scope.items.some((each) => each.name === 'excluded')) return false;
  const value: Value = reference(engine, column, scope);
  const own = target.columns.find((each) => each.name === fields['name'])?.value;
  return value.bare && own?.sources[0] === value.sources[0];
}

function returning(engine: Engine, fields: Fields, scope: Scope, target: Item): Rows {
  const clause = fields['returningClause'];
  if (!isFields(clause)) return nothing;
  const options = list(clause['options']).map((each) => fieldsOf(each, 'ReturningOption') ?? {});
  const given = (option: string) =>
    text(options.find((each) => each['option'] === option)?.['value']) ?? undefined;
  const [before, after] = [given('RETURNING_OPTION_OLD') ?? 'old', given('RETURNING_OPTION_NEW') ?? 'new'];
  const more = [before, after].filter((name) => !scope.items.some((each) => each.name === name));
  const items = [...scope.items, ...more.map((name) => named(target, name))];
  return targets(engine, clause['exprs'], { ...scope, items });
}

const named = (item: Item, name: string): Item => ({ ...item, name, schema: undefined, visible: false });
