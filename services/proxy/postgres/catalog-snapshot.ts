/** The target's catalog as it was read: plain data, keyed by OID. */
export interface CatalogSnapshot {
  /** System identifier and database OID: OIDs mean something only below the same. */
  readonly identity: string;
  /** Those made after initdb. */
  readonly relations: ReadonlyMap<number, Relation>;
  /** The server's own relations (pg_catalog, information_schema): known, never masked here. */
  readonly systemRelations: readonly RelationPlace[];
  /** Inheritance and partitions. */
  readonly children: readonly { readonly child: number; readonly parent: number }[];
  readonly views: ReadonlyMap<number, ViewFacts>;
  /** Generated columns and what they are made from, within one relation. */
  readonly generated: readonly { readonly relation: number; readonly from: number; readonly to: number }[];
  /** Functions and operators that are not the server's own, by name. */
  readonly functions: ReadonlySet<string>;
  readonly operators: ReadonlySet<string>;
  readonly types: ReadonlyMap<number, TypeFacts>;
  /** Every name that the catalog itself gives to something. */
  readonly words: ReadonlySet<string>;
}

export interface RelationPlace {
  /** Absent for the server's own. */
  readonly oid?: number;
  readonly schema: string;
  readonly name: string;
}

export interface Relation extends RelationPlace {
  readonly oid: number;
  /** pg_class.relkind: r table, p partitioned, v view, m materialized view, f foreign, t TOAST. */
  readonly kind: string;
  /** Its TOAST table, or 0. */
  readonly toast: number;
  /** The types of its rows and of arrays of them, or 0. */
  readonly rowType: number;
  readonly rowArrayType: number;
  /** By attribute number; dropped ones are not here. */
  readonly columns: ReadonlyMap<number, Column>;
}

export interface Column {
  readonly name: string;
  readonly typeOid: number;
}

/** What a view's (or materialized view's) definition touches. */
export interface ViewFacts {
  /** Attribute 0: no column of it is named. */
  readonly reads: readonly { readonly relation: number; readonly attnum: number }[];
  /** It names a whole row somewhere: then every column of what it reads counts as read. */
  readonly wholeRow: boolean;
  /** It calls what may read any table: a function of the database's own, or one that runs SQL. */
  readonly opaque: boolean;
}

export interface TypeFacts {
  readonly kind: 'base' | 'domain' | 'enum' | 'range' | 'other';
  /** A domain's own type, or 0. */
  readonly base: number;
  /** An array's element type, or 0. */
  readonly element: number;
}
