import type { CatalogColumn } from '#statement';
import { columnsOf } from './catalog-queries.js';
import type { Ask } from './catalog-read.js';
import { baseType, type CatalogSnapshot, type Composite, type Relation } from './catalog-snapshot.js';
import type { Row } from './target-channel.js';

type Types = CatalogSnapshot['types'];

/** What is known of a relation's columns, by OID, kept while none of them changes. */
export type KnownColumns = Map<
  number,
  { readonly version: string; readonly columns: readonly CatalogColumn[] }
>;

export interface Relations {
  readonly relations: Map<number, Relation>;
  readonly composites: Map<number, Composite>;
}

/** Relations and composite types; of those that `known` has in this version, the columns aren't read again. */
export async function readRelations(
  ask: Ask,
  query: string,
  types: Types,
  known: KnownColumns,
): Promise<Relations> {
  const rows = await ask(query);
  await readColumns(ask, rows, types, known);
  const relations = new Map<number, Relation>();
  const composites = new Map<number, Composite>();
  for (const [id, schema, name, kind, toast, rowType, rowArrayType] of rows) {
    const oid = Number(id);
    const { version, columns } = known.get(oid)!;
    if (kind === 'c') composites.set(Number(rowType), { columns, arrayType: Number(rowArrayType) });
    else
      relations.set(oid, {
        oid,
        schema: schema!,
        name: name!,
        kind: kind!,
        columns,
        version,
        toast: Number(toast),
        rowType: Number(rowType),
        rowArrayType: Number(rowArrayType),
      });
  }
  return { relations, composites };
}

async function readColumns(ask: Ask, rows: readonly Row[], types: Types, known: KnownColumns): Promise<void> {
  const versions = new Map(rows.map((row) => [Number(row[0]), row.at(-1)!]));
  for (const oid of known.keys()) if (!versions.has(oid)) known.delete(oid);
  const changed = [...versions].filter(([oid, version]) => known.get(oid)?.version !== version);
  if (changed.length === 0) return;
  const read = await ask(columnsOf(changed.map(([id]) => String(id))));
  // Only now, since a read may fail. A relation may have no column at all.
  for (const [oid, version] of changed) known.set(oid, { version, columns: [] });
  const names = new Map<string, string>();
  for (const [oid, json] of read)
    known.set(Number(oid), {
      version: versions.get(Number(oid))!,
      columns: parseColumns(json!, types, names),
    });
}

function parseColumns(json: string, types: Types, names: Map<string, string>): CatalogColumn[] {
  const entries = JSON.parse(json) as [number, string, number][];
  return entries.map(([attnum, name, typeOid]) => ({
    name: shared(names, name),
    attnum,
    typeOid: baseType(types, typeOid),
  }));
}

/** One string for all that are equal: `id` and `created_at` stand in thousands of tables. */
function shared(names: Map<string, string>, name: string): string {
  const known = names.get(name);
  if (known === undefined) names.set(name, name);
  return known ?? name;
}
