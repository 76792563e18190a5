import type { ColumnMask } from '#masking';

/** A column's mask, and whether lookups by equality are allowed on it. */
export type CatalogMask = ColumnMask & { readonly lookup: boolean };

/** The rule for a column, by name. */
export type MaskColumn = (schema: string, table: string, column: string) => CatalogMask | undefined;

/** By relation OID, then by attribute number. */
export type Masks = ReadonlyMap<number, ReadonlyMap<number, CatalogMask>>;

/** Masks while they are being found. They only ever become more and stricter, so that this comes to an end. */
export class WorkingMasks {
  readonly byRelation = new Map<number, Map<number, CatalogMask>>();
  changed = false;
  /** Those that come from a value's way, not from a rule or an inherited one. */
  private readonly derived = new Set<CatalogMask>();

  get(relation: number, attnum: number): CatalogMask | undefined {
    return this.byRelation.get(relation)?.get(attnum);
  }

  of(relation: number): ReadonlyMap<number, CatalogMask> | undefined {
    return this.byRelation.get(relation);
  }

  /** The first mask of a column stays: its own rule before what it inherits. */
  add(relation: number, attnum: number, mask: CatalogMask): void {
    if (this.get(relation, attnum) === undefined) this.set(relation, attnum, mask);
  }

  /** Its own rule stays; what was derived before and what is derived now become one mask that does for both. */
  derive(relation: number, attnum: number, mask: CatalogMask): void {
    const known = this.get(relation, attnum);
    if (known !== undefined && (!this.derived.has(known) || sameMask(known, mask))) return;
    const joined = known === undefined ? { ...mask } : whole(classOf([known, mask]));
    if (known !== undefined && sameMask(known, joined)) return;
    this.derived.add(joined);
    this.set(relation, attnum, joined);
  }

  private set(relation: number, attnum: number, mask: CatalogMask): void {
    let columns = this.byRelation.get(relation);
    if (columns === undefined) this.byRelation.set(relation, (columns = new Map()));
    columns.set(attnum, mask);
    this.changed = true;
  }
}

/** The one class of these masks, or `mixed`: then no right to read one of them in the clear is enough. */
export function classOf(masks: Iterable<CatalogMask>): string {
  return oneClass(new Set([...masks].map((mask) => mask.class)));
}

export function oneClass(classes: ReadonlySet<string>): string {
  return classes.size === 1 ? [...classes][0]! : 'mixed';
}

/** Derived values are masked whole, and no lookups are answered on them. */
export const whole = (className: string): CatalogMask => ({
  class: className,
  transform: 'whole',
  lookup: false,
});

export function sameMask(a: CatalogMask, b: CatalogMask): boolean {
  return a.class === b.class && a.transform === b.transform && a.lookup === b.lookup;
}
