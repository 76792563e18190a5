import type { SensitiveColumn, SensitiveNames } from '../../facts.js';
import { rowFunctions } from '../functions.js';
import { asNode, fieldsOf, list, names as stringsOf, text, visit, type Fields, type Node } from '../tree.js';
import {
  aliasNames,
  certainNames,
  columnPath,
  combine,
  expands,
  plainOutput,
  defaultNames,
  starOutput,
  type ColumnPath,
  type Output,
} from './outputs.js';
import { Refusal } from './refusal.js';

/** A name under which a masked value may be reached. */
export interface MaskedName {
  /** The masked column, for reasons: its own name, also where the statement gave it another one. */
  readonly column: string;
  readonly class: string;
  readonly lookup: boolean;
}

/**
 * Which names of a statement may carry a masked value. By name only, blind to scope, and never too few: a name that
 * carries in one place carries everywhere. It is a least fixpoint: aliases of what carries, by name and by position,
 * are added until nothing new comes.
 */
export class Lineage {
  readonly masked = new Map<string, MaskedName>();
  /** A set operation mixes `*` with masked columns, so that its names are anyone's guess. */
  unknowable = false;

  private readonly relations = new Map<string, ReadonlyMap<string, SensitiveColumn>>();
  /** Relations, aliases and with-queries that have a column that carries: as a value, a whole row. */
  private readonly rows = new Set<string>();
  private readonly aliases = new Set<string>();
  private readonly carryingCtes = new Set<string>();
  private readonly touchingCtes = new Set<string>();
  private readonly selects: Fields[] = [];
  private readonly ctes: Fields[] = [];
  private readonly items: Node[] = [];
  private readonly writes: Node[] = [];
  private outputsByQuery = new Map<Fields, readonly Output[]>();
  private readonly columnsByName = new Map<string, Columns>();

  constructor(
    statement: Node,
    private readonly known: SensitiveNames,
  ) {
    visit(statement, (node) => this.note(node));
    this.seed();
    this.seedWrites();
    while (this.grow()) if (++this.rounds > maxRounds) throw tooIntricate();
  }

  /** True if any masked relation is named anywhere. */
  get touches(): boolean {
    return this.relations.size > 0;
  }

  isMaskedRelation(name: string): boolean {
    return this.relations.has(name) || this.relations.has(name.toLowerCase());
  }

  private note(node: Node): void {
    const { type, fields } = node;
    const relation = text(fields['relname']);
    if (relation !== undefined) this.noteRelation(relation);
    if (type === 'SelectStmt') this.selects.push(fields);
    if (type === 'CommonTableExpr') this.ctes.push(fields);
    if (relation !== undefined || fields['alias'] || fields['join_using_alias']) this.noteItem(node);
    if (writing.has(type)) this.writes.push(node);
  }

  private noteItem(node: Node): void {
    this.items.push(node);
    for (const name of itemNames(node)) this.aliases.add(name);
  }

  // A server with a single-byte encoding folds É to é in an unquoted name; the parser does not.
  private noteRelation(name: string): void {
    for (const each of new Set([name, name.toLowerCase()])) {
      const columns = this.known.relation(each);
      if (columns === undefined || columns === 'unknown' || columns.size === 0) continue;
      this.relations.set(each, columns);
    }
  }

  private seed(): void {
    for (const columns of this.relations.values()) {
      for (const [column, { class: kind, lookup }] of columns) {
        const before = this.masked.get(column);
        this.masked.set(column, { column, class: kind, lookup: lookup && (before?.lookup ?? true) });
      }
    }
  }

  // The rows that ON CONFLICT and RETURNING give names of their own.
  private seedWrites(): void {
    for (const { fields } of this.writes) {
      const target = text((fields['relation'] as Fields | undefined)?.['relname']);
      if (target === undefined || !this.isMaskedRelation(target)) continue;
      const options = list((fields['returningClause'] as Fields | undefined)?.['options']);
      const named = options.map((each) => text(fieldsOf(each, 'ReturningOption')?.['value']));
      for (const each of ['old', 'new', 'excluded', ...named]) this.addTo(this.rows, each);
    }
  }

  private changed = false;
  private rounds = 0;

  private grow(): boolean {
    this.changed = false;
    this.outputsByQuery = new Map();
    // Back and forth, so that what follows from one another in either order needs few rounds.
    const inOrder = <T>(all: readonly T[]) => (this.rounds % 2 === 0 ? all.toReversed() : all);
    for (const fields of inOrder(this.selects))
      this.growOutputs(this.outputs({ type: 'SelectStmt', fields }));
    for (const query of inOrder(this.writes)) this.growOutputs(this.outputs(query));
    for (const cte of inOrder(this.ctes)) this.growCte(cte);
    for (const item of inOrder(this.items)) this.growItem(item);
    return this.changed;
  }

  private taint(name: string, from: MaskedName | undefined, pure: boolean): void {
    const before = this.masked.get(name);
    const after: MaskedName = before ?? {
      column: from?.column ?? name,
      class: from?.class ?? '',
      lookup: false,
    };
    const lookup = after.lookup && pure;
    if (before && before.lookup === lookup) return;
    this.masked.set(name, { ...after, lookup });
    this.changed = true;
  }

  private addTo(set: Set<string>, name: string | undefined): void {
    if (name === undefined || set.has(name)) return;
    set.add(name);
    // Stars carry more now than when they were looked at.
    this.outputsByQuery = new Map();
    this.changed = true;
  }

  private growItem(item: Node): void {
    if (!this.itemCarries(item)) return;
    for (const name of itemNames(item)) this.addTo(this.rows, name);
    const outputs =
      item.type === 'RangeSubselect' ? this.outputs(asNode(item.fields['subquery'])) : undefined;
    this.growRenamed(aliasNames(item.fields).columns, outputs);
  }

  /** Column names given in a list from outside: by position where those are known, else every one of them. */
  private growRenamed(columns: readonly string[], outputs: readonly Output[] | undefined): void {
    const star = outputs?.findIndex((each) => each.star) ?? 0;
    const sure = star === -1 ? columns.length : star;
    columns.forEach((column, at) => {
      if (at >= sure || outputs?.[at]?.carries) this.taint(column, undefined, false);
    });
  }

  private growOutputs(outputs: readonly Output[]): void {
    for (const output of outputs) {
      if (!output.carries || output.star) continue;
      if (!output.names || output.names.length === 0) this.unknowable = true;
      for (const name of output.names ?? []) this.taint(name, this.masked.get(name), output.pure);
    }
  }

  private growCte(cte: Fields): void {
    const query = asNode(cte['ctequery']);
    const name = text(cte['ctename']);
    if (query && this.touchesWithin(query)) this.addTo(this.touchingCtes, name);
    const outputs = this.outputs(query);
    if (!outputs.some((each) => each.carries)) return;
    this.addTo(this.carryingCtes, name);
    this.addTo(this.rows, name);
    this.growRenamed(stringsOf(cte['aliascolnames']), outputs);
  }

  /** True if a FROM item may have a column that carries. What is not known here may. */
  itemCarries(item: Node | undefined): boolean {
    if (!item) return false;
    const { type, fields } = item;
    const relation = text(fields['relname']);
    if (relation !== undefined) {
      return this.isMaskedRelation(relation) || (!fields['schemaname'] && this.carryingCtes.has(relation));
    }
    if (type === 'RangeSubselect') return this.carries(asNode(fields['subquery']));
    if (type === 'JoinExpr')
      return this.itemCarries(asNode(fields['larg'])) || this.itemCarries(asNode(fields['rarg']));
    if (type === 'RangeTableSample') return this.itemCarries(asNode(fields['relation']));
    // Their arguments may not name a masked column at all.
    return !(type === 'RangeFunction' || type === 'RangeTableFunc' || type === 'JsonTable');
  }

  /** True if a query may give a masked value to what reads it. */
  carries(query: Node | undefined): boolean {
    return this.outputs(query).some((each) => each.carries);
  }

  outputs(query: Node | undefined): readonly Output[] {
    if (!query) return [];
    const kept = this.outputsByQuery.get(query.fields);
    if (kept) return kept;
    const outputs = this.freshOutputs(query);
    this.outputsByQuery.set(query.fields, outputs);
    return outputs;
  }

  private freshOutputs(query: Node): readonly Output[] {
    const { type, fields } = query;
    if (type !== 'SelectStmt') return this.returned(query);
    const row = fieldsOf(list(fields['valuesLists'])[0], 'List');
    if (row) return list(row['items']).map((_, at) => plainOutput(`column${at + 1}`));
    if (fields['op'] !== undefined && fields['op'] !== 'SETOP_NONE') return this.combined(fields);
    const from = list(fields['fromClause']).map(asNode);
    return list(fields['targetList']).flatMap((each) => this.output(each, from));
  }

  private combined(fields: Fields): readonly Output[] {
    const arm = (field: string) => this.outputs({ type: 'SelectStmt', fields: fields[field] as Fields });
    const left = arm('larg');
    const both = combine(left, arm('rarg'));
    if (both !== 'unknown') return both;
    this.unknowable = true;
    return [...left, starOutput(true)];
  }

  /** RETURNING of a data-modifying with-query. */
  private returned({ type, fields }: Node): readonly Output[] {
    const clause = fields['returningClause'] as Fields | undefined;
    const target: Node = { type: 'RangeVar', fields: (fields['relation'] as Fields | undefined) ?? {} };
    const joined = [
      ...list(fields['fromClause']),
      ...(type === 'DeleteStmt' ? list(fields['usingClause']) : []),
    ];
    const from = [target, ...joined.map(asNode), asNode(fields['sourceRelation'])];
    return list(clause?.['exprs']).flatMap((each) => this.output(each, from));
  }

  private output(target: unknown, from: readonly (Node | undefined)[]): Output[] {
    const fields = fieldsOf(target, 'ResTarget');
    const value = asNode(fields?.['val']);
    if (!fields || !value) return [];
    const alias = text(fields['name']);
    if (value.type !== 'ColumnRef') {
      if (expands(value)) return [starOutput(false)];
      return [{ names: alias ? [alias] : defaultNames(value), carries: false, pure: false, star: false }];
    }
    const column = columnPath(value.fields);
    if (column.star) return [starOutput(this.starCarries(column, from))];
    const own = column.path.at(-1) ?? '';
    const mention = this.mention(column);
    const pure = mention !== undefined && mention !== '*' && (alias ?? own) === own;
    return [{ names: [alias ?? own], carries: mention !== undefined, pure, star: false }];
  }

  private starCarries({ path }: ColumnPath, from: readonly (Node | undefined)[]): boolean {
    const qualifier = path.at(-1);
    if (qualifier === undefined) return from.some((each) => each && this.itemCarries(each));
    return !this.isClean(qualifier);
  }

  /** A name in front of a dot that no item with masked columns bears. */
  private isClean(qualifier: string): boolean {
    return this.aliases.has(qualifier) && !this.rows.has(qualifier);
  }

  /**
   * The masked column that a column reference may mean, `*` for a whole row with masked columns, undefined for
   * neither. A star counts as a whole row; where it is a target by itself, that is the caller's to know.
   */
  mention({ path, star }: ColumnPath): string | undefined {
    const qualifier = star ? path.at(-1) : path.at(-2);
    if (star) return qualifier === undefined || !this.isClean(qualifier) ? '*' : undefined;
    if (qualifier !== undefined && this.isClean(qualifier)) return undefined;
    const name = path.at(-1) ?? '';
    if (qualifier === undefined && this.rows.has(name)) return '*';
    if (qualifier !== undefined && this.callsOnRow(qualifier, name)) return '*';
    if (this.masked.has(name)) return name;
    return this.masked.has(name.toLowerCase()) ? name.toLowerCase() : undefined;
  }

  /** `c.total` is total(c), a function of the whole row, where c has no column of that name. */
  private callsOnRow(qualifier: string, name: string): boolean {
    const columns = this.columnsOf(qualifier);
    if (columns.sure.has(name) || systemColumns.has(name)) return false;
    if (columns.complete) return true;
    return (
      rowFunctions.has(name) || !this.known.isBuiltinFunction(name) || this.known.relation(name) !== 'unknown'
    );
  }

  private columnsOf(qualifier: string): Columns {
    const kept = this.columnsByName.get(qualifier);
    if (kept) return kept;
    const items = this.items.filter((each) => itemNames(each).includes(qualifier));
    const columns = items.map((each) => this.columnsOfItem(each)).reduce(inBoth, undefined) ?? noColumns;
    this.columnsByName.set(qualifier, columns);
    return columns;
  }

  private columnsOfItem(item: Node): Columns {
    if (aliasNames(item.fields).columns.length > 0) return noColumns;
    const relation = text(item.fields['relname']);
    if (relation !== undefined) return this.columnsOfRelation(relation);
    if (item.type !== 'RangeSubselect') return noColumns;
    const named = certainNames(asNode(item.fields['subquery']));
    return named ? { sure: new Set(named), complete: true } : noColumns;
  }

  private columnsOfRelation(relation: string): Columns {
    if (this.ctes.some((each) => each['ctename'] === relation)) return noColumns;
    const all = this.known.columns?.(relation);
    if (all) return { sure: all, complete: true };
    return { sure: new Set(this.relations.get(relation)?.keys()), complete: false };
  }

  lookupOf(name: string): MaskedName | undefined {
    return this.masked.get(name);
  }

  /** True if a masked relation is named in this tree, or a with-query that names one. */
  touchesWithin(node: Node): boolean {
    let found = false;
    visit(node, ({ fields }) => {
      const relation = text(fields['relname']);
      if (relation === undefined) return;
      if (this.isMaskedRelation(relation) || this.touchingCtes.has(relation)) found = true;
    });
    return found;
  }
}

// Honest statements need three or four; only a text made to be slow needs more than some tens.
const maxRounds = 64;
const tooIntricate = () => new Refusal('*', 'the statement renames masked columns too often to be followed');

const writing: ReadonlySet<string> = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

interface Columns {
  /** Certainly columns of every item of that name. */
  readonly sure: ReadonlySet<string>;
  /** There are no others. */
  readonly complete: boolean;
}

const noColumns: Columns = { sure: new Set(), complete: false };

function inBoth(before: Columns | undefined, each: Columns): Columns {
  if (!before) return each;
  const sure = [...each.sure].filter((name) => before.sure.has(name));
  return { sure: new Set(sure), complete: before.complete && each.complete };
}

/** What a FROM item can be called by in front of a dot, too many rather than too few. */
function itemNames({ fields }: Node): string[] {
  const using = text((fields['join_using_alias'] as Fields | undefined)?.['aliasname']);
  return [aliasNames(fields).name, text(fields['relname']), using].filter((each) => each !== undefined);
}

const systemColumns: ReadonlySet<string> = new Set(['tableoid', 'ctid', 'xmin', 'xmax', 'cmin', 'cmax']);
