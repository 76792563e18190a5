import type { RelationName } from '../../facts.js';
import type { CatalogRelation, MaskedColumn, MaskedLookup, Names } from '../../lineage.js';
import { catalogKind } from '../catalogs.js';
import type { Node } from '../tree.js';
import { dml } from './dml.js';
import type { Ctes, Engine, Resolved, Rows, Write } from './engine.js';
import { expression, target } from './expressions.js';
import { spellings, type Scope } from './namespace.js';
import { predicate } from './predicates.js';
import { refusal, Refusal, type Place } from './refusal.js';
import { select } from './select.js';
import { columnsOf, type Value } from './values.js';
import type { Work } from './work.js';

/** Judges one statement: the engine's state, and where its parts meet. */
export class Judge implements Engine {
  readonly lookups = new Map<object, MaskedLookup>();
  readonly writes: Write[] = [];
  /** A relation that has masked columns was named. */
  touched = false;
  firstUnresolved: string | undefined;
  private mentions: Set<MaskedColumn> | undefined;

  constructor(
    readonly names: Names,
    readonly work: Work,
    readonly values: Engine['values'],
    readonly unknownRelations: Set<string>,
    readonly owner = false,
  ) {}

  relation(name: RelationName): Resolved {
    const relation = this.named(name);
    if (typeof relation === 'object') {
      const { columns, masked } = columnsOf(relation);
      if (masked) this.touched = true;
      // Of the server's own, a catalog may know the name only.
      const open = columns.length === 0 && catalogKind(relation) !== 'none';
      return { relation, columns, open };
    }
    if (catalogKind(name) === 'none') this.unknownRelations.add(written(name));
    return { relation: undefined, columns: [], open: true };
  }

  private named(name: RelationName): CatalogRelation | 'unknown' {
    const [, folded] = spellings(name.name);
    const found = this.names.relation(name);
    const other = folded === undefined ? 'unknown' : this.names.relation({ ...name, name: folded });
    if (found === 'unclear' || other === 'unclear' || (found !== 'unknown' && other !== 'unknown')) {
      const reason = `which relation ${written(name)} is cannot be told: write it with its schema`;
      throw new Refusal('*', reason);
    }
    return found === 'unknown' ? other : found;
  }

  unresolved(reason: string): void {
    this.firstUnresolved ??= reason;
  }

  use({ sources, row }: Value, place: Place): void {
    const [first] = sources;
    if (!first) return;
    if (!this.owner) throw refusal(row ? '*' : first.column, place);
    for (const each of sources) this.mentions?.add(each);
  }

  mentioned(work: () => void): readonly MaskedColumn[] {
    if (!this.owner) {
      work();
      return [];
    }
    const before = this.mentions;
    this.mentions = new Set();
    work();
    const found = [...this.mentions];
    this.mentions = before;
    return found;
  }

  query(
    { type, fields }: Node,
    outer: Scope | undefined,
    ctes: Ctes | undefined,
    firstArm?: (rows: Rows) => void,
  ): Rows {
    if (type === 'SelectStmt') return select(this, fields, outer, ctes, firstArm);
    const write = Object.hasOwn(dml, type) && !this.owner ? dml[type] : undefined;
    if (write) return write(this, fields, outer, ctes);
    throw new Refusal('*', 'the statement is not understood');
  }

  target(node: Node, scope: Scope): Value {
    return target(this, node, scope);
  }

  expression(node: Node, scope: Scope, place: Place): void {
    expression(this, node, scope, place);
  }

  predicate(node: Node | undefined, scope: Scope): void {
    predicate(this, node, scope);
  }
}

const written = ({ schema, name }: RelationName): string =>
  schema === undefined ? name : `${schema}.${name}`;
