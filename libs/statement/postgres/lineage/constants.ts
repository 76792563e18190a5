import { literal } from '../settings.js';
import { asNode, fieldsOf, list, names, text, type Fields } from '../tree.js';

/** What a masked column is compared with. */
export interface Constants {
  readonly constants: readonly string[];
  readonly parameters: readonly number[];
  readonly arrayParameters: readonly number[];
  readonly elementParameters: readonly number[];
}

const none: Constants = { constants: [], parameters: [], arrayParameters: [], elementParameters: [] };

/** Literals and parameters, plain or cast to a plain type; undefined for anything else. */
export const constantsOf = {
  one: oneValue,
  list: (node: unknown) => manyValues(list(fieldsOf(node, 'List')?.['items'])),
  array: arrayValues,
};

function oneValue(node: unknown): Constants | undefined {
  if (isArrayCast(node)) return undefined;
  const plain = uncast(node);
  const number = fieldsOf(plain, 'ParamRef')?.['number'];
  if (typeof number === 'number') return { ...none, parameters: [number] };
  const constant = fieldsOf(plain, 'A_Const') ? (literal(plain) ?? 'null') : undefined;
  return constant === undefined ? undefined : { ...none, constants: [constant] };
}

function manyValues(nodes: readonly unknown[]): Constants | undefined {
  const all = nodes.map(oneValue);
  if (all.length === 0 || all.some((each) => each === undefined)) return undefined;
  return {
    ...none,
    constants: all.flatMap((each) => each?.constants ?? []),
    parameters: all.flatMap((each) => each?.parameters ?? []),
  };
}

function arrayValues(node: unknown): Constants | undefined {
  const plain = uncast(node);
  const array = fieldsOf(plain, 'A_ArrayExpr');
  if (array) return elementValues(list(array['elements']));
  const number = fieldsOf(plain, 'ParamRef')?.['number'];
  if (typeof number === 'number') return { ...none, arrayParameters: [number] };
  const written = fieldsOf(plain, 'A_Const') ? literal(plain) : undefined;
  // '{a,b}': a comma within quotes counts one too many, which only bounds it lower.
  return written === undefined ? undefined : { ...none, constants: written.split(',') };
}

/**
 * A bare parameter within ARRAY may be declared an array, or used as one elsewhere, and be as many values as that has:
 * only its value tells. The literals beside it are then arrays, too. Cast, each is one value.
 */
function elementValues(nodes: readonly unknown[]): Constants | undefined {
  const bare = nodes.flatMap((each) => fieldsOf(each, 'ParamRef')?.['number'] ?? []);
  const others = nodes.filter((each) => !fieldsOf(each, 'ParamRef'));
  const rest = others.length > 0 ? manyValues(others) : none;
  if (bare.length === 0 || !rest) return rest;
  const constants = rest.constants.flatMap((each) => (mayBeArray.test(each) ? each.split(',') : [each]));
  return { ...rest, constants, elementParameters: bare.filter((each) => typeof each === 'number') };
}

const mayBeArray = /^\s*[{[]/;

/** An array where one value is expected: as many values as it has. */
function isArrayCast(node: unknown): boolean {
  const typeName = fieldsOf(node, 'TypeCast')?.['typeName'] as Fields | undefined;
  return list(typeName?.['arrayBounds']).length > 0;
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
