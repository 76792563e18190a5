import type { CallingCast, CatalogColumn, CatalogRelation, Names, Sensitive } from '../lineage.js';
import type { RelationName } from '../facts.js';

/** A table as a test writes it: `column` or `column type`, and `!class` or `!class?` (may be looked up) if masked. */
export interface TableText {
  readonly schema?: string;
  readonly name: string;
  readonly kind?: string;
  readonly columns: string;
}

export interface CatalogText {
  readonly tables: readonly TableText[];
  readonly functions?: readonly string[];
  readonly operators?: readonly string[];
  readonly casts?: readonly CallingCast[];
  /** Composite types by OID, in the same words. */
  readonly composites?: Readonly<Record<number, string>>;
  readonly searchPath?: readonly string[];
  /** The OID of a table, where a real server gives it. */
  readonly oid?: (schema: string, name: string) => number;
}

const types: Readonly<Record<string, number>> = {
  text: 25,
  int: 23,
  numeric: 1700,
  timestamptz: 1184,
  jsonb: 3802,
  varchar: 1043,
  bool: 16,
  'text[]': 1009,
  address: 90_001,
};

/** What a proxy's catalog would say of these tables. */
export function catalogOf(of: CatalogText): Names {
  const relations = of.tables.map((each, at) => relationOf(each, at, of));
  const searchPath = of.searchPath ?? ['public'];
  return {
    anySensitive: true,
    relation: (name) => resolve(relations, searchPath, name),
    isBuiltinFunction: (name) => !(of.functions ?? []).includes(name),
    isBuiltinOperator: (name) => !(of.operators ?? []).includes(name),
    casts: of.casts,
    composite: (typeOid) => {
      const columns = of.composites?.[typeOid];
      return columns === undefined ? undefined : columnsOf(columns);
    },
  };
}

function resolve(
  relations: readonly CatalogRelation[],
  searchPath: readonly string[],
  { schema, name }: RelationName,
): CatalogRelation | 'unknown' {
  for (const each of schema === undefined ? searchPath : [schema]) {
    const found = relations.find((relation) => relation.schema === each && relation.name === name);
    if (found) return found;
  }
  return 'unknown';
}

function relationOf(
  { schema = 'public', name, kind = 'r', columns }: TableText,
  at: number,
  of: CatalogText,
): CatalogRelation {
  const oid = of.oid?.(schema, name) ?? 20_000 + at;
  return { oid, schema, name, kind, columns: columnsOf(columns) };
}

function columnsOf(columns: string): CatalogColumn[] {
  return columns.split(',').map((text, at) => {
    const [name = '', ...words] = text.trim().split(/\s+/);
    const type = words.find((word) => !word.startsWith('!')) ?? 'text';
    const mask = words.find((word) => word.startsWith('!'))?.slice(1);
    const column = { name, attnum: at + 1, typeOid: types[type] ?? 0 };
    return mask === undefined ? column : { ...column, sensitive: sensitive(mask) };
  });
}

const sensitive = (mask: string): Sensitive => ({
  class: mask.replace('?', ''),
  lookup: mask.endsWith('?'),
});
