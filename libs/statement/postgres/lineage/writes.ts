import { literal } from '../settings.js';
import { isFields, asNode, fieldsOf, list, text, visit, type Fields, type Node } from '../tree.js';
import type { Engine } from './engine.js';
import type { Item } from './values.js';

/*
 * What a statement writes to masked columns: the literals and parameters of each value, or, where a value comes from
 * elsewhere in the statement, all that the statement has.
 */

/** INSERT: VALUES by position, or a SELECT's outputs. */
export function noteRows(engine: Engine, target: Item, cols: unknown, source: Fields): void {
  const listed = list(cols).map((each) => text(fieldsOf(each, 'ResTarget')?.['name']));
  const names = listed.length > 0 ? listed : target.columns.map(({ name }) => name);
  const rows =
    source['valuesLists'] === undefined ? [selected(source)] : list(source['valuesLists']).map(items);
  names.forEach((name, at) => {
    const given = rows.flatMap((row) => (row === undefined ? [undefined] : (asNode(row[at]) ?? [])));
    note(engine, target, name, given);
  });
}

const items = (row: unknown): readonly unknown[] => list(fieldsOf(row, 'List')?.['items']);

/** The outputs of a plain SELECT; undefined where a position's expression can't be told. */
function selected(source: Fields): readonly unknown[] | undefined {
  if (isFields(source['larg']) || source['withClause'] !== undefined) return undefined;
  const values = list(source['targetList']).map((each) => fieldsOf(each, 'ResTarget')?.['val']);
  return values.some(isStar) ? undefined : values;
}

function isStar(value: unknown): boolean {
  const node = asNode(value);
  const parts = list(node?.fields['fields'] ?? node?.fields['indirection']);
  return asNode(parts.at(-1))?.type === 'A_Star';
}

/** SET of UPDATE, ON CONFLICT and MERGE. */
export function noteAssignments(engine: Engine, target: Item, clause: unknown): void {
  for (const each of list(clause)) {
    const fields = fieldsOf(each, 'ResTarget');
    if (fields) note(engine, target, text(fields['name']), [asNode(fields['val'])]);
  }
}

function note(
  engine: Engine,
  target: Item,
  name: string | undefined,
  values: readonly (Node | undefined)[],
): void {
  const own = target.columns.find((each) => each.name === name)?.value;
  const [column] = own?.sources ?? [];
  if (!column || values.length === 0) return;
  const literals: string[] = [];
  const parameters: number[] = [];
  let elsewhere = false;
  for (const value of values) {
    if (value) elsewhere = collect(value, literals, parameters) || elsewhere;
    else elsewhere = true;
  }
  const all = elsewhere ? engine.values : { literals, parameters };
  engine.writes.push({ column, ...all });
}

/** True if something of the value comes from elsewhere. */
function collect(node: Node, literals: string[], parameters: number[]): boolean {
  let elsewhere = false;
  visit(node, ({ type, fields }) => {
    if (type === 'ColumnRef' || type === 'SubLink') elsewhere = true;
    if (type === 'A_Const') pushLiteral(literals, fields);
    if (type === 'ParamRef') parameters.push(Number(fields['number'] ?? 0));
  });
  return elsewhere;
}

function pushLiteral(literals: string[], fields: Fields): void {
  const value = literal({ A_Const: fields });
  if (value !== undefined) literals.push(value);
}
