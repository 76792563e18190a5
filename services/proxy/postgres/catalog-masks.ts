import type { FormerNames } from './catalog-history.js';
import { opaqueLineage, type ViewLineage } from './catalog-lineage.js';
import { classOf, whole, WorkingMasks, type MaskColumn, type Masks } from './catalog-mask.js';
import { PG_CLASS } from './catalog-queries.js';
import { baseType, columnAt, type CatalogSnapshot, type Relation } from './catalog-snapshot.js';
import { maskRewritten, maskViews } from './catalog-view-masks.js';

/**
 * The masks of every column, from the rules by name and from what the catalog says of where values come from.
 * Pure. Conservative: where it can't tell it masks whole.
 */
export function deriveMasks(
  snapshot: CatalogSnapshot,
  rule: MaskColumn,
  former: FormerNames,
  lineage: ViewLineage = opaqueLineage,
): Masks {
  const masks = new WorkingMasks();
  for (const relation of snapshot.relations.values()) maskByName(masks, relation, rule, former);
  const columnsByName = indexColumns(snapshot);
  do {
    maskRelated(masks, snapshot, columnsByName);
    maskBounds(masks, snapshot);
    masks.changed = false;
    maskViews(masks, snapshot, lineage);
    maskRewritten(masks, snapshot);
    // Views stand on views, and a table may hold a view's rows.
  } while (masks.changed);
  maskToast(masks, snapshot);
  return masks.byRelation;
}

/** Rules stick across renames: a column that was masked under its former name stays so. */
function maskByName(masks: WorkingMasks, relation: Relation, rule: MaskColumn, former: FormerNames): void {
  for (const { attnum, name } of relation.columns) {
    let mask = rule(relation.schema, relation.name, name);
    for (const was of former.get(relation.oid)?.get(attnum) ?? [])
      mask ??= rule(was.schema, was.table, was.column);
    if (mask !== undefined) masks.add(relation.oid, attnum, mask);
  }
}

/** Repeats until nothing is added: inheritance has levels, and generated columns may stand on inherited ones. */
function maskRelated(masks: WorkingMasks, snapshot: CatalogSnapshot, columnsByName: ColumnIndex): void {
  do {
    masks.changed = false;
    maskInherited(masks, snapshot, columnsByName);
    for (const { relation, from, to } of snapshot.generated) {
      const source = masks.get(relation, from);
      if (source !== undefined) masks.derive(relation, to, whole(source.class));
    }
    maskRowTyped(masks, snapshot);
  } while (masks.changed);
}

/**
 * Both ways: a parent's rule holds for its children, and a child's for its parent, whose scan shows the
 * child's rows under the parent's OID.
 */
function maskInherited(
  masks: WorkingMasks,
  { children, relations }: CatalogSnapshot,
  columnsByName: ColumnIndex,
): void {
  for (const { child, parent } of children)
    for (const [from, to] of [[parent, child] as const, [child, parent] as const]) {
      const relation = relations.get(from);
      for (const [attnum, mask] of [...(masks.of(from) ?? [])]) {
        const name = relation && columnAt(relation, attnum)?.name;
        const same = name === undefined ? undefined : columnsByName.get(to)?.get(name);
        if (same !== undefined) masks.add(to, same, mask);
      }
    }
}

/** Attribute numbers by name, of relations that inherit or are inherited from. */
type ColumnIndex = ReadonlyMap<number, ReadonlyMap<string, number>>;

function indexColumns({ children, relations }: CatalogSnapshot): ColumnIndex {
  const index = new Map<number, Map<string, number>>();
  for (const oid of children.flatMap(({ child, parent }) => [child, parent])) {
    const columns = relations.get(oid)?.columns;
    if (columns === undefined || index.has(oid)) continue;
    index.set(oid, new Map(columns.map(({ attnum, name }) => [name, attnum])));
  }
  return index;
}

/** A column that holds rows of a masked table, alone, in an array, or inside of a composite type. */
function maskRowTyped(masks: WorkingMasks, snapshot: CatalogSnapshot): void {
  const rowTypes = maskedRowTypes(masks, snapshot);
  if (rowTypes.size === 0) return;
  for (const { oid, columns } of snapshot.relations.values())
    for (const { attnum, typeOid } of columns) {
      const held = heldClass(snapshot, rowTypes, typeOid);
      if (held !== undefined) masks.derive(oid, attnum, whole(held));
    }
}

function maskedRowTypes(masks: WorkingMasks, snapshot: CatalogSnapshot): Map<number, string> {
  const rowTypes = new Map<number, string>();
  const note = (types: readonly number[], className: string) => {
    for (const type of types) if (type !== 0) rowTypes.set(type, className);
  };
  for (const [oid, columns] of masks.byRelation) {
    const relation = snapshot.relations.get(oid);
    if (relation !== undefined && columns.size > 0)
      note([relation.rowType, relation.rowArrayType], classOf(columns.values()));
  }
  for (let known = -1; known !== rowTypes.size && rowTypes.size > 0;) {
    known = rowTypes.size;
    for (const [type, { columns, arrayType }] of snapshot.composites) {
      const held = columns.flatMap(({ typeOid }) => heldClass(snapshot, rowTypes, typeOid) ?? []);
      if (held.length > 0) note([type, arrayType], classOf(held.map(whole)));
    }
  }
  return rowTypes;
}

/** A domain over a row type, or an array of such domains, holds rows too. */
function heldClass(
  { types }: CatalogSnapshot,
  rowTypes: ReadonlyMap<number, string>,
  typeOid: number,
): string | undefined {
  const own = rowTypes.get(typeOid);
  const element = types.get(typeOid)?.element;
  return own ?? (element ? rowTypes.get(baseType(types, element)) : undefined);
}

/** Where a partition begins and ends is said in values of its key. */
function maskBounds(masks: WorkingMasks, { partitionKeys, system }: CatalogSnapshot): void {
  const bounds = system.get(PG_CLASS)?.columns.find(({ name }) => name === 'relpartbound');
  if (bounds === undefined) return;
  for (const { relation, attnum } of partitionKeys) {
    const reached = attnum === 0 ? [...(masks.of(relation)?.values() ?? [])] : [masks.get(relation, attnum)];
    for (const mask of reached) if (mask) masks.derive(PG_CLASS, bounds.attnum, whole(mask.class));
  }
}

function maskToast(masks: WorkingMasks, { relations }: CatalogSnapshot): void {
  for (const { oid, toast } of relations.values()) {
    const owned = masks.of(oid);
    if (owned === undefined || toast === 0) continue;
    for (const { attnum } of relations.get(toast)?.columns ?? [])
      masks.add(toast, attnum, whole(classOf(owned.values())));
  }
}
