import type { Lookup, SensitiveNames } from '../../facts.js';
import { kindOf } from '../statement-kinds.js';
import {
  asNode,
  eachBelow,
  eachChild,
  fieldsOf,
  isFields,
  list,
  names,
  text,
  type Fields,
  type Node,
} from '../tree.js';
import { clausePlaces, clauses, relaxed, statements } from './guard-rules.js';
import type { Lineage } from './lineage.js';
import { lookupShape, maxLookupValues, valueCount } from './lookup.js';
import { columnPath } from './outputs.js';
import { places, refusal, Refusal, type Place } from './refusal.js';

/** How a query's rows are used: they flow on by name, become a value, are written, or only their number counts. */
export type Usage = 'rows' | 'value' | 'destination' | 'ignored';

/**
 * Walks a statement that touches a masked relation. `expression` is the ground: it goes into everything and refuses
 * every name that may carry a masked value. The methods beside it know a shape each, and only ever take something
 * out of its reach; a node or a field that none of them knows falls through to it.
 */
export class Guard {
  readonly lookups: Lookup[] = [];

  constructor(
    private readonly lineage: Lineage,
    private readonly known: SensitiveNames,
  ) {}

  statement(node: Node): void {
    this.dispatch(node, 'rows');
    if (this.lineage.unknowable) {
      throw new Refusal('*', 'masked columns and * meet in a set operation: name the columns');
    }
    if (valueCount(this.lookups) > maxLookupValues) {
      const column = this.lookups[0]?.column ?? '*';
      throw new Refusal(
        column,
        `more than ${maxLookupValues} values of masked column "${column}" are looked up`,
      );
    }
  }

  private dispatch(node: Node, usage: Usage): void {
    const handle = Object.hasOwn(statements, node.type) ? statements[node.type] : undefined;
    if (handle) handle(this, node.fields, usage);
    else if (kindOf(node.type).guard === 'inert') this.inert(node);
    else throw new Refusal('*', `${kindOf(node.type).kind} may carry masked columns out of sight`);
  }

  private inert(node: Node): void {
    this.below(node, places.utility);
  }

  // ---- the ground

  expression(node: Node, place: Place): void {
    const relax = Object.hasOwn(relaxed, node.type) ? relaxed[node.type] : undefined;
    if (relax?.(this, node.fields, place)) return;
    if (node.type.endsWith('Stmt')) return this.dispatch(node, 'value');
    if (node.type === 'ColumnRef') return this.reference(node.fields, place);
    const word = node.type === 'String' ? text(node.fields['sval']) : undefined;
    if (word !== undefined && this.lineage.masked.has(word)) throw refusal(word, place);
    this.below(node, place);
  }

  below(node: Node, place: Place, except: readonly string[] = []): void {
    eachChild(node, (child, field) => {
      if (!except.includes(field)) this.expression(child, place);
    });
  }

  private reference(fields: Fields, place: Place): void {
    const column = this.lineage.mention(columnPath(fields));
    if (column !== undefined) throw refusal(column, place);
  }

  each(parent: string, fields: Fields, field: string, place: Place): void {
    eachBelow(parent, field, fields[field], (child) => this.expression(child, place));
  }

  // ---- queries

  select(fields: Fields, usage: Usage): void {
    for (const field in fields) {
      const handle = Object.hasOwn(clauses, field) ? clauses[field] : undefined;
      if (handle) handle(this, fields, fields[field]);
      else this.each('SelectStmt', fields, field, clausePlaces[field] ?? places.utility);
    }
    this.use({ type: 'SelectStmt', fields }, usage);
  }

  private use(query: Node, usage: Usage): void {
    if (usage === 'rows' || usage === 'ignored') return;
    const place = usage === 'value' ? places.where : places.set;
    const carried = this.carriedName(query);
    if (carried !== undefined) throw refusal(carried, place);
  }

  private carriedName(query: Node): string | undefined {
    const output = this.lineage.outputs(query).find((each) => each.carries);
    if (!output) return undefined;
    const name = output.names?.[0];
    return name === undefined ? '*' : (this.lineage.lookupOf(name)?.column ?? name);
  }

  targets(value: unknown): void {
    for (const each of list(value)) {
      const target = fieldsOf(each, 'ResTarget');
      const bare = fieldsOf(target?.['val'], 'ColumnRef');
      // A bare column keeps its origin or its name, and the mask follows it by that.
      if (bare) this.bareTarget(bare);
      else eachBelow('ResTarget', 'val', each, (child) => this.expression(child, places.target));
    }
  }

  // `c.row_to_json` looks like a column, but is a call with the whole row, which has neither.
  private bareTarget(fields: Fields): void {
    const column = columnPath(fields);
    if (column.star || column.path.length === 1) return;
    if (this.lineage.mention(column) === '*') throw refusal('*', places.target);
  }

  /** ORDER BY, GROUP BY and DISTINCT ON may give an output's number. */
  position(fields: Fields, value: unknown, place: Place): void {
    const set = fieldsOf(value, 'GroupingSet')?.['content'] ?? fieldsOf(value, 'RowExpr')?.['args'];
    if (set !== undefined && place === places.group) {
      for (const each of list(set)) this.position(fields, each, place);
      return;
    }
    const constant = fieldsOf(value, 'A_Const');
    const number = isFields(constant?.['ival']) ? Number(constant['ival']['ival'] ?? 0) : undefined;
    const node = asNode(value);
    if (number === undefined) {
      if (node) this.expression(node, place);
      return;
    }
    const outputs = this.lineage.outputs({ type: 'SelectStmt', fields });
    outputs.forEach((output, at) => {
      const here = output.star ? at < number : at === number - 1;
      if (here && output.carries) throw refusal(output.names?.[0] ?? '*', place);
    });
  }

  from(value: unknown): void {
    for (const each of list(value)) this.fromItem(asNode(each));
  }

  fromItem(node: Node | undefined): void {
    if (!node) return;
    const { type, fields } = node;
    if (type === 'RangeVar') return;
    if (type === 'JoinExpr') return this.join(fields);
    if (type === 'RangeSubselect') {
      const query = asNode(fields['subquery']);
      if (query) this.dispatch(query, 'rows');
      return this.below(node, places.from, ['subquery', 'alias']);
    }
    if (type === 'RangeTableSample') {
      this.fromItem(asNode(fields['relation']));
      return this.below(node, places.from, ['relation', 'method']);
    }
    this.below(node, places.from, ['alias']);
  }

  private join(fields: Fields): void {
    this.fromItem(asNode(fields['larg']));
    this.fromItem(asNode(fields['rarg']));
    const node: Node = { type: 'JoinExpr', fields };
    if (fields['isNatural'] === true && this.lineage.itemCarries(node)) {
      throw new Refusal('*', 'NATURAL JOIN may compare masked columns: use JOIN … USING or ON');
    }
    this.predicate(asNode(fields['quals']), places.where);
    this.each('JoinExpr', fields, 'usingClause', places.join);
    this.below(node, places.join, ['larg', 'rarg', 'quals', 'usingClause', 'alias', 'join_using_alias']);
  }

  with(value: unknown): void {
    for (const each of list((value as Fields)['ctes'])) {
      const cte = fieldsOf(each, 'CommonTableExpr') ?? {};
      const query = asNode(cte['ctequery']);
      if (query) this.dispatch(query, 'rows');
      const orders = cte['search_clause'] !== undefined || cte['cycle_clause'] !== undefined;
      // Both add a column made of the row's own.
      if (orders && this.lineage.carries(query)) {
        throw new Refusal('*', 'SEARCH and CYCLE cannot be used on rows with masked columns');
      }
      const node: Node = { type: 'CommonTableExpr', fields: cte };
      this.below(node, places.utility, ['ctequery', 'aliascolnames']);
    }
  }

  // ---- conditions

  predicate(node: Node | undefined, place: Place): void {
    if (!node) return;
    if (node.type === 'BoolExpr') {
      eachBelow('BoolExpr', 'args', node.fields['args'], (child) => this.predicate(child, place));
    } else if (!this.nullTest(node) && !this.lookup(node)) this.expression(node, place);
  }

  private nullTest({ type, fields }: Node): boolean {
    const reference = type === 'NullTest' ? fieldsOf(fields['arg'], 'ColumnRef') : undefined;
    return reference !== undefined && this.lineage.mention(columnPath(reference)) !== '*';
  }

  private lookup(node: Node): boolean {
    const shape = lookupShape(node);
    if (!shape) return false;
    const name = this.lineage.mention(columnPath(shape.reference));
    const masked = name === undefined ? undefined : this.lineage.lookupOf(name);
    if (!masked?.lookup || !this.known.isBuiltinOperator('=')) return false;
    const { constants, parameters, arrayParameters } = shape;
    this.lookups.push({ column: masked.column, class: masked.class, constants, parameters, arrayParameters });
    return true;
  }

  // ---- values that go elsewhere

  assignments(value: unknown): void {
    for (const each of list(value)) {
      eachBelow('ResTarget', 'val', each, (child) => this.expression(child, places.set));
    }
  }

  /** ON CONFLICT: `column = excluded.column` writes what the client itself sent. */
  conflict(fields: Fields): void {
    const infer = (fields['infer'] as Fields | undefined) ?? {};
    for (const each of list(infer['indexElems'])) this.arbiter(fieldsOf(each, 'IndexElem') ?? {});
    this.predicate(asNode(infer['whereClause']), places.where);
    this.predicate(asNode(fields['whereClause']), places.where);
    this.assignments(list(fields['targetList']).filter((each) => !isOwnExcluded(each)));
    const node: Node = { type: 'OnConflictClause', fields };
    this.below(node, places.conflict, ['infer', 'whereClause', 'targetList']);
    const rest: Node = { type: 'InferClause', fields: infer };
    this.below(rest, places.conflict, ['indexElems', 'whereClause']);
  }

  private arbiter(fields: Fields): void {
    const name = text(fields['name']);
    const masked = name === undefined ? undefined : this.lineage.lookupOf(name);
    if (masked && !masked.lookup) throw refusal(masked.column, places.conflict);
    this.below({ type: 'IndexElem', fields }, places.conflict, ['opclass', 'collation']);
  }

  insert(fields: Fields): void {
    const source = asNode(fields['selectStmt']);
    if (source) this.dispatch(source, 'destination');
    this.assignments(fields['cols']);
    const conflict = fields['onConflictClause'];
    if (isFields(conflict)) this.conflict(conflict);
    this.rest('InsertStmt', fields, ['selectStmt', 'cols', 'onConflictClause']);
  }

  update(fields: Fields): void {
    this.assignments(fields['targetList']);
    this.from(fields['fromClause']);
    this.predicate(asNode(fields['whereClause']), places.where);
    this.rest('UpdateStmt', fields, ['targetList', 'fromClause', 'whereClause']);
  }

  remove(fields: Fields): void {
    this.from(fields['usingClause']);
    this.predicate(asNode(fields['whereClause']), places.where);
    this.rest('DeleteStmt', fields, ['usingClause', 'whereClause']);
  }

  merge(fields: Fields): void {
    this.fromItem(asNode(fields['sourceRelation']));
    this.predicate(asNode(fields['joinCondition']), places.where);
    for (const each of list(fields['mergeWhenClauses'])) {
      const clause = fieldsOf(each, 'MergeWhenClause') ?? {};
      this.predicate(asNode(clause['condition']), places.where);
      this.assignments(clause['targetList']);
      this.below({ type: 'MergeWhenClause', fields: clause }, places.set, ['condition', 'targetList']);
    }
    this.rest('MergeStmt', fields, ['sourceRelation', 'joinCondition', 'mergeWhenClauses']);
  }

  /** What all four share: WITH, RETURNING, and whatever else there may be. */
  private rest(type: string, fields: Fields, handled: readonly string[]): void {
    if (isFields(fields['withClause'])) this.with(fields['withClause']);
    const returning = fields['returningClause'];
    if (isFields(returning)) {
      this.targets(returning['exprs']);
      this.below({ type: 'ReturningClause', fields: returning }, places.target, ['exprs']);
    }
    const node: Node = { type, fields };
    this.below(node, places.utility, [...handled, 'withClause', 'returningClause', 'relation']);
  }

  copy(fields: Fields): void {
    const query = asNode(fields['query']);
    if (query) this.dispatch(query, 'rows');
    this.predicate(asNode(fields['whereClause']), places.where);
    const node: Node = { type: 'CopyStmt', fields };
    this.below(node, places.utility, ['query', 'whereClause', 'relation', 'attlist', 'options']);
  }

  around(type: string, fields: Fields, usage: Usage): void {
    const query = asNode(fields['query']);
    if (query) this.dispatch(query, usage);
    this.below({ type, fields }, places.utility, ['query', 'into', 'view', 'aliases', 'options', 'argtypes']);
  }

  /** The rows of a subquery as a value: none but EXISTS may have a masked column among them. */
  subquery(fields: Fields, place: Place): void {
    const query = asNode(fields['subselect']);
    if (place.inTarget && query && this.lineage.touchesWithin(query)) {
      throw new Refusal('*', 'a subquery over a masked relation cannot be used in an expression: join it');
    }
    if (query) this.dispatch(query, fields['subLinkType'] === 'EXISTS_SUBLINK' ? 'ignored' : 'value');
    this.below({ type: 'SubLink', fields }, place, ['subselect', 'operName']);
  }

  call(fields: Fields, place: Place): void {
    const node: Node = { type: 'FuncCall', fields };
    const counted = this.isCountOfColumn(fields) ? ['args'] : [];
    const filter = asNode(fields['agg_filter']);
    this.predicate(filter, { ...places.where, inTarget: place.inTarget });
    this.below(node, place, ['funcname', 'agg_filter', ...counted]);
  }

  // count(column) says no more than IS NULL does.
  private isCountOfColumn(fields: Fields): boolean {
    const [only, ...others] = list(fields['args']);
    const reference = fieldsOf(only, 'ColumnRef');
    if (!reference || others.length > 0 || fields['agg_distinct'] === true) return false;
    if (names(fields['funcname']).at(-1) !== 'count' || fields['agg_order'] !== undefined) return false;
    return this.lineage.mention(columnPath(reference)) !== '*';
  }

  distinct(fields: Fields, value: unknown): void {
    for (const each of list(value)) {
      if (asNode(each)) this.position(fields, each, places.distinct);
      else this.compares(fields, 'DISTINCT');
    }
  }

  setOperation(fields: Fields): void {
    const concatenates = fields['op'] === 'SETOP_UNION' && fields['all'] === true;
    if (fields['op'] !== 'SETOP_NONE' && !concatenates) this.compares(fields, 'UNION, INTERSECT or EXCEPT');
  }

  private compares(fields: Fields, how: string): void {
    const arms = ['larg', 'rarg'].flatMap((each) => (isFields(fields[each]) ? [fields[each]] : []));
    for (const arm of arms.length > 0 ? arms : [fields]) {
      const column = this.carriedName({ type: 'SelectStmt', fields: arm });
      if (column === undefined) continue;
      throw refusal(column, { name: how, advice: 'leave it out, or use UNION ALL', inTarget: false });
    }
  }

  into(fields: Fields): void {
    const column = this.carriedName({ type: 'SelectStmt', fields });
    if (column !== undefined) throw refusal(column, places.set);
  }
}

function isOwnExcluded(target: unknown): boolean {
  const fields = fieldsOf(target, 'ResTarget');
  const reference = fieldsOf(fields?.['val'], 'ColumnRef');
  if (!fields || !reference || fields['indirection'] !== undefined) return false;
  const { path, star } = columnPath(reference);
  return !star && path.length === 2 && path[0] === 'excluded' && path[1] === fields['name'];
}
