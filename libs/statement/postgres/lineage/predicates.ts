import { asNode, fieldsOf, list, names, type Fields, type Node } from '../tree.js';
import type { Engine } from './engine.js';
import type { Scope } from './namespace.js';
import { constantsOf, type Constants } from './constants.js';
import { columnPath, reference } from './references.js';
import { places, Refusal } from './refusal.js';
import type { Value } from './values.js';

/** WHERE, HAVING, ON, FILTER and their like. */
export function predicate(engine: Engine, node: Node | undefined, scope: Scope): void {
  if (!node) return;
  engine.work.spend(1);
  const { type, fields } = node;
  if (engine.owner) return engine.expression(node, scope, places.where);
  if (type === 'BoolExpr') {
    for (const each of list(fields['args'])) predicate(engine, asNode(each), scope);
  } else if (!nullTest(engine, node, scope) && !equality(engine, node, scope)) {
    engine.expression(node, scope, places.where);
  }
}

function nullTest(engine: Engine, { type, fields }: Node, scope: Scope): boolean {
  const column = type === 'NullTest' ? fieldsOf(fields['arg'], 'ColumnRef') : undefined;
  if (!column || columnPath(column).star) return false;
  return isPlain(reference(engine, column, scope));
}

/** A column by itself, whose being NULL a mask does not hide. */
export const isPlain = ({ sources, bare }: Value): boolean => sources.length === 0 || bare;

/** A look-up, or a join of two masked columns: true if nothing of it is left to judge. */
function equality(engine: Engine, { type, fields }: Node, scope: Scope): boolean {
  if (type !== 'A_Expr') return false;
  const operator = names(fields['name']);
  if (operator.at(-1) !== '=' || (operator.length > 1 && operator[0] !== 'pg_catalog')) return false;
  const left = columnValue(engine, fields['lexpr'], scope);
  switch (fields['kind']) {
    case 'AEXPR_OP':
      return compared(engine, fields, left, columnValue(engine, fields['rexpr'], scope));
    case 'AEXPR_IN':
      return left !== undefined && lookup(engine, fields, left, () => constantsOf.list(fields['rexpr']));
    case 'AEXPR_OP_ANY':
      return left !== undefined && lookup(engine, fields, left, () => constantsOf.array(fields['rexpr']));
    default:
      return false;
  }
}

function compared(
  engine: Engine,
  fields: Fields,
  left: Value | undefined,
  right: Value | undefined,
): boolean {
  if (left && right) return equijoin(engine, left, right);
  if (left) return lookup(engine, fields, left, () => constantsOf.one(fields['rexpr']));
  return right !== undefined && lookup(engine, fields, right, () => constantsOf.one(fields['lexpr']));
}

function columnValue(engine: Engine, node: unknown, scope: Scope): Value | undefined {
  const column = fieldsOf(node, 'ColumnRef');
  return column && reference(engine, column, scope);
}

const mostLookups = 20;

type Read = () => Constants | undefined;

function lookup(engine: Engine, fields: Fields, value: Value, read: Read): boolean {
  const [column] = value.sources;
  if (!column || !value.bare || !column.lookup || !engine.names.isBuiltinOperator('=')) return false;
  const constants = read();
  if (!constants) return false;
  engine.lookups.set(fields, { column, ...constants });
  let values = 0;
  for (const each of engine.lookups.values()) {
    const { constants, parameters, arrayParameters, elementParameters } = each;
    values += constants.length + parameters.length + arrayParameters.length + elementParameters.length;
  }
  if (values <= mostLookups) return true;
  throw new Refusal(
    column.column,
    `more than ${mostLookups} values of masked column "${column.column}" are looked up`,
  );
}

/**
 * Whether these two may be compared: masked columns of one class that may be looked up, of two tables that outlive the
 * session. In a table of its own an agent could try out values; who may write to which is not known here.
 */
export function equijoin(engine: Engine, left: Value, right: Value): boolean {
  const [l, r] = [left.sources[0], right.sources[0]];
  if (!l || !r || left.joinable !== true || right.joinable !== true || !left.bare || !right.bare)
    return false;
  if (!l.lookup || !r.lookup || l.class !== r.class || l.tableOid === r.tableOid) return false;
  return engine.names.isBuiltinOperator('=');
}
