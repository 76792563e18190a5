import { database, publicTables, searchTables } from '#audit-store';
import { isAllowedFunction } from './allowed.functions.js';
import { refused } from './query.refused.js';
import { everyNode, type SyntaxNode } from './syntax.tree.js';

/**
 * What a SELECT may be made of. The list is closed: a kind that is not on it (`Set` of a SETTINGS clause,
 * `ColumnsApplyTransformer` with the name of a function that the tree does not show, `QueryParameter`, …) is
 * refused.
 */
const kinds = new Set([
  'SelectWithUnionQuery',
  'SelectIntersectExceptQuery',
  'SelectQuery',
  'ExpressionList',
  'Subquery',
  'WithElement',
  'TablesInSelectQuery',
  'TablesInSelectQueryElement',
  'TableExpression',
  'TableIdentifier',
  'TableJoin',
  'ArrayJoin',
  'SampleRatio',
  'Function',
  'Identifier',
  'Literal',
  'Asterisk',
  'QualifiedAsterisk',
  'ColumnsRegexpMatcher',
  'ColumnsListMatcher',
  'ColumnsTransformerList',
  'ColumnsExceptTransformer',
  'ColumnsReplaceTransformer',
  'ColumnsReplaceTransformer::Replacement',
  'OrderByElement',
  'WindowDefinition',
  'WindowListElement',
]);

/** `system` tables that say nothing about this machine or its other users. */
const harmlessSystemTables = new Set(['system.one', 'system.functions', 'system.time_zones']);

const tablesHint = `tables: ${publicTables.map((table) => `${database}.${table}`).join(', ')}`;

/** Throws QUERY_REFUSED unless the tree is one of a query that only reads what an auditor may read. */
export function assertReadsOnly(root: SyntaxNode): void {
  for (const node of everyNode(root)) {
    if (!kinds.has(node.kind)) throw refused(`${clauseOf(node.kind)} is not available here`);
    if (node.kind === 'TableIdentifier') assertTable(node.name);
    if (node.kind === 'TableExpression') assertNoTableFunction(node);
    if (node.kind === 'Function') assertFunction(node);
  }
}

/** The readers' rights include them for our own searches, which are not checked. */
const ours: ReadonlySet<string> = new Set(searchTables);

/** Throws unless the name is one that an auditor may read: bare ones are tables of `weir`, or the query's own. */
export function assertTable(name: string): void {
  const parts = name.split('.');
  const isOwn = parts.length === 1 && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !ours.has(name);
  const isPublic =
    parts.length === 2 && parts[0] === database && publicTables.some((table) => table === parts[1]);
  if (isOwn || isPublic || harmlessSystemTables.has(name)) return;
  throw refused(`table ${name} is not available here`, tablesHint);
}

/** Any function in FROM is a table function, but VALUES. */
function assertNoTableFunction(expression: SyntaxNode): void {
  for (const { kind, name } of expression.children)
    if (kind === 'Function' && name !== 'SQLStandardValues')
      throw refused(`table function ${name} is not available here`, tablesHint);
}

function assertFunction({ name, children }: SyntaxNode): void {
  if (name !== 'SQLStandardValues' && !isAllowedFunction(name))
    throw refused(`function ${name} is not available here`);
  // `x IN name` reads a table, unless the name is an alias or a CTE.
  if (/^(global)?(not)?(null)?in(ignoreset)?$/i.test(name)) {
    const set = children[0]?.children[1];
    if (set?.kind === 'Identifier') assertTable(set.name);
  }
}

const clauses: Readonly<Record<string, string>> = {
  Set: 'SETTINGS',
  ColumnsApplyTransformer: 'APPLY',
  QueryParameter: 'a query parameter',
};

const clauseOf = (kind: string): string => clauses[kind] ?? kind;
