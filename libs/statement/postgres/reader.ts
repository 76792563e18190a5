import type { Access, RelationName, SqlAction } from '../facts.js';
import { Accesses } from './accesses.js';
import { catalogKind } from './catalogs.js';
import { isListedFunction, movesSequence } from './functions.js';
import { columnUses, emptyScope, searched, seenSoFar, within, type Scope, type Source } from './scope.js';
import { isReadableSetting, literal } from './settings.js';
import { asNode, eachBelow, eachChild, fieldsOf, list, names, text, type Fields, type Node } from './tree.js';
import { whereKind } from './where.js';

/**
 * Walks a whole statement and notes what it reads, writes and calls. A node without a rule of its own is walked into,
 * so that what stands in a place nobody thought of is still seen.
 */
export class StatementReader {
  readonly accesses = new Accesses();
  readonly functions = new Set<string>();
  writes = false;
  locksRows = false;

  /** `relationAction` is what the statement does to relations that it names outside FROM (DDL, LOCK, …). */
  constructor(private readonly relationAction: SqlAction) {}

  statement(node: Node): void {
    this.walk(node, emptyScope);
  }

  private walk(node: Node, scope: Scope): void {
    const rule = rules[node.type];
    if (rule) rule(this, node.fields, scope);
    else this.below(node, scope);
  }

  below(node: Node, scope: Scope, except: readonly string[] = []): void {
    eachChild(node, (child, field) => {
      if (!except.includes(field)) this.walk(child, scope);
    });
  }

  field(parent: string, fields: Fields, field: string, scope: Scope): void {
    eachBelow(parent, field, fields[field], (child) => this.walk(child, scope));
  }

  select(fields: Fields, outer: Scope): void {
    const scope = within(outer, this.withQueries('SelectStmt', fields, outer));
    for (const item of list(fields['fromClause'])) this.gather(asNode(item), scope);
    this.field('SelectStmt', fields, 'intoClause', scope);
    const order = new Set(list(fields['targetList']).flatMap((each) => outputName(each) ?? []));
    for (const item of list(fields['sortClause'])) this.sort(asNode(item), scope, order);
    // A relation reached through FROM is read even if no column of it is named.
    const rest: Node = { type: 'SelectStmt', fields };
    this.below(rest, scope, ['withClause', 'intoClause', 'sortClause']);
  }

  // ORDER BY takes a bare name as an output's before it takes it as a column's.
  private sort(node: Node | undefined, scope: Scope, outputs: ReadonlySet<string>): void {
    if (!node) return;
    const bare = names(fieldsOf(node.fields['node'], 'ColumnRef')?.['fields']);
    if (bare.length === 1 && outputs.has(bare[0] ?? '')) return;
    this.below(node, scope);
  }

  /** Reads the WITH list and answers the names visible to the rest of the statement. */
  withQueries(parent: string, fields: Fields, outer: Scope): ReadonlySet<string> {
    const clause = fields['withClause'] as Fields | undefined;
    if (!clause) return outer.ctes;
    const ctes = list(clause['ctes']).map((each) => fieldsOf(each, 'CommonTableExpr') ?? {});
    const visible = new Set(outer.ctes);
    const recursive = clause['recursive'] === true;
    if (recursive) for (const cte of ctes) visible.add(text(cte['ctename']) ?? '');
    for (const cte of ctes) {
      this.field('CommonTableExpr', cte, 'ctequery', within(outer, seenSoFar(visible)));
      visible.add(text(cte['ctename']) ?? '');
    }
    return visible;
  }

  /** Adds what a FROM item brings into scope; its own expressions are walked afterwards, with all of it in scope. */
  gather(node: Node | undefined, scope: Scope): void {
    if (!node) return;
    const { type, fields } = node;
    if (type === 'RangeVar') this.source(fields, scope);
    else if (type === 'JoinExpr') this.gatherJoin(fields, scope);
    else if (type === 'RangeTableSample') this.gather(asNode(fields['relation']), scope);
    else scope.sources.push({ name: aliasOf(fields), relation: undefined });
  }

  private gatherJoin(fields: Fields, scope: Scope): void {
    const before = scope.sources.length;
    this.gather(asNode(fields['larg']), scope);
    this.gather(asNode(fields['rarg']), scope);
    const columns = fields['isNatural'] === true ? ['*'] : names(fields['usingClause']);
    for (const each of scope.sources.slice(before)) if (each.relation) this.read(each.relation, columns);
  }

  private source(fields: Fields, scope: Scope): void {
    const relation = relationOf(fields);
    const alias = fields['alias'] as Fields | undefined;
    const name = text(alias?.['aliasname']) ?? relation.name;
    if (relation.schema === undefined && scope.ctes.has(relation.name)) {
      scope.sources.push({ name, relation: undefined });
      return;
    }
    this.read(relation, alias?.['colnames'] ? ['*'] : []);
    scope.sources.push({ name, relation });
  }

  read(relation: RelationName, columns: readonly string[]): void {
    const kind = catalogKind(relation);
    const catalog = kind === 'metadata' ? 'sql:metadata' : 'sql:admin';
    this.accesses.add(kind === 'none' ? 'sql:select' : catalog, relation, columns);
  }

  write(
    action: SqlAction,
    relation: RelationName,
    columns: readonly string[],
    where?: Access['where'],
  ): void {
    this.writes = true;
    const own = catalogKind(relation) === 'none' ? action : 'sql:admin';
    this.accesses.add(own, relation, columns);
    if (where) this.accesses.bound(own, relation, where);
  }

  column(fields: Fields, scope: Scope): void {
    const path = names(fields['fields']);
    const star = list(fields['fields']).some((each) => asNode(each)?.type === 'A_Star');
    for (const { relation, column } of columnUses(scope, path, star)) this.read(relation, [column]);
  }

  call(fields: Fields): void {
    const parts = names(fields['funcname']);
    this.functions.add((parts[0] === 'pg_catalog' ? parts.slice(1) : parts).join('.'));
    if (!isListedFunction(parts) || !readsAllowedSetting(parts, fields)) this.code();
    if (movesSequence(parts)) this.moves();
  }

  /** Outside INSERT too, a sequence is left another: that is asked for as INSERT is. */
  private moves(): void {
    this.writes = true;
    this.accesses.add('sql:insert');
  }

  code(): void {
    this.writes = true;
    this.accesses.add('sql:code');
  }

  /** A relation named outside FROM. */
  named(fields: Fields): void {
    const relation = relationOf(fields);
    this.accesses.add(catalogKind(relation) === 'none' ? this.relationAction : 'sql:admin', relation);
  }

  /** The target of a DML statement, in a scope of its own with what the statement joins to it. */
  target(parent: string, fields: Fields, outer: Scope): { relation: RelationName; scope: Scope } {
    const scope = within(outer, this.withQueries(parent, fields, outer));
    const written = fields['relation'] as Fields;
    const relation = relationOf(written);
    const alias = text((written['alias'] as Fields | undefined)?.['aliasname']);
    const seen: Source = { name: alias ?? relation.name, relation };
    scope.sources.push(seen, { name: 'old', relation }, { name: 'new', relation });
    return { relation, scope };
  }
}

function readsAllowedSetting(name: readonly string[], fields: Fields): boolean {
  if (name.at(-1) !== 'current_setting') return true;
  const setting = literal(list(fields['args'])[0]);
  return setting !== undefined && isReadableSetting(setting);
}

export function relationOf(fields: Fields): RelationName {
  const schema = text(fields['schemaname']);
  const name = text(fields['relname']) ?? '';
  return schema === undefined ? { name } : { schema, name };
}

const aliasOf = (fields: Fields): string | undefined =>
  text((fields['alias'] as Fields | undefined)?.['aliasname']);

const outputName = (target: unknown): string | undefined => text(fieldsOf(target, 'ResTarget')?.['name']);

const assigned = (targets: unknown): string[] =>
  list(targets).flatMap((each) => text(fieldsOf(each, 'ResTarget')?.['name']) ?? []);

type Rule = (reader: StatementReader, fields: Fields, scope: Scope) => void;

const rules: Readonly<Record<string, Rule>> = {
  SelectStmt: (reader, fields, scope) => reader.select(fields, scope),
  ColumnRef: (reader, fields, scope) => reader.column(fields, scope),
  FuncCall: (reader, fields, scope) => {
    reader.call(fields);
    reader.below({ type: 'FuncCall', fields }, scope);
  },
  A_Expr: (reader, fields, scope) => {
    const operator = names(fields['name']);
    if (operator.length > 1 && operator[0] !== 'pg_catalog') reader.code();
    reader.below({ type: 'A_Expr', fields }, scope);
  },
  SortBy: (reader, fields, scope) => reader.below({ type: 'SortBy', fields }, scope, ['useOp']),
  RangeTableSample: (reader, fields, scope) => {
    if (!isListedFunction(names(fields['method']))) reader.code();
    reader.below({ type: 'RangeTableSample', fields }, scope, ['relation']);
  },
  // In FROM it has been gathered already; what a RangeVar means elsewhere depends on the statement.
  RangeVar: (reader, fields, scope) => {
    searched(scope);
    if (!scope.sources.some((each) => isSource(each, fields, scope))) reader.named(fields);
  },
  // Its relations are names of FROM items, not relations of their own.
  LockingClause: (reader) => void (reader.locksRows = true),
  WithClause: () => undefined,
  InsertStmt: insert,
  UpdateStmt: update,
  DeleteStmt: remove,
  MergeStmt: merge,
  IntoClause: (reader, fields) => {
    reader.write('sql:ddl', relationOf(fields['rel'] as Fields), []);
  },
};

function isSource(source: Source, fields: Fields, scope: Scope): boolean {
  const { schema, name } = relationOf(fields);
  if (schema === undefined && scope.ctes.has(name)) return true;
  return source.relation?.name === name && source.relation.schema === schema;
}

function insert(reader: StatementReader, fields: Fields, outer: Scope): void {
  const { relation, scope } = reader.target('InsertStmt', fields, outer);
  const columns = assigned(fields['cols']);
  reader.write('sql:insert', relation, columns.length > 0 ? columns : ['*']);
  // The source query does not see the target.
  reader.field('InsertStmt', fields, 'selectStmt', within(outer, scope.ctes));
  scope.sources.push({ name: 'excluded', relation: undefined });
  const conflict = fields['onConflictClause'] as Fields | undefined;
  if (conflict?.['action'] === 'ONCONFLICT_UPDATE') {
    reader.write('sql:update', relation, assigned(conflict['targetList']), 'present');
  }
  const rest: Node = { type: 'InsertStmt', fields };
  reader.below(rest, scope, ['withClause', 'relation', 'cols', 'selectStmt']);
}

function update(reader: StatementReader, fields: Fields, outer: Scope): void {
  const { relation, scope } = reader.target('UpdateStmt', fields, outer);
  for (const item of list(fields['fromClause'])) reader.gather(asNode(item), scope);
  const where = whereKind(fields['whereClause']);
  reader.write('sql:update', relation, assigned(fields['targetList']), where);
  reader.below({ type: 'UpdateStmt', fields }, scope, ['withClause', 'relation']);
}

function remove(reader: StatementReader, fields: Fields, outer: Scope): void {
  const { relation, scope } = reader.target('DeleteStmt', fields, outer);
  for (const item of list(fields['usingClause'])) reader.gather(asNode(item), scope);
  reader.write('sql:delete', relation, [], whereKind(fields['whereClause']));
  reader.below({ type: 'DeleteStmt', fields }, scope, ['withClause', 'relation']);
}

const mergeActions: Readonly<Record<string, SqlAction>> = {
  CMD_INSERT: 'sql:insert',
  CMD_UPDATE: 'sql:update',
  CMD_DELETE: 'sql:delete',
};

function merge(reader: StatementReader, fields: Fields, outer: Scope): void {
  const { relation, scope } = reader.target('MergeStmt', fields, outer);
  reader.gather(asNode(fields['sourceRelation']), scope);
  reader.write('sql:merge', relation, []);
  for (const each of list(fields['mergeWhenClauses'])) {
    const clause = fieldsOf(each, 'MergeWhenClause') ?? {};
    const action = mergeActions[text(clause['commandType']) ?? ''];
    if (!action) continue;
    const columns = assigned(clause['targetList']);
    if (action === 'sql:insert') reader.write(action, relation, columns.length > 0 ? columns : ['*']);
    else reader.write(action, relation, columns, whereKind(fields['joinCondition']));
  }
  reader.below({ type: 'MergeStmt', fields }, scope, ['withClause', 'relation']);
}
