import type { CatalogColumn, CatalogRelation, MaskedColumn } from '../../lineage.js';

/** What an expression or a column carries. */
export interface Value {
  /** The masked columns that it carries or is made of. */
  readonly sources: readonly MaskedColumn[];
  /** The value of its one source, unchanged. */
  readonly bare: boolean;
  /** The base type's OID, where the catalog tells it. */
  readonly type?: number;
  /** Of a whole row. */
  readonly row?: readonly Column[];
  /** Bare, and of a table that outlives the session: what may be joined with its like. */
  readonly joinable?: boolean;
}

export interface Column {
  readonly name: string;
  readonly value: Value;
}

/** One thing that FROM brings into scope. */
export interface Item {
  /** What it is called in `name.column`; none for an unnamed join. */
  readonly name: string | undefined;
  /** A relation under its own name may be called with its schema, too. */
  readonly schema: string | undefined;
  readonly columns: readonly Column[];
  /** It may have columns that are not known here. */
  readonly open: boolean;
  /** Open, but only in what `*` stands for. */
  readonly certainNames?: boolean;
  /** A relation: it has ctid, xmin and their like. */
  readonly hasSystemColumns: boolean;
  /** Its columns can be called by their bare names, and `*` has them; joins with merged columns hide their sides. */
  visible: boolean;
}

export const none: readonly MaskedColumn[] = [];
export const clear: Value = { sources: none, bare: false };

export const derived = (sources: readonly MaskedColumn[]): Value =>
  sources.length === 0 ? clear : { sources, bare: false };

/** Sources of both, each once. */
export function union(a: readonly MaskedColumn[], b: readonly MaskedColumn[]): readonly MaskedColumn[] {
  if (a.length === 0 || a === b) return b;
  if (b.length === 0) return a;
  // One object a column: columnsOf makes each once.
  if (b.length === 1 && a.includes(b[0] as MaskedColumn)) return a;
  const all = new Set([...a, ...b]);
  return all.size === a.length ? a : [...all];
}

export function sourcesOf(columns: readonly Column[]): readonly MaskedColumn[] {
  const masked = columns.filter(({ value }) => value.sources.length > 0);
  if (masked.length < 2) return masked[0]?.value.sources ?? none;
  return [...new Set(masked.flatMap(({ value }) => value.sources))];
}

/** The value of either: what a set operation, CASE or a merged column gives. */
export function either(a: Value, b: Value): Value {
  if (a === b) return a;
  if (a.sources.length === 0 && b.sources.length === 0) return clear;
  const sources = union(a.sources, b.sources);
  if (a.bare && b.bare && sources.length === 1) return a;
  return a.type !== undefined && a.type === b.type
    ? { sources, bare: false, type: a.type }
    : { sources, bare: false };
}

export interface KnownColumns {
  readonly columns: readonly Column[];
  readonly masked: boolean;
}

// Catalogs are immutable: one reading of a relation serves every statement over it.
const known = new WeakMap<CatalogRelation, KnownColumns>();

export function columnsOf(relation: CatalogRelation): KnownColumns {
  let entry = known.get(relation);
  if (!entry) {
    const joinable =
      (relation.kind === 'r' || relation.kind === 'p') && !relation.schema.startsWith('pg_temp');
    const columns = relation.columns.map((each) => columnOf(relation, each, joinable));
    entry = { columns, masked: columns.some(({ value }) => value.sources.length > 0) };
    known.set(relation, entry);
  }
  return entry;
}

function columnOf(relation: CatalogRelation, column: CatalogColumn, joinable: boolean): Column {
  const { name, attnum, typeOid, sensitive } = column;
  if (!sensitive) return { name, value: { sources: none, bare: false, type: typeOid } };
  const { schema, name: table, oid: tableOid } = relation;
  const source: MaskedColumn = {
    class: sensitive.class,
    lookup: sensitive.lookup,
    ...(sensitive.countedAt ? { countedAt: sensitive.countedAt } : {}),
    schema,
    table,
    column: name,
    tableOid,
    attnum,
  };
  return { name, value: { sources: [source], bare: true, type: typeOid, joinable } };
}
