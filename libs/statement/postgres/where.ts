import type { Access } from '../facts.js';
import { asNode, list, visit, type Fields } from './tree.js';

/**
 * Whether a WHERE bounds what is written: `constant` names no column of its own (`true`, `1=1`, `$1`), compares a
 * column with itself, or is an OR with such an arm. The text alone cannot tell more.
 */
export function whereKind(clause: unknown): NonNullable<Access['where']> {
  if (clause === undefined) return 'none';
  return bounds(clause) ? 'present' : 'constant';
}

function bounds(clause: unknown): boolean {
  const node = asNode(clause);
  if (!node) return false;
  if (node.type === 'BoolExpr') return boundsBool(node.fields);
  if (node.type === 'A_Expr' && sameBothSides(node.fields)) return false;
  let namesColumn = false;
  visit(node, (each) => {
    if (each.type === 'ColumnRef' || each.type === 'CurrentOfExpr') namesColumn = true;
  });
  return namesColumn;
}

function boundsBool(fields: Fields): boolean {
  const args = list(fields['args']);
  return fields['boolop'] === 'OR_EXPR' ? args.every(bounds) : args.some(bounds);
}

function sameBothSides(fields: Fields): boolean {
  return stripped(fields['lexpr']) === stripped(fields['rexpr']);
}

/** A tree without its positions, to compare. */
export function stripped(tree: unknown): string {
  return JSON.stringify(tree, (key, value: unknown) => (positions.has(key) ? undefined : value)) ?? '';
}

const positions: ReadonlySet<string> = new Set([
  'location',
  'name_location',
  'stmt_location',
  'stmt_len',
  'rexpr_list_start',
  'rexpr_list_end',
  'list_start',
  'list_end',
]);
