import type { CatalogSnapshot, Relation } from './catalog-snapshot.js';

/** Relations that inherit from one another, in whichever way, the oldest first: rows of one are seen through others. */
type Family = readonly Relation[];

const familiesOf = new WeakMap<CatalogSnapshot, Map<number, Family>>();

/** Undefined: it has none. */
export function familyOf(snapshot: CatalogSnapshot, oid: number): Family | undefined {
  let families = familiesOf.get(snapshot);
  if (families === undefined) familiesOf.set(snapshot, (families = gather(snapshot)));
  return families.get(oid);
}

/** The one column of this name that stands for those of all of a family. */
export function sharedColumn(
  family: Family | undefined,
  name: string,
): { readonly tableOid: number; readonly attnum: number } | undefined {
  for (const { oid, columns } of family ?? []) {
    const found = columns.find((column) => column.name === name);
    if (found) return { tableOid: oid, attnum: found.attnum };
  }
  return undefined;
}

function gather({ children, relations }: CatalogSnapshot): Map<number, Family> {
  const near = new Map<number, number[]>();
  for (const { child, parent } of children) {
    join(near, child, parent);
    join(near, parent, child);
  }
  const families = new Map<number, Family>();
  for (const start of near.keys()) {
    if (families.has(start)) continue;
    const members = reached(near, start);
    const family = [...members].sort((a, b) => a - b).flatMap((oid) => relations.get(oid) ?? []);
    for (const oid of members) families.set(oid, family);
  }
  return families;
}

function reached(near: ReadonlyMap<number, readonly number[]>, start: number): ReadonlySet<number> {
  const members = new Set([start]);
  // A set that grows while it is gone through is gone through to its end.
  for (const oid of members) for (const next of near.get(oid) ?? []) members.add(next);
  return members;
}

function join(near: Map<number, number[]>, from: number, to: number): void {
  const known = near.get(from);
  if (known) known.push(to);
  else near.set(from, [to]);
}
