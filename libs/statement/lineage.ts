import type { RelationName } from './facts.js';

/**
 * What the names of a text mean in one session, for one principal: the target's catalog, the session's search_path, and
 * the columns that this principal may not read in the clear. One object per (catalog, search_path, revealed classes), so
 * that whoever keeps an answer may compare by identity.
 */
export interface Names {
  /** False only if nothing in the whole database is masked for this principal: then nothing is judged. */
  readonly anySensitive: boolean;
  /**
   * As the server would resolve it in this session: pg_temp, pg_catalog and search_path in their order. 'unknown': there
   * is none in this catalog. 'unclear': several could be meant, since the search_path is not known now.
   */
  relation(name: RelationName): CatalogRelation | 'unknown' | 'unclear';
  /** True if nothing outside pg_catalog bears this function's name. */
  isBuiltinFunction(name: string): boolean;
  /** True if nothing outside pg_catalog bears this operator's name. */
  isBuiltinOperator(name: string): boolean;
  /** The columns of a composite type by its OID: a table's row type, or CREATE TYPE … AS; undefined if it is none. */
  composite(typeOid: number): readonly CatalogColumn[] | undefined;
}

export interface CatalogRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind: r, p, v, m, f, S, t. */
  readonly kind: string;
  /** In attribute order, without dropped ones; system columns (ctid, xmin, …) are not here and never sensitive. */
  readonly columns: readonly CatalogColumn[];
}

export interface CatalogColumn {
  readonly name: string;
  readonly attnum: number;
  /** A domain's base type. */
  readonly typeOid: number;
  /** Present where this principal may read it only masked. */
  readonly sensitive?: Sensitive;
}

export interface Sensitive {
  readonly class: string;
  /** `=`, IN and = ANY with literals or parameters may be used on it in predicates. */
  readonly lookup: boolean;
}

/** A masked base column, as reasons and records name it. */
export interface MaskedColumn extends Sensitive {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly tableOid: number;
  readonly attnum: number;
}

/** The judgement of a text: refuse, or go on and mask by position what has no origin of its own. */
export type LineageAnswer =
  | { readonly ok: false; readonly column: string; readonly reason: string }
  | {
      readonly ok: true;
      /** No masked column is reached at all: results need only the value classifiers. */
      readonly clean: boolean;
      /** By statement of the text. */
      readonly results: readonly StatementResult[];
      /** Relations that the catalog does not have: read it and ask again; then the server will say so itself. */
      readonly unknownRelations: readonly string[];
      /** Compared with masked columns by equality. */
      readonly lookups: readonly MaskedLookup[];
      /** Literals and parameters that the text carries to the target. */
      readonly inbound: Inbound;
    };

export interface StatementResult {
  /**
   * What each output column carries, in order; undefined where a statement returns no rows or those of another text
   * (EXECUTE, FETCH). A RowDescription of another width than this is masked whole.
   */
  readonly outputs: readonly OutputLineage[] | undefined;
}

export interface OutputLineage {
  readonly name: string;
  /** The masked columns whose values this output may carry or be made of; empty: none. */
  readonly sources: readonly MaskedColumn[];
  /** The bare column, unchanged: its own transform holds. Else an expression: masked whole. */
  readonly bare: boolean;
}

export interface MaskedLookup {
  readonly column: MaskedColumn;
  readonly constants: readonly string[];
  /** Numbers of parameters that are one value each, and of those that are an array of values. */
  readonly parameters: readonly number[];
  readonly arrayParameters: readonly number[];
  /** Of those that stand in ARRAY[…] as they are: one value each, or arrays where they are declared or used as such. */
  readonly elementParameters: readonly number[];
}

export interface Inbound {
  /** Every literal of the text that is a value, unescaped; constants of SET, LIMIT and the like too. */
  readonly literals: readonly string[];
  /** What is written to a masked column: `INSERT … VALUES`, `SET email = …`, ON CONFLICT, MERGE. */
  readonly writes: readonly {
    readonly column: MaskedColumn;
    readonly literals: readonly string[];
    readonly parameters: readonly number[];
  }[];
}
