import { isFields, asNode, eachChild, fieldsOf, list, type Fields, type Node } from '../tree.js';
import { openWith } from './ctes.js';
import type { Ctes, Engine, Rows } from './engine.js';
import { from } from './from.js';
import { scope as scopeOf, type Scope } from './namespace.js';
import { blurred, eitherOf } from './open.js';
import { grouping, ordering, positions } from './order.js';
import { places, type Place } from './refusal.js';
import { targets } from './targets.js';
import { either, type Column } from './values.js';

type FirstArm = ((rows: Rows) => void) | undefined;

/** SELECT, VALUES, and their combinations. */
export function select(
  engine: Engine,
  fields: Fields,
  outer: Scope | undefined,
  visible: Ctes | undefined,
  firstArm?: FirstArm,
): Rows {
  engine.work.spend(10);
  const ctes = openWith(engine, fields['withClause'], outer, visible);
  const scope = scopeOf(outer, ctes);
  const rows = combined(engine, fields, scope, firstArm) ?? valuesRows(engine, fields, scope);
  if (rows) sortedByOutput(engine, fields, scope, rows);
  const all = rows ?? plain(engine, fields, scope);
  for (const clause of ['limitCount', 'limitOffset']) {
    const node = asNode(fields[clause]);
    if (node) engine.expression(node, scope, places.limit);
  }
  return all;
}

function plain(engine: Engine, fields: Fields, scope: Scope): Rows {
  from(engine, fields['fromClause'], scope);
  windows(engine, fields, scope);
  engine.predicate(asNode(fields['whereClause']), scope);
  const rows = targets(engine, fields['targetList'], scope);
  grouping(engine, fields['groupClause'], scope, rows);
  engine.predicate(asNode(fields['havingClause']), scope);
  distinct(engine, fields, scope, rows);
  ordering(engine, fields['sortClause'], scope, rows, places.order);
  return rows;
}

function windows(engine: Engine, fields: Fields, scope: Scope): void {
  if (fields['windowClause'] === undefined) return;
  const node: Node = { type: 'SelectStmt', fields: { windowClause: fields['windowClause'] } };
  const sources = engine.mentioned(() =>
    eachChild(node, (child) => engine.expression(child, scope, places.window)),
  );
  if (sources.length > 0) scope.windowSources = sources;
}

function distinct(engine: Engine, fields: Fields, scope: Scope, rows: Rows): void {
  const clause = list(fields['distinctClause']);
  if (clause.length === 0) return;
  // DISTINCT alone is a list of one that says nothing.
  if (clause.some((each) => asNode(each))) positions(engine, clause, scope, rows, places.distinct);
  else compare(engine, rows, places.distinct);
}

function compare(engine: Engine, rows: Rows, place: Place): void {
  for (const { value } of rows.columns) engine.use(value, place);
}

function combined(engine: Engine, fields: Fields, scope: Scope, firstArm: FirstArm): Rows | undefined {
  const { larg, rarg, op, all } = fields;
  if (op === 'SETOP_NONE' || !isFields(larg) || !isFields(rarg)) return undefined;
  const left = select(engine, larg, scope.outer, scope.ctes);
  firstArm?.(left);
  const right = select(engine, rarg, scope.outer, scope.ctes);
  if (op !== 'SETOP_UNION' || all !== true) {
    compare(engine, left, places.compared);
    compare(engine, right, places.compared);
  }
  return aligned(engine, left, right);
}

/** Names are the left side's; each position carries what either side does. */
function aligned(engine: Engine, left: Rows, right: Rows): Rows {
  engine.work.spend(left.columns.length);
  const open = left.open || right.open || left.columns.length !== right.columns.length;
  if (open) return eitherOf(left, right);
  const columns = left.columns.map(({ name, value }, at) => ({
    name,
    value: either(value, right.columns[at]?.value ?? value),
  }));
  return { columns, open };
}

function valuesRows(engine: Engine, fields: Fields, scope: Scope): Rows | undefined {
  if (fields['valuesLists'] === undefined) return undefined;
  const columns: Column[] = [];
  for (const row of list(fields['valuesLists'])) {
    list(fieldsOf(row, 'List')?.['items']).forEach((each, at) => {
      const node = asNode(each);
      if (!node) return;
      const value = engine.target(node, scope);
      const before = columns[at]?.value;
      columns[at] = { name: `column${at + 1}`, value: before ? either(before, value) : value };
    });
  }
  return { columns: columns.filter((each) => each !== undefined), open: false };
}

/** ORDER BY of a set operation or of VALUES knows the outputs only. */
function sortedByOutput(engine: Engine, fields: Fields, { outer, ctes }: Scope, rows: Rows): void {
  if (fields['sortClause'] === undefined) return;
  const item = {
    name: undefined,
    schema: undefined,
    ...blurred(rows),
    hasSystemColumns: false,
    visible: true,
  };
  ordering(engine, fields['sortClause'], scopeOf(outer, ctes, [item]), rows, places.order);
}

/** SELECT … INTO: in a set operation it stands in the leftmost arm. */
export function hasInto(fields: Fields): boolean {
  if (fields['intoClause'] !== undefined) return true;
  return isFields(fields['larg']) && hasInto(fields['larg']);
}
