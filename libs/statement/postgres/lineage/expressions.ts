import { isFields, asNode, eachChild, fieldsOf, list, names, text, type Fields, type Node } from '../tree.js';
import type { Engine } from './engine.js';
import type { Scope } from './namespace.js';
import { olderReference } from './newer-syntax.js';
import { columnPath, notation, possibleReference, reference } from './references.js';
import { isPlain } from './predicates.js';
import { places, type Place } from './refusal.js';
import { passesThrough } from './total-functions.js';
import { clear, derived, type Value } from './values.js';

/**
 * An expression in which no masked column may be used: every reference in it is asked, whatever stands around it, so
 * that a node without a rule of its own is safe.
 */
export function expression(engine: Engine, node: Node, scope: Scope, place: Place): void {
  engine.work.spend(1);
  const { type, fields } = node;
  switch (type) {
    case 'A_Const':
    case 'ParamRef':
    case 'TypeName':
      return;
    case 'ColumnRef':
      return engine.use(reference(engine, fields, scope), place);
    case 'A_Expr':
      return operands(engine, fields, scope, place);
    case 'FuncCall':
      older(engine, node, scope, place);
      return call(engine, fields, scope, place);
    case 'A_Indirection':
      return engine.use(indirection(engine, fields, scope), place);
    case 'WindowDef':
      return window(engine, fields, scope);
    case 'SubLink':
      return subquery(engine, fields, scope, place);
    default:
      if (type.endsWith('Stmt')) return queryAsValue(engine, node, scope);
      eachChild(node, (child) => expression(engine, child, scope, place));
  }
}

function operands(engine: Engine, fields: Fields, scope: Scope, place: Place): void {
  for (const side of [fields['lexpr'], fields['rexpr']]) {
    const node = asNode(side);
    if (node) expression(engine, node, scope, place);
    else if (side !== undefined)
      eachChild({ type: 'bare', fields: { side } }, (child) => expression(engine, child, scope, place));
  }
}

/** The column that a keyword of newer servers may name. */
function older(engine: Engine, node: Node, scope: Scope, place: Place): void {
  const column = olderReference(node);
  if (column) engine.use(possibleReference(engine, column, scope), place);
}

function call(engine: Engine, fields: Fields, scope: Scope, place: Place): void {
  const { agg_filter: filter, over, args, agg_order: order } = fields;
  engine.predicate(asNode(filter), scope);
  if (!isCountOfColumn(engine, fields, scope)) {
    for (const each of list(args)) {
      const node = asNode(each);
      if (node) expression(engine, node, scope, place);
    }
  }
  if (isFields(over)) window(engine, over, scope);
  for (const each of list(order)) {
    const node = asNode(fieldsOf(each, 'SortBy')?.['node']);
    if (node) expression(engine, node, scope, places.order);
  }
}

/** PARTITION BY, ORDER BY, and what a window by name was made of. */
function window(engine: Engine, fields: Fields, scope: Scope): void {
  eachChild({ type: 'bare', fields }, (child) => expression(engine, child, scope, places.window));
  if (scope.windowSources) engine.use(derived(scope.windowSources), places.window);
}

// count(column) says no more than IS NULL does.
function isCountOfColumn(engine: Engine, fields: Fields, scope: Scope): boolean {
  const [only, ...others] = list(fields['args']);
  const column = fieldsOf(only, 'ColumnRef');
  if (!column || others.length > 0 || fields['agg_distinct'] === true || fields['agg_order'] !== undefined)
    return false;
  if (names(fields['funcname']).at(-1) !== 'count' || columnPath(column).star) return false;
  return isPlain(reference(engine, column, scope));
}

/** A subquery's rows as a value: nothing masked may be among them, but for EXISTS, which does not look at them. */
function subquery(engine: Engine, fields: Fields, scope: Scope, place: Place): void {
  const test = asNode(fields['testexpr']);
  if (test) expression(engine, test, scope, place);
  const query = asNode(fields['subselect']);
  if (!query) return;
  if (fields['subLinkType'] === 'EXISTS_SUBLINK') engine.query(query, scope, scope.ctes);
  else queryAsValue(engine, query, scope, place);
}

function queryAsValue(engine: Engine, query: Node, scope: Scope, place: Place = places.where): void {
  for (const { value } of engine.query(query, scope, scope.ctes).columns) engine.use(value, place);
}

/** An expression that becomes a column: a masked value may go through it, under its mask. */
export function target(engine: Engine, node: Node, scope: Scope): Value {
  engine.work.spend(1);
  if (node.type === 'ColumnRef') return reference(engine, node.fields, scope);
  if (node.type === 'A_Indirection') return indirection(engine, node.fields, scope);
  const older = olderReference(node);
  if (older) return possibleReference(engine, older, scope);
  const inner = scalarQuery(node) ?? passesThrough(node);
  if (!inner) return made(engine, () => expression(engine, node, scope, places.target));
  if (inner.type === 'query') return scalar(engine, inner.node, scope);
  // What else there is of it is literals.
  const value = target(engine, inner.node, scope);
  if (value.sources.length === 0) return clear;
  if (!inner.accepts(value)) engine.use(value, places.target);
  return { ...derived(value.sources), type: inner.gives };
}

/** In a view's definition: what an expression is made of. Elsewhere nothing masked passes it. */
function made(engine: Engine, work: () => void): Value {
  return derived(engine.mentioned(work));
}

function scalarQuery({ type, fields }: Node): { type: 'query'; node: Node } | undefined {
  if (type !== 'SubLink' || fields['subLinkType'] !== 'EXPR_SUBLINK') return undefined;
  const node = asNode(fields['subselect']);
  return node && { type: 'query', node };
}

/** `(SELECT email …)`: its one column, unchanged; in a view's definition also what chose the row. */
function scalar(engine: Engine, query: Node, scope: Scope): Value {
  let value: Value | undefined;
  const chosenBy = engine.mentioned(() => {
    const { columns, open } = engine.query(query, scope, scope.ctes);
    value = columns.length === 1 && !open ? columns[0]?.value : undefined;
    if (!value) for (const each of columns) engine.use(each.value, places.target);
  });
  if (chosenBy.length === 0) return value ?? clear;
  return derived([...new Set([...chosenBy, ...(value?.sources ?? [])])]);
}

/** `(c).email`, `(c).*`, `a[1]`. */
export function indirection(engine: Engine, fields: Fields, scope: Scope): Value {
  const argument = asNode(fields['arg']);
  let value = argument ? target(engine, argument, scope) : clear;
  for (const each of list(fields['indirection'])) {
    const name = text(fieldsOf(each, 'String')?.['sval']);
    if (name !== undefined) value = field(engine, value, name);
    else if (asNode(each)?.type === 'A_Indices') value = element(engine, value, asNode(each), scope);
  }
  return value;
}

function field(engine: Engine, value: Value, name: string): Value {
  const known = value.row?.find((each) => each.name === name)?.value;
  if (known) return known;
  if (value.row) return notation(engine, name, value);
  const fields = value.type === undefined ? undefined : engine.names.composite(value.type);
  if (!fields?.some((each) => each.name === name)) notation(engine, name, undefined);
  return derived(value.sources);
}

function element(engine: Engine, value: Value, indices: Node | undefined, scope: Scope): Value {
  engine.use(value, places.target);
  if (indices) expression(engine, indices, scope, places.target);
  return derived(engine.owner ? value.sources : []);
}
