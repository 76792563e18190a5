import { names, type Fields, type Node } from '../tree.js';

/*
 * The parser's grammar is PostgreSQL 18's, the server may be 15. What was made a keyword since is a plain name there:
 * of a column, a relation, or somebody's function.
 */

const systemUser = 'system_user';

/** SYSTEM_USER, a keyword since 16, as the column reference that it is before; undefined for anything else. */
export function olderReference({ type, fields }: Node): Fields | undefined {
  if (type !== 'FuncCall' || fields['args'] !== undefined) return undefined;
  if (names(fields['funcname']).join('.') !== `pg_catalog.${systemUser}`) return undefined;
  return { fields: [{ String: { sval: systemUser } }] };
}

const calls: Readonly<Record<string, string>> = {
  MergeSupportFunc: 'merge_action',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
  JsonTable: 'json_table',
};

const jsonQueries: Readonly<Record<string, string>> = {
  JSON_EXISTS_OP: 'json_exists',
  JSON_QUERY_OP: 'json_query',
  JSON_VALUE_OP: 'json_value',
};

/** The function that an older server would call here, found by the search_path. */
export function olderCall(type: string, fields: Fields): string | undefined {
  if (type === 'JsonFuncExpr') return jsonQueries[String(fields['op'])] ?? 'json_table';
  // json_object(…) without JSON's own syntax comes as a call of the server's own.
  if (type === 'FuncCall') {
    const [schema, name] = names(fields['funcname']);
    return schema === 'pg_catalog' && name === 'json_object' ? name : undefined;
  }
  return Object.hasOwn(calls, type) ? calls[type] : undefined;
}
