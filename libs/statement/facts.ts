/** What a statement does, in Cedar's words; `policies/weir.cedarschema` has the same list. */
export type SqlAction =
  | 'sql:select'
  | 'sql:metadata' // a read of the system catalogs only
  | 'sql:insert'
  | 'sql:update'
  | 'sql:delete'
  | 'sql:merge'
  | 'sql:truncate'
  | 'sql:copy-out'
  | 'sql:copy-in'
  | 'sql:ddl'
  | 'sql:code' // DO, CALL, functions not on the list
  | 'sql:admin'
  | 'sql:session' // settings on the allow-list, cursors' housekeeping
  | 'sql:transaction'
  | 'sql:unknown';

export interface RelationName {
  /** As written; absent where the statement does not qualify it. */
  readonly schema?: string;
  readonly name: string;
}

/** One (action, resource) pair. No relation: the connection itself is the resource. */
export interface Access {
  readonly action: SqlAction;
  readonly relation?: RelationName;
  /** Column names of this relation that the statement reads or writes, as far as its text tells; `*` for all. */
  readonly columns: readonly string[];
  /** For update and delete: no WHERE, one that is a constant (`WHERE true`), or a real one. */
  readonly where?: 'none' | 'constant' | 'present';
}

export interface StatementFacts {
  /** The parser's node, in SQL's words: `select`, `create table`, `explain`, … A closed list. */
  readonly kind: string;
  readonly accesses: readonly Access[];
  /** Names of functions called, `schema.name` where qualified, lower-case as parsed. */
  readonly functions: readonly string[];
  readonly hasLimit: boolean;
  /** It changes data (also through a CTE, EXPLAIN ANALYZE or a function not on the list). */
  readonly writes: boolean;
  /** It locks the rows that it reads (FOR UPDATE, FOR SHARE), anywhere in it. */
  readonly locksRows: boolean;
  /** A name may mean another thing afterwards: RENAME, SET SCHEMA, ATTACH, INHERIT, another type of a column. */
  readonly renames: boolean;
  /** It returns rows to the client. */
  readonly returnsRows: boolean;
  /** Byte offsets of this statement in the text, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** Why it is refused whatever policies say, where `sql:unknown` would not tell. */
  readonly problem?: string;
  /** What it does to the session, where the gate must follow along. */
  readonly effect?: SessionEffect;
}

/** Effects on session state that outlive the statement. */
export type SessionEffect =
  | { readonly type: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'rollback-to' | 'discard-all' }
  | { readonly type: 'prepare'; readonly name: string }
  | { readonly type: 'execute'; readonly name: string; readonly explain: boolean }
  | { readonly type: 'deallocate'; readonly name: string | undefined }
  | { readonly type: 'declare'; readonly name: string }
  | { readonly type: 'fetch'; readonly name: string; readonly move: boolean }
  | { readonly type: 'close'; readonly name: string | undefined }
  | { readonly type: 'set'; readonly setting: string; readonly value: string | undefined }
  | {
      readonly type: 'copy';
      readonly direction: 'in' | 'out';
      /** What the target can be asked about for the columns; undefined where no such text is known. */
      readonly equivalentSelect: string | undefined;
      /** A table without a list of columns: its generated columns stay out, and the equivalent SELECT has them. */
      readonly wholeTable?: boolean;
      /** COPY's options by lower-case name (`format`, `delimiter`, …), true where no value is written; what a COPY out's rows look like. */
      readonly options?: readonly (readonly [name: string, value: string | number | boolean])[];
    };

/** A text, understood. Pure and cacheable by text. */
export interface Analysis {
  readonly text: string;
  /** Groups statements that differ in literals only; never authorises. Hex. */
  readonly fingerprint: string;
  /** Empty for an empty query. */
  readonly statements: readonly StatementFacts[];
}
