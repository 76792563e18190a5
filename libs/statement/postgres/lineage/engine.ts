import type { RelationName } from '../../facts.js';
import type { CatalogRelation, MaskedColumn, MaskedLookup, Names } from '../../lineage.js';
import type { Fields, Node } from '../tree.js';
import type { Scope } from './namespace.js';
import type { Place } from './refusal.js';
import type { Column, Value } from './values.js';
import type { Work } from './work.js';

/** What a query gives; `open` if it has columns that are not known here. */
export interface Rows {
  readonly columns: readonly Column[];
  readonly open: boolean;
  /** Of open ones: all names are known, only what `*` stands for is not. */
  readonly certainNames?: boolean;
}

/** A with-query. */
export interface Cte {
  readonly name: string;
  readonly fields: Fields;
  readonly outer: Scope | undefined;
  /** Those that it sees itself. */
  visible: Ctes | undefined;
  state: 'new' | 'running' | 'done';
  rows: Rows | undefined;
  usedBySelf: boolean;
}

/** Innermost first. */
export interface Ctes {
  readonly cte: Cte;
  readonly next: Ctes | undefined;
}

export interface Write {
  readonly column: MaskedColumn;
  readonly literals: readonly string[];
  readonly parameters: readonly number[];
}

/** What a relation's name means. */
export interface Resolved {
  readonly relation: CatalogRelation | undefined;
  readonly columns: readonly Column[];
  readonly open: boolean;
}

/** The way from one part of the grammar to another; `judge.ts` puts them together. */
export interface Engine {
  readonly names: Names;
  readonly work: Work;
  /** A view's definition: its owner may compare and order as they like; what is made of a masked column is noted. */
  readonly owner: boolean;
  readonly lookups: Map<object, MaskedLookup>;
  readonly writes: Write[];
  /** The statement's own values, for writes whose value comes from somewhere within it. */
  readonly values: { readonly literals: readonly string[]; readonly parameters: readonly number[] };

  relation(name: RelationName): Resolved;
  /** A name that means nothing here: refused only if the statement touches what is masked. */
  unresolved(reason: string): void;
  /** What a value is used for that leaves no trace of it. */
  use(value: Value, place: Place): void;
  /** In a view's definition: the masked columns that are used meanwhile. */
  mentioned(work: () => void): readonly MaskedColumn[];

  /** A SELECT, VALUES or DML with its RETURNING. `firstArm` hears what a UNION's left side gives. */
  query(node: Node, outer: Scope | undefined, ctes: Ctes | undefined, firstArm?: (rows: Rows) => void): Rows;
  /** An expression whose value flows on, under its mask. */
  target(node: Node, scope: Scope): Value;
  /** An expression in which no masked column may be used. */
  expression(node: Node, scope: Scope, place: Place): void;
  /** A condition: look-ups may be used. */
  predicate(node: Node | undefined, scope: Scope): void;
}
