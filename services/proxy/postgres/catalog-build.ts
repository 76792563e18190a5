import type { RelationName, SensitiveColumn, SensitiveNames } from '#statement';
import {
  classOf,
  deriveMasks,
  whole,
  type CatalogMask,
  type FormerNames,
  type MaskColumn,
  type Masks,
} from './catalog-masks.js';
import { FIRST_USER_OID } from './catalog-read.js';
import type { CatalogSnapshot, Relation, RelationPlace } from './catalog-snapshot.js';
import type { Catalog } from './catalog.js';

/** A snapshot and the rules, compiled for lookups. Pure. */
export function buildCatalog(
  version: number,
  snapshot: CatalogSnapshot,
  rule: MaskColumn,
  former: FormerNames,
): Catalog {
  const masks = deriveMasks(snapshot, rule, former);
  const places = indexPlaces(snapshot);
  return {
    version,
    columnMask: (tableOid, attnum) => columnMask(snapshot, masks, tableOid, attnum),
    names: sensitiveNames(snapshot, masks, places),
    resolve: ({ schema, name }) => resolve(places, schema, name),
    baseType: (typeOid) => baseType(snapshot, typeOid),
    elementType: (typeOid) => snapshot.types.get(typeOid)?.element || undefined,
    isEnum: (typeOid) => snapshot.types.get(typeOid)?.kind === 'enum',
    isCatalogName: (word) =>
      snapshot.words.has(word) ||
      (word.includes('.') && word.split('.').every((part) => snapshot.words.has(part))),
  };
}

function columnMask(
  { relations }: CatalogSnapshot,
  masks: Masks,
  tableOid: number,
  attnum: number,
): CatalogMask | 'none' | 'unknown' {
  if (tableOid < FIRST_USER_OID) return 'none';
  const relation = relations.get(tableOid);
  if (relation === undefined) return 'unknown';
  const masked = masks.get(tableOid);
  if (attnum === 0) return masked === undefined ? 'none' : whole(classOf(masked.values()));
  // System columns (ctid, tableoid, …) say nothing of a value.
  if (attnum < 0) return 'none';
  return masked?.get(attnum) ?? (relation.columns.has(attnum) ? 'none' : 'unknown');
}

function indexPlaces({ relations, systemRelations }: CatalogSnapshot): Map<string, RelationPlace[]> {
  const places = new Map<string, RelationPlace[]>();
  for (const place of [...relations.values(), ...systemRelations]) {
    const known = places.get(place.name);
    if (known === undefined) places.set(place.name, [place]);
    else known.push(place);
  }
  return places;
}

/** A session's own temporary schema is called pg_temp in statements, pg_temp_N in the catalog. */
function resolve(
  places: ReadonlyMap<string, readonly RelationPlace[]>,
  schema: RelationName['schema'],
  name: string,
): readonly RelationPlace[] {
  const found = places.get(name) ?? [];
  if (schema === undefined) return found;
  if (schema === 'pg_temp') return found.filter((place) => place.schema.startsWith('pg_temp_'));
  return found.filter((place) => place.schema === schema);
}

function sensitiveNames(
  snapshot: CatalogSnapshot,
  masks: Masks,
  places: ReadonlyMap<string, readonly RelationPlace[]>,
): SensitiveNames {
  const byName = new Map<string, Map<string, SensitiveColumn>>();
  for (const [oid, masked] of masks) {
    const relation = snapshot.relations.get(oid);
    if (relation === undefined) continue;
    let columns = byName.get(relation.name);
    if (columns === undefined) byName.set(relation.name, (columns = new Map()));
    for (const [attnum, mask] of masked) addColumn(columns, relation.columns.get(attnum)?.name, mask);
  }
  return {
    relation: (name) => byName.get(name) ?? (places.has(name) ? undefined : 'unknown'),
    isBuiltinFunction: (name) => !snapshot.functions.has(name),
    isBuiltinOperator: (name) => !snapshot.operators.has(name),
    anySensitive: masks.size > 0,
    columns: sharedColumns(snapshot, places),
  };
}

/** The columns that all relations of a name have; found when first asked for. */
function sharedColumns(
  { relations }: CatalogSnapshot,
  places: ReadonlyMap<string, readonly RelationPlace[]>,
): (name: string) => ReadonlySet<string> | undefined {
  const found = new Map<string, ReadonlySet<string> | undefined>();
  return (name) => {
    if (!found.has(name)) found.set(name, shared([...relations.values()].filter((r) => r.name === name)));
    // A relation of the server's own that bears the name has columns that are not read here.
    const known = (places.get(name) ?? []).filter(({ oid }) => oid !== undefined).length;
    return known === (places.get(name) ?? []).length ? found.get(name) : undefined;
  };
}

function shared(relations: readonly Relation[]): ReadonlySet<string> | undefined {
  const [first, ...rest] = relations.map(
    ({ columns }) => new Set([...columns.values()].map(({ name }) => name)),
  );
  return first && new Set([...first].filter((name) => rest.every((other) => other.has(name))));
}

/** Of two relations of one name the stricter counts. */
function addColumn(columns: Map<string, SensitiveColumn>, name: string | undefined, mask: CatalogMask): void {
  if (name === undefined) return;
  const known = columns.get(name);
  if (known === undefined) columns.set(name, { class: mask.class, lookup: mask.lookup });
  else
    columns.set(name, {
      class: known.class === mask.class ? mask.class : 'mixed',
      lookup: known.lookup && mask.lookup,
    });
}

function baseType({ types }: CatalogSnapshot, typeOid: number): number {
  let oid = typeOid;
  for (let type = types.get(oid); type?.kind === 'domain' && type.base !== 0; type = types.get(oid))
    oid = type.base;
  return oid;
}
