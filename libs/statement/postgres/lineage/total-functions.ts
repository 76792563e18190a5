import { isFields, asNode, fieldsOf, list, names, text, type Fields, type Node } from '../tree.js';
import type { Value } from './values.js';

/** The one operand of a function or cast through which a masked value may go. */
export interface PassesThrough {
  readonly type: 'value';
  readonly node: Node;
  readonly accepts: (value: Value) => boolean;
  readonly gives: number;
}

const textType = 25;
/** text, varchar, bpchar, name: what these functions take without a conversion that could fail. */
const textTypes: ReadonlySet<number> = new Set([textType, 1043, 1042, 19]);

/**
 * Functions of text that give a value for every value, change nothing, and whose other arguments, literals here, fail
 * for all values or for none. Left out: those that may fail for some (replace, rpad, repeat: length; regexp_*: depth;
 * convert, to_*), and those that give what a mask does not hide (length).
 */
const total: ReadonlySet<string> = new Set(
  'lower upper initcap casefold btrim ltrim rtrim left right substr substring reverse md5'.split(' '),
);
const byNumber: ReadonlySet<string> = new Set(['left', 'right', 'substr', 'substring']);

export function passesThrough({ type, fields }: Node): PassesThrough | undefined {
  const operand = operandOf(type, fields);
  return operand && { type: 'value', node: operand, accepts: isText, gives: textType };
}

const isText = ({ type, row }: Value): boolean =>
  row === undefined && type !== undefined && textTypes.has(type);

function operandOf(type: string, fields: Fields): Node | undefined {
  if (type === 'CollateClause') return asNode(fields['arg']);
  if (type === 'TypeCast') return isTextType(fields['typeName']) ? asNode(fields['arg']) : undefined;
  return type === 'FuncCall' ? totalOperand(fields) : undefined;
}

function totalOperand(fields: Fields): Node | undefined {
  const name = names(fields['funcname']).at(-1) ?? '';
  if (!total.has(name) || 'over' in fields || 'agg_filter' in fields || 'agg_order' in fields)
    return undefined;
  const [first, ...others] = list(fields['args']);
  const wanted = byNumber.has(name) ? isNumber : isLiteral;
  return others.every(wanted) ? asNode(first) : undefined;
}

const isLiteral = (node: unknown): boolean => fieldsOf(node, 'A_Const') !== undefined;
const isNumber = (node: unknown): boolean => fieldsOf(node, 'A_Const')?.['ival'] !== undefined;

/** An explicit cast to a shorter varchar cuts; it does not fail. */
function isTextType(typeName: unknown): boolean {
  if (!isFields(typeName) || list(typeName['arrayBounds']).length > 0) return false;
  const type = names(typeName['names']);
  const plain = type.length === 1 || (type.length === 2 && type[0] === 'pg_catalog');
  return plain && ['text', 'varchar', 'bpchar'].includes(text(type.at(-1)) ?? '');
}
