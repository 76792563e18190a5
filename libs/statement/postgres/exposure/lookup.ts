import type { Lookup } from '../../facts.js';
import { literal } from '../settings.js';
import { asNode, fieldsOf, list, names, text, type Fields, type Node } from '../tree.js';
import { columnPath } from './outputs.js';

/** `column = value` and its like, before anyone has asked what the column is. */
export interface LookupShape {
  /** The bare column's reference. */
  readonly reference: Fields;
  readonly constants: readonly string[];
  readonly parameters: readonly number[];
  readonly arrayParameters: readonly number[];
}

interface Values {
  readonly constants: string[];
  readonly parameters: number[];
  readonly arrayParameters: number[];
}

/** The one shape in which a masked column may be compared: equality with literals and parameters only. */
export function lookupShape(node: Node): LookupShape | undefined {
  if (node.type !== 'A_Expr') return undefined;
  const { fields } = node;
  const operator = names(fields['name']);
  if (operator.at(-1) !== '=' || (operator.length > 1 && operator[0] !== 'pg_catalog')) return undefined;
  switch (fields['kind']) {
    case 'AEXPR_OP':
      return (
        shape(fields['lexpr'], oneValue(fields['rexpr'])) ?? shape(fields['rexpr'], oneValue(fields['lexpr']))
      );
    case 'AEXPR_IN':
      return shape(fields['lexpr'], manyValues(list(fieldsOf(fields['rexpr'], 'List')?.['items'])));
    case 'AEXPR_OP_ANY':
      return shape(fields['lexpr'], arrayValues(fields['rexpr']));
    default:
      return undefined;
  }
}

function shape(column: unknown, values: Values | undefined): LookupShape | undefined {
  const reference = fieldsOf(column, 'ColumnRef');
  return reference && values && !columnPath(reference).star ? { reference, ...values } : undefined;
}

const noValues = (): Values => ({ constants: [], parameters: [], arrayParameters: [] });

function oneValue(node: unknown): Values | undefined {
  const plain = uncast(node);
  const number = fieldsOf(plain, 'ParamRef')?.['number'];
  if (typeof number === 'number') return { ...noValues(), parameters: [number] };
  const constant = fieldsOf(plain, 'A_Const') ? (literal(plain) ?? 'null') : undefined;
  return constant === undefined ? undefined : { ...noValues(), constants: [constant] };
}

function manyValues(nodes: readonly unknown[]): Values | undefined {
  const all = nodes.map(oneValue);
  if (all.length === 0 || all.some((each) => each === undefined)) return undefined;
  return {
    constants: all.flatMap((each) => each?.constants ?? []),
    parameters: all.flatMap((each) => each?.parameters ?? []),
    arrayParameters: [],
  };
}

function arrayValues(node: unknown): Values | undefined {
  const plain = uncast(node);
  const array = fieldsOf(plain, 'A_ArrayExpr');
  if (array) return manyValues(list(array['elements']));
  const number = fieldsOf(plain, 'ParamRef')?.['number'];
  if (typeof number === 'number') return { ...noValues(), arrayParameters: [number] };
  const written = fieldsOf(plain, 'A_Const') ? literal(plain) : undefined;
  // '{a,b}': a comma within quotes counts one too many, which only bounds it lower.
  return written === undefined ? undefined : { ...noValues(), constants: written.split(',') };
}

const scalarTypes: ReadonlySet<string> = new Set(
  'text varchar bpchar char name citext uuid int2 int4 int8 numeric float4 float8 date timestamp timestamptz bool'.split(
    ' ',
  ),
);

/** A value without its cast to a plain type; any other cast stays, and makes it no value. */
function uncast(node: unknown): unknown {
  const cast = asNode(node);
  if (cast?.type !== 'TypeCast') return node;
  const type = names((cast.fields['typeName'] as Fields | undefined)?.['names']);
  const plain = type.length === 1 || type[0] === 'pg_catalog';
  return plain && scalarTypes.has(text(type.at(-1)) ?? '') ? cast.fields['arg'] : node;
}

export const maxLookupValues = 20;

export function valueCount(lookups: readonly Lookup[]): number {
  return lookups.reduce(
    (sum, each) => sum + each.constants.length + each.parameters.length + each.arrayParameters.length,
    0,
  );
}
