/*
 * The parser's tree, as JSON: a node that may be of several types is wrapped as {"SelectStmt": {...}}; a field of
 * one fixed type stands bare ("relation": {"relname": ...}); zero, false and empty fields are left out.
 */
export type Fields = Readonly<Record<string, unknown>>;

export interface Node {
  readonly type: string;
  readonly fields: Fields;
}

/**
 * The bare fields whose type matters here. tree.spec.ts reads the parser's own type list and fails if it has a
 * bare field of one of these types that is not in this table.
 */
const bareFields: Readonly<Record<string, string>> = {
  'SelectStmt.larg': 'SelectStmt',
  'SelectStmt.rarg': 'SelectStmt',
  'PLAssignStmt.val': 'SelectStmt',
  'SelectStmt.intoClause': 'IntoClause',
  'CreateTableAsStmt.into': 'IntoClause',
  'CallStmt.funccall': 'FuncCall',
  'IntoClause.rel': 'RangeVar',
  'Constraint.pktable': 'RangeVar',
  'ViewStmt.view': 'RangeVar',
  'CompositeTypeStmt.typevar': 'RangeVar',
  'CreateTrigStmt.constrrel': 'RangeVar',
  'ColumnDef.identitySequence': 'RangeVar',
  'PartitionCmd.name': 'RangeVar',
  'CreateSeqStmt.sequence': 'RangeVar',
  'AlterSeqStmt.sequence': 'RangeVar',
  'CreatePolicyStmt.table': 'RangeVar',
  'AlterPolicyStmt.table': 'RangeVar',
};

const bareByField: Readonly<Record<string, string>> = {
  relation: 'RangeVar',
  withClause: 'WithClause',
  returningClause: 'ReturningClause',
  onConflictClause: 'OnConflictClause',
  infer: 'InferClause',
  alias: 'Alias',
  join_using_alias: 'Alias',
  typeName: 'TypeName',
  search_clause: 'CTESearchClause',
  cycle_clause: 'CTECycleClause',
  over: 'WindowDef',
};

/** The type of a bare field of a node of this type; undefined for those that no rule asks about. */
export function bareType(parent: string, field: string): string | undefined {
  // JSON's aggregates have a field called constructor: so has every object.
  const byField = Object.hasOwn(bareByField, field) ? bareByField[field] : undefined;
  return bareFields[`${parent}.${field}`] ?? byField;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A wrapped node, or undefined for anything else. */
export function asNode(value: unknown): Node | undefined {
  if (!isFields(value)) return undefined;
  let type: string | undefined;
  for (const key in value) {
    if (type !== undefined) return undefined;
    type = key;
  }
  if (type === undefined || !isNodeName(type)) return undefined;
  const fields = value[type];
  return isFields(fields) ? { type, fields } : undefined;
}

/** Node types begin with a capital letter, fields do not. */
export function isNodeName(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 65 && first <= 90;
}

/** The fields of a wrapped node of this type. */
export function fieldsOf(value: unknown, type: string): Fields | undefined {
  if (!isFields(value) || !(type in value)) return undefined;
  const node = asNode(value);
  return node?.type === type ? node.fields : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The names of a list of String nodes; anything else in it is left out. */
export function names(value: unknown): string[] {
  const found: string[] = [];
  for (const each of list(value)) {
    const name = fieldsOf(each, 'String')?.['sval'];
    if (typeof name === 'string') found.push(name);
  }
  return found;
}

/** Calls `each` with every node directly below a field; bare ones are given their type where a rule asks for it. */
export function eachBelow(
  parent: string,
  field: string,
  value: unknown,
  each: (node: Node, field: string) => void,
): void {
  if (Array.isArray(value)) {
    for (const item of value) eachBelow(parent, field, item, each);
  } else if (isFields(value)) {
    each(asNode(value) ?? { type: bareType(parent, field) ?? 'bare', fields: value }, field);
  }
}

export function eachChild(node: Node, each: (node: Node, field: string) => void): void {
  for (const field in node.fields) eachBelow(node.type, field, node.fields[field], each);
}

/** Calls `each` with this node and all below it; below a node for which it answers 'skip' it does not go. */
export function visit(node: Node, each: (node: Node) => 'skip' | void): void {
  if (each(node) === 'skip') return;
  eachChild(node, (child) => visit(child, each));
}
