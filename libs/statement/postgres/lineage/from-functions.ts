import { isFields, asNode, fieldsOf, list, names, text, type Fields, type Node } from '../tree.js';
import { aliasOf, renamed } from './aliases.js';
import type { Engine, Rows } from './engine.js';
import type { Scope } from './namespace.js';
import { olderReference } from './newer-syntax.js';
import { blurred, unknownColumns } from './open.js';
import { places, Refusal } from './refusal.js';
import { reference } from './references.js';
import { clear, derived, type Item } from './values.js';

/* Columns of the listed built-ins that have OUT parameters, from pg_proc of PostgreSQL 15 to 18. */
const outColumns: Readonly<Record<string, readonly string[]>> = {
  _pg_expandarray: ['x', 'n'],
  aclexplode: ['grantor', 'grantee', 'privilege_type', 'is_grantable'],
  json_array_elements: ['value'],
  json_array_elements_text: ['value'],
  json_each: ['key', 'value'],
  json_each_text: ['key', 'value'],
  jsonb_array_elements: ['value'],
  jsonb_array_elements_text: ['value'],
  jsonb_each: ['key', 'value'],
  jsonb_each_text: ['key', 'value'],
  pg_get_keywords: ['word', 'catcode', 'barelabel', 'catdesc', 'baredesc'],
  pg_options_to_table: ['option_name', 'option_value'],
  pg_partition_ancestors: ['relid'],
  pg_partition_tree: ['relid', 'parentrelid', 'isleaf', 'level'],
  pg_timezone_abbrevs: ['abbrev', 'utc_offset', 'is_dst'],
  pg_timezone_names: ['name', 'abbrev', 'utc_offset', 'is_dst'],
};

/** Whose columns depend on their arguments' types, or on the server's version. */
const anyColumns: ReadonlySet<string> = new Set([
  'unnest',
  'lower',
  'upper',
  'json_populate_record',
  'json_populate_recordset',
  'jsonb_populate_record',
  'jsonb_populate_recordset',
  'json_to_record',
  'json_to_recordset',
  'jsonb_to_record',
  'jsonb_to_recordset',
  'pg_get_catalog_foreign_keys',
  'pg_get_publication_tables',
  'pg_identify_object',
  'pg_identify_object_as_address',
  'pg_sequence_parameters',
]);

/** Functions in FROM, one or ROWS FROM several. Their arguments may name no masked column, so that they carry none. */
export function functionItem(engine: Engine, fields: Fields, lateral: Scope): Item {
  const calls = list(fields['functions']).map((each) => list(fieldsOf(each, 'List')?.['items']));
  const sources = engine.mentioned(() => {
    for (const [call] of calls) {
      const node = asNode(call);
      if (node && olderReference(node)) throw new Refusal('*', 'FROM SYSTEM_USER may be a relation');
      if (node) engine.expression(node, lateral, places.from);
    }
  });
  const value = sources.length === 0 ? clear : derived(sources);
  const alias = aliasOf(fields);
  const single = calls.length === 1 ? alias.name : undefined;
  const rows = calls.map(([call, definitions]) =>
    callColumns(
      engine,
      asNode(call),
      list(fields['coldeflist'] ?? definitionsOf(definitions)),
      single,
      lateral,
    ),
  );
  const ordinality = fields['ordinality'] === true ? ['ordinality'] : [];
  const columns = [...rows.flatMap((each) => each.names), ...ordinality].map((name) => ({ name, value }));
  const open = rows.some((each) => each.open);
  if (open) columns.push({ name: unknownColumns, value });
  const known: Rows = { columns, open };
  const name = alias.name ?? callName(asNode(calls[0]?.[0]));
  return {
    name,
    schema: undefined,
    ...renamed(blurred(known), alias.columns),
    hasSystemColumns: false,
    visible: true,
  };
}

const definitionsOf = (item: unknown): unknown =>
  Array.isArray(item) ? item : fieldsOf(item, 'List')?.['items'];

const callName = (call: Node | undefined): string | undefined =>
  call?.type === 'FuncCall' ? names(call.fields['funcname']).at(-1) : undefined;

interface Names {
  readonly names: readonly string[];
  /** The names are a guess, and so is their number. */
  readonly open: boolean;
}

function callColumns(
  engine: Engine,
  call: Node | undefined,
  definitions: readonly unknown[],
  alias: string | undefined,
  scope: Scope,
): Names {
  if (definitions.length > 0) {
    const defined = definitions.flatMap((each) => text(fieldsOf(each, 'ColumnDef')?.['colname']) ?? []);
    return { names: defined, open: false };
  }
  const name = callName(call);
  if (!call || name === undefined) return { names: alias === undefined ? [] : [alias], open: true };
  const out = Object.hasOwn(outColumns, name) ? outColumns[name] : undefined;
  if (out) return { names: out, open: false };
  const args = list(call.fields['args']);
  if (name === 'unnest' && args.length > 0) {
    const open = !args.every((each) => isScalarArray(engine, asNode(each), scope));
    return { names: args.length === 1 ? [alias ?? name] : args.map(() => name), open };
  }
  return { names: [alias ?? name], open: anyColumns.has(name) };
}

/** An array whose elements surely are no rows: then unnest() has one column. */
function isScalarArray(engine: Engine, node: Node | undefined, scope: Scope): boolean {
  switch (node?.type) {
    case 'TypeCast':
      return isBuiltinArray(node.fields['typeName']);
    case 'A_ArrayExpr':
      return list(node.fields['elements']).every((each) => isScalar(asNode(each)));
    case 'FuncCall':
      return ['string_to_array', 'regexp_split_to_array'].includes(callName(node) ?? '');
    case 'ColumnRef':
      return isBuiltinArrayType(reference(engine, node.fields, scope).type);
    default:
      return false;
  }
}

function isScalar(node: Node | undefined): boolean {
  if (node?.type === 'A_Const') return true;
  return node?.type === 'TypeCast' && isBuiltin(node.fields['typeName']);
}

function isBuiltinArray(typeName: unknown): boolean {
  return isFields(typeName) && list(typeName['arrayBounds']).length > 0 && isBuiltin(typeName);
}

const scalarTypes: ReadonlySet<string> = new Set(
  `text varchar bpchar char name uuid int2 int4 int8 numeric float4 float8 date time timetz timestamp timestamptz
   interval bool bytea json jsonb inet oid`.split(/\s+/),
);

function isBuiltin(typeName: unknown): boolean {
  const type = isFields(typeName) ? names(typeName['names']) : [];
  const plain = type.length === 1 || type[0] === 'pg_catalog';
  return plain && scalarTypes.has(type.at(-1) ?? '');
}

// Row types of catalogs and their arrays begin at 10000; 2287 is record[], 3614 tsvector (three columns).
const isBuiltinArrayType = (oid: number | undefined): boolean =>
  oid !== undefined && oid > 0 && oid < 10_000 && oid !== 2287 && oid !== 3614;
