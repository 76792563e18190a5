import type { FormerNames } from './catalog-history.js';
import type { ViewLineage } from './catalog-lineage.js';
import { classOf, whole, type CatalogMask, type MaskColumn, type Masks } from './catalog-mask.js';
import { deriveMasks } from './catalog-masks.js';
import { Namespaces } from './catalog-namespace.js';
import { FIRST_USER_OID } from './catalog-queries.js';
import { nameEncoding } from './catalog-sight.js';
import { baseType, columnAt, type CatalogSnapshot } from './catalog-snapshot.js';
import type { Catalog } from './catalog.js';

/** A snapshot and the rules, compiled for lookups. Pure. */
export function buildCatalog(
  version: number,
  snapshot: CatalogSnapshot,
  rule: MaskColumn,
  former: FormerNames,
  lineage?: ViewLineage,
): Catalog {
  const masks = deriveMasks(snapshot, rule, former, lineage);
  const generated = new Set(snapshot.generated.map(({ relation, to }) => `${relation}.${to}`));
  const namespaces = new Namespaces(snapshot, masks);
  const anyPath = namespaces.of('unknown');
  return {
    version,
    key: {},
    columnMask: (tableOid, attnum) => columnMask(snapshot, masks, tableOid, attnum),
    isGenerated: (tableOid, attnum) => generated.has(`${tableOid}.${attnum}`),
    namespace: (searchPath) => namespaces.of(searchPath),
    namesFor: anyPath.namesFor,
    resolve: anyPath.resolve,
    baseType: (typeOid) => baseType(snapshot.types, typeOid),
    elementType: (typeOid) => snapshot.types.get(typeOid)?.element || undefined,
    isEnum: (typeOid) => snapshot.types.get(typeOid)?.kind === 'enum',
    encoding: nameEncoding(snapshot),
    isCatalogName: (word) =>
      snapshot.words.has(word) ||
      (word.includes('.') && word.split('.').every((part) => snapshot.words.has(part))),
  };
}

function columnMask(
  { relations, system }: CatalogSnapshot,
  masks: Masks,
  tableOid: number,
  attnum: number,
): CatalogMask | 'none' | 'unknown' {
  const isSystem = tableOid < FIRST_USER_OID;
  if (isSystem && !masks.has(tableOid)) return 'none';
  const relation = (isSystem ? system : relations).get(tableOid);
  if (relation === undefined) return 'unknown';
  const masked = masks.get(tableOid);
  if (attnum === 0) return masked === undefined ? 'none' : whole(classOf(masked.values()));
  // System columns (ctid, tableoid, …) say nothing of a value.
  if (attnum < 0) return 'none';
  return masked?.get(attnum) ?? (columnAt(relation, attnum) ? 'none' : 'unknown');
}
