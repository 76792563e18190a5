import type { CatalogSnapshot, Relation, ViewFacts } from './catalog-snapshot.js';

/** Snapshots for specs. */
export function table(oid: number, name: string, ...columns: string[]): Relation {
  return {
    oid,
    schema: 'public',
    name,
    kind: 'r',
    version: '1',
    toast: 0,
    rowType: oid + 100_000,
    rowArrayType: 0,
    columns: columns.map((column, i) => ({ name: column, attnum: i + 1, typeOid: 25 })),
  };
}

export function snapshot(relations: Relation[], more: Partial<CatalogSnapshot> = {}): CatalogSnapshot {
  return {
    identity: '1:1',
    relations: byOid(relations),
    system: new Map(),
    composites: new Map(),
    children: [],
    partitionKeys: [],
    views: new Map(),
    rewritten: [],
    definitions: new Map(),
    generated: [],
    functions: new Set(),
    operators: new Set(),
    casts: [],
    types: new Map(),
    words: new Set(),
    ...more,
  };
}

export const byOid = (relations: Relation[]): Map<number, Relation> =>
  new Map(relations.map((relation) => [relation.oid, relation]));

/** `reads`: relation and attribute number. */
export const view = (reads: [number, number][], more: Partial<ViewFacts> = {}): ViewFacts => ({
  reads: reads.map(([relation, attnum]) => ({ relation, attnum })),
  wholeRow: false,
  opaque: false,
  rule: '1',
  ...more,
});
