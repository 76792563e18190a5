import type { SensitiveNames } from '../../facts.js';
import { catalogKind } from '../catalogs.js';
import { isListedFunction } from '../functions.js';
import { relationOf } from '../reader.js';
import { names, text, visit, type Fields, type Node } from '../tree.js';
import { Refusal } from './refusal.js';

/**
 * Refuses what could read a masked column out of sight: a function or an operator that is not the server's own, and
 * catalogs that hold columns' values or other sessions' texts.
 */
export function refuseForeignCode(statement: Node, known: SensitiveNames): void {
  visit(statement, ({ type, fields }) => {
    if (type === 'FuncCall') checkFunction(names(fields['funcname']), known);
    if (type === 'RangeTableSample') checkFunction(names(fields['method']), known);
    if (type === 'A_Expr') checkOperators(names(fields['name']), known);
    if (type === 'SubLink') checkOperators(names(fields['operName']), known);
    if (type === 'SortBy') checkOperators(names(fields['useOp']), known);
    if (text(fields['relname']) !== undefined) checkCatalog(fields);
  });
}

function checkFunction(name: readonly string[], known: SensitiveNames): void {
  const own = name.length > 1 || known.isBuiltinFunction(name[0] ?? '');
  if (own && isListedFunction(name)) return;
  const called = name.join('.');
  throw new Refusal('*', `function ${called} may read masked columns: what it does cannot be told from here`);
}

// BETWEEN stands for two comparisons, of whichever types its operands have.
const meant: Readonly<Record<string, readonly string[]>> = {
  BETWEEN: ['>=', '<='],
  'NOT BETWEEN': ['<', '>'],
  'BETWEEN SYMMETRIC': ['>=', '<='],
  'NOT BETWEEN SYMMETRIC': ['<', '>'],
};

function checkOperators(name: readonly string[], known: SensitiveNames): void {
  const last = name.at(-1);
  if (last === undefined || (name.length > 1 && name[0] === 'pg_catalog')) return;
  const own = name.length === 1 && (meant[last] ?? [last]).every((each) => known.isBuiltinOperator(each));
  if (own) return;
  throw new Refusal('*', `operator ${last} may read masked columns: it is not one of the server's own`);
}

function checkCatalog(fields: Fields): void {
  const relation = relationOf(fields);
  if (catalogKind(relation) !== 'valued') return;
  throw new Refusal('*', `${relation.name} holds values of masked columns, or other sessions' statements`);
}
