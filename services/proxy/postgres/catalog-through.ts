import type { CatalogSnapshot, Relation } from './catalog-snapshot.js';

type Ways = ReadonlyMap<number, ReadonlySet<number>>;

const waysOf = new WeakMap<CatalogSnapshot, Ways>();

/**
 * Relations whose rows are read through one: what a view selects from, what a partition or child is one of; through all levels, without
 * itself and the server's own. Not partitions and children of a table: which of them a statement touches only its target knows.
 */
export function relationsThrough(snapshot: CatalogSnapshot, oid: number): readonly Relation[] {
  let ways = waysOf.get(snapshot);
  if (ways === undefined) waysOf.set(snapshot, (ways = gather(snapshot)));
  const reached = new Set([oid]);
  // A set that grows while it is gone through is gone through to its end.
  for (const each of reached) for (const next of ways.get(each) ?? []) reached.add(next);
  reached.delete(oid);
  return [...reached].flatMap((each) => snapshot.relations.get(each) ?? []);
}

function gather({ views, children }: CatalogSnapshot): Ways {
  const ways = new Map<number, Set<number>>();
  for (const [view, { reads }] of views) ways.set(view, new Set(reads.map(({ relation }) => relation)));
  for (const { child, parent } of children) {
    const known = ways.get(child);
    if (known) known.add(parent);
    else ways.set(child, new Set([parent]));
  }
  return ways;
}
