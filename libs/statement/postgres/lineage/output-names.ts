import { isFields, asNode, fieldsOf, list, names, text, type Fields, type Node } from '../tree.js';

/** What the server calls an output that has no alias (FigureColname). */
export function outputName(node: Node): string {
  return figured(node)?.name ?? '?column?';
}

interface Figured {
  readonly name: string;
  /** A cast's or CASE's own name gives way to what it stands around. */
  readonly weak?: boolean;
}

const fixed: Readonly<Record<string, string>> = {
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
};

const variants: Readonly<Record<string, string>> = {
  IS_GREATEST: 'greatest',
  IS_LEAST: 'least',
  SVFOP_CURRENT_DATE: 'current_date',
  SVFOP_CURRENT_TIME: 'current_time',
  SVFOP_CURRENT_TIME_N: 'current_time',
  SVFOP_CURRENT_TIMESTAMP: 'current_timestamp',
  SVFOP_CURRENT_TIMESTAMP_N: 'current_timestamp',
  SVFOP_LOCALTIME: 'localtime',
  SVFOP_LOCALTIME_N: 'localtime',
  SVFOP_LOCALTIMESTAMP: 'localtimestamp',
  SVFOP_LOCALTIMESTAMP_N: 'localtimestamp',
  SVFOP_CURRENT_ROLE: 'current_role',
  SVFOP_CURRENT_USER: 'current_user',
  SVFOP_USER: 'user',
  SVFOP_SESSION_USER: 'session_user',
  SVFOP_CURRENT_CATALOG: 'current_catalog',
  SVFOP_CURRENT_SCHEMA: 'current_schema',
  IS_XMLCONCAT: 'xmlconcat',
  IS_XMLELEMENT: 'xmlelement',
  IS_XMLFOREST: 'xmlforest',
  IS_XMLPARSE: 'xmlparse',
  IS_XMLPI: 'xmlpi',
  IS_XMLROOT: 'xmlroot',
  JSON_EXISTS_OP: 'json_exists',
  JSON_QUERY_OP: 'json_query',
  JSON_VALUE_OP: 'json_value',
};

function figured({ type, fields }: Node): Figured | undefined {
  switch (type) {
    case 'ColumnRef':
      return called(names(fields['fields']).at(-1));
    case 'FuncCall':
      return called(names(fields['funcname']).at(-1));
    case 'A_Indirection':
      return called(names(fields['indirection']).at(-1)) ?? below(fields['arg']);
    case 'A_Expr':
      return called(fields['kind'] === 'AEXPR_NULLIF' ? 'nullif' : undefined);
    case 'A_Const':
      return isFields(fields['boolval']) ? { name: 'bool', weak: true } : undefined;
    case 'CollateClause':
      return below(fields['arg']);
    case 'TypeCast':
      return stronger(below(fields['arg']), castName(fields));
    case 'CaseExpr':
      return stronger(below(fields['defresult']), 'case');
    case 'SubLink':
      return subqueryName(fields);
    default:
      return called(fixed[type] ?? variants[text(fields['op']) ?? '']);
  }
}

const called = (name: string | undefined): Figured | undefined => (name === undefined ? undefined : { name });

function below(value: unknown): Figured | undefined {
  const node = asNode(value);
  return node && figured(node);
}

function stronger(inner: Figured | undefined, own: string | undefined): Figured | undefined {
  if (inner && inner.weak !== true) return inner;
  return own === undefined ? inner : { name: own, weak: true };
}

const castName = (fields: Fields): string | undefined =>
  isFields(fields['typeName']) ? names(fields['typeName']['names']).at(-1) : undefined;

function subqueryName(fields: Fields): Figured | undefined {
  if (fields['subLinkType'] === 'EXISTS_SUBLINK') return { name: 'exists' };
  if (fields['subLinkType'] === 'ARRAY_SUBLINK') return { name: 'array' };
  if (fields['subLinkType'] !== 'EXPR_SUBLINK') return undefined;
  let query = fieldsOf(fields['subselect'], 'SelectStmt');
  while (query && isFields(query['larg'])) query = query['larg'];
  if (query?.['valuesLists'] !== undefined) return { name: 'column1' };
  const target = fieldsOf(list(query?.['targetList'])[0], 'ResTarget');
  const value = asNode(target?.['val']);
  const name = text(target?.['name']) ?? (value && outputName(value));
  return called(name);
}
