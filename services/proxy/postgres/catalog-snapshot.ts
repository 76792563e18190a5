import type { CallingCast, CatalogColumn, CatalogRelation, NameEncoding } from '#statement';

/** The target's catalog as it was read: plain data, keyed by OID. */
export interface CatalogSnapshot {
  /** System identifier and database OID: OIDs mean something only below the same. */
  readonly identity: string;
  /** Undefined: UTF-8. */
  readonly encoding?: Pick<NameEncoding, 'width' | 'folds'> | undefined;
  /** Those made after initdb. */
  readonly relations: ReadonlyMap<number, Relation>;
  /** The server's own relations (pg_catalog, information_schema): known, never masked here. */
  readonly system: ReadonlyMap<number, Relation>;
  /** CREATE TYPE … AS, by type OID. */
  readonly composites: ReadonlyMap<number, Composite>;
  /** Inheritance and partitions. */
  readonly children: readonly { readonly child: number; readonly parent: number }[];
  /** What tables are partitioned by; attribute 0: an expression. */
  readonly partitionKeys: readonly { readonly relation: number; readonly attnum: number }[];
  readonly views: ReadonlyMap<number, ViewFacts>;
  /** Relations whose rules for INSERT, UPDATE or DELETE may return rows of their own. */
  readonly rewritten: readonly (RuleReads & { readonly relation: number })[];
  /** What views select, as the server prints it with nothing but pg_catalog in its search_path. */
  readonly definitions: ReadonlyMap<number, ViewDefinition>;
  /** Generated columns and what they are made from, within one relation; `from` 0: from no column. */
  readonly generated: readonly { readonly relation: number; readonly from: number; readonly to: number }[];
  /** Functions and operators that are not the server's own, by name. */
  readonly functions: ReadonlySet<string>;
  readonly operators: ReadonlySet<string>;
  readonly casts: readonly CallingCast[];
  readonly types: ReadonlyMap<number, TypeFacts>;
  /** Every name that the catalog itself gives to something. */
  readonly words: ReadonlySet<string>;
}

/** Its columns' types are the base types of domains; no column is marked sensitive here. */
export interface Relation extends CatalogRelation {
  /** Another for every change of its name or of its columns. */
  readonly version: string;
  /** Its TOAST table, or 0. */
  readonly toast: number;
  /** The types of its rows and of arrays of them, or 0. */
  readonly rowType: number;
  readonly rowArrayType: number;
}

export interface Composite {
  readonly columns: readonly CatalogColumn[];
  readonly arrayType: number;
}

/** What a rule's actions touch. */
export interface RuleReads {
  /** Attribute 0: no column of it is named. */
  readonly reads: readonly { readonly relation: number; readonly attnum: number }[];
  /** It names a whole row somewhere: then every column of what it reads counts as read. */
  readonly wholeRow: boolean;
  /** It calls what may read any table: a function of the database's own, or one that runs SQL. */
  readonly opaque: boolean;
}

/** What a view's (or materialized view's) definition touches. */
export interface ViewFacts extends RuleReads {
  /** Another for every version of its rule. */
  readonly rule: string;
}

export interface ViewDefinition {
  /** Another whenever its rule, or a name that it prints, may have changed. */
  readonly key: string;
  readonly text: string;
}

export interface TypeFacts {
  readonly kind: 'base' | 'domain' | 'enum' | 'range' | 'other';
  /** A domain's own type, or 0. */
  readonly base: number;
  /** An array's element type, or 0. */
  readonly element: number;
}

/** Its column of this number; columns are in the order of their numbers, with gaps where some were dropped. */
export function columnAt(relation: CatalogRelation, attnum: number): CatalogColumn | undefined {
  const guess = relation.columns[attnum - 1];
  return guess?.attnum === attnum ? guess : relation.columns.find((column) => column.attnum === attnum);
}

/** A domain's base type, through all levels; any other type itself. */
export function baseType(types: CatalogSnapshot['types'], typeOid: number): number {
  let oid = typeOid;
  for (let type = types.get(oid); type?.kind === 'domain' && type.base !== 0; type = types.get(oid))
    oid = type.base;
  return oid;
}
