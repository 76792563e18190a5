import type { ColumnMask } from '#masking';
import type { CatalogSnapshot, Relation } from './catalog-snapshot.js';

/** A column's mask, and whether lookups by equality are allowed on it. */
export type CatalogMask = ColumnMask & { readonly lookup: boolean };

/** The rule for a column, by name. */
export type MaskColumn = (schema: string, table: string, column: string) => CatalogMask | undefined;

/** By relation OID, then by attribute number. */
export type Masks = ReadonlyMap<number, ReadonlyMap<number, CatalogMask>>;

/** What a column was called before, most recent first, while it kept its (OID, attribute). */
export type FormerNames = ReadonlyMap<number, ReadonlyMap<number, readonly FormerName[]>>;

export interface FormerName {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/**
 * The masks of every column, from the rules by name and from what the catalog says of where values come from.
 * Pure. Conservative: where it can't tell it masks whole.
 */
export function deriveMasks(snapshot: CatalogSnapshot, rule: MaskColumn, former: FormerNames): Masks {
  const masks = new WorkingMasks();
  for (const relation of snapshot.relations.values()) maskByName(masks, relation, rule, former);
  maskRelated(masks, snapshot);
  maskViews(masks, snapshot);
  return masks.byRelation;
}

class WorkingMasks {
  readonly byRelation = new Map<number, Map<number, CatalogMask>>();
  changed = false;

  get(relation: number, attnum: number): CatalogMask | undefined {
    return this.byRelation.get(relation)?.get(attnum);
  }

  of(relation: number): ReadonlyMap<number, CatalogMask> | undefined {
    return this.byRelation.get(relation);
  }

  /** The first mask of a column stays: its own rule before what it inherits. */
  add(relation: number, attnum: number, mask: CatalogMask): void {
    let columns = this.byRelation.get(relation);
    if (columns === undefined) this.byRelation.set(relation, (columns = new Map()));
    if (columns.has(attnum)) return;
    columns.set(attnum, mask);
    this.changed = true;
  }
}

/** Rules stick across renames: a column that was masked under its former name stays so. */
function maskByName(masks: WorkingMasks, relation: Relation, rule: MaskColumn, former: FormerNames): void {
  for (const [attnum, { name }] of relation.columns) {
    let mask = rule(relation.schema, relation.name, name);
    for (const was of former.get(relation.oid)?.get(attnum) ?? [])
      mask ??= rule(was.schema, was.table, was.column);
    if (mask !== undefined) masks.add(relation.oid, attnum, mask);
  }
}

/** Repeats until nothing is added: inheritance has levels, and generated columns may stand on inherited ones. */
function maskRelated(masks: WorkingMasks, snapshot: CatalogSnapshot): void {
  const columnsByName = indexColumns(snapshot);
  do {
    masks.changed = false;
    maskInherited(masks, snapshot, columnsByName);
    for (const { relation, from, to } of snapshot.generated) {
      const source = masks.get(relation, from);
      if (source !== undefined) masks.add(relation, to, whole(source.class));
    }
    maskRowTyped(masks, snapshot);
  } while (masks.changed);
  for (const { oid, toast } of snapshot.relations.values()) {
    const owned = masks.of(oid);
    if (owned !== undefined && toast !== 0) maskAll(masks, snapshot, toast, classOf(owned.values()));
  }
}

/**
 * Both ways: a parent's rule holds for its children, and a child's for its parent, whose scan shows the
 * child's rows under the parent's OID.
 */
function maskInherited(
  masks: WorkingMasks,
  { children, relations }: CatalogSnapshot,
  columnsByName: ReadonlyMap<number, ReadonlyMap<string, number>>,
): void {
  for (const { child, parent } of children) {
    for (const [from, to] of [[parent, child] as const, [child, parent] as const]) {
      for (const [attnum, mask] of [...(masks.of(from) ?? [])]) {
        const name = relations.get(from)?.columns.get(attnum)?.name;
        const same = name === undefined ? undefined : columnsByName.get(to)?.get(name);
        if (same !== undefined) masks.add(to, same, mask);
      }
    }
  }
}

function indexColumns({ children, relations }: CatalogSnapshot): Map<number, Map<string, number>> {
  const index = new Map<number, Map<string, number>>();
  for (const oid of children.flatMap(({ child, parent }) => [child, parent])) {
    const columns = relations.get(oid)?.columns;
    if (columns === undefined || index.has(oid)) continue;
    index.set(oid, new Map([...columns].map(([attnum, { name }]) => [name, attnum])));
  }
  return index;
}

/** A column that holds rows of a masked table. */
function maskRowTyped(masks: WorkingMasks, { relations }: CatalogSnapshot): void {
  const rowTypes = new Map<number, string>();
  for (const [oid, columns] of masks.byRelation) {
    const relation = relations.get(oid);
    if (relation === undefined || columns.size === 0) continue;
    for (const type of [relation.rowType, relation.rowArrayType])
      if (type !== 0) rowTypes.set(type, classOf(columns.values()));
  }
  for (const { oid, columns } of relations.values())
    for (const [attnum, { typeOid }] of columns) {
      const held = rowTypes.get(typeOid);
      if (held !== undefined) masks.add(oid, attnum, whole(held));
    }
}

/** A view that reaches a masked column, directly or through views, is masked whole in all its columns. */
function maskViews(masks: WorkingMasks, snapshot: CatalogSnapshot): void {
  const anything = masks.byRelation.size > 0;
  do {
    masks.changed = false;
    for (const [view, facts] of snapshot.views) {
      const classes = new Set<string>();
      for (const { relation, attnum } of facts.reads) {
        const reached = masks.of(relation);
        if (facts.wholeRow) for (const mask of reached?.values() ?? []) classes.add(mask.class);
        else if (reached?.has(attnum) === true) classes.add(reached.get(attnum)!.class);
      }
      if (facts.opaque && anything) classes.add('opaque');
      if (classes.size > 0) maskAll(masks, snapshot, view, oneClass(classes));
    }
  } while (masks.changed);
}

function maskAll(masks: WorkingMasks, { relations }: CatalogSnapshot, oid: number, className: string): void {
  for (const attnum of relations.get(oid)?.columns.keys() ?? []) masks.add(oid, attnum, whole(className));
}

/** The one class of these masks, or `mixed`: then no right to read one of them in the clear is enough. */
export function classOf(masks: Iterable<CatalogMask>): string {
  return oneClass(new Set([...masks].map((mask) => mask.class)));
}

function oneClass(classes: ReadonlySet<string>): string {
  return classes.size === 1 ? [...classes][0]! : 'mixed';
}

/** Derived values are masked whole, and no lookups are answered on them. */
export const whole = (className: string): CatalogMask => ({
  class: className,
  transform: 'whole',
  lookup: false,
});
