import type { ResolvedAccess } from '#policy-engine';
import type { Access } from '#statement';
import type { Namespace } from './gate.js';

/** An unqualified name stands for every relation of that name: each of them must be permitted. */
export function resolveAccess(access: Access, namespace: Namespace): ResolvedAccess[] {
  const { relation, ...rest } = access;
  if (!relation) return [rest];
  const found = namespace.resolve(relation);
  if (found.length === 0)
    return [{ ...rest, relation: { schema: relation.schema ?? '', name: relation.name } }];
  return found.map(({ schema, name }) => ({ ...rest, relation: { schema, name } }));
}

export function tablesOf(accesses: readonly ResolvedAccess[]): string[] {
  const names = accesses.flatMap(({ relation }) =>
    relation ? [relation.schema ? `${relation.schema}.${relation.name}` : relation.name] : [],
  );
  return [...new Set(names)];
}

/** Tables that no name stands for: views select from them, partitions and children are of them. */
export function throughOf(
  accesses: readonly Access[],
  namespace: Namespace,
): { readonly schema: string; readonly name: string }[] {
  const named = accesses.flatMap(({ relation }) => (relation ? namespace.resolve(relation) : []));
  const found = named.flatMap(({ oid }) => (oid === undefined ? [] : (namespace.through?.(oid) ?? [])));
  const byName = new Map(found.map(({ schema, name }) => [`${schema}.${name}`, { schema, name }]));
  return [...byName.values()];
}

/** A removed row takes all of its columns with it. */
const wholeRows: ReadonlySet<string> = new Set(['sql:delete', 'sql:truncate']);

/** The data classes of the columns that are touched, whoever may read them in the clear; sorted. */
export function classesOf(accesses: readonly Access[], namespace: Namespace): string[] {
  const names = namespace.namesFor(() => false);
  if (!names.anySensitive) return [];
  const classes = new Set<string>();
  for (const { action, relation, columns } of accesses) {
    const isWhole = wholeRows.has(action) || columns.includes('*');
    for (const found of relation ? namespace.resolve(relation) : []) {
      const known = names.relation(found);
      if (typeof known === 'string') continue;
      for (const { name, sensitive } of known.columns)
        if (sensitive && (isWhole || columns.includes(name))) classes.add(sensitive.class);
    }
  }
  return [...classes].sort((a, b) => (a < b ? -1 : 1));
}

/** The relations that the text's names mean now, by OID: another of the same name is another thing. */
export function objectsOf(accesses: readonly Access[], namespace: Namespace): string[] {
  const objects = accesses.flatMap(({ relation }) =>
    relation
      ? namespace.resolve(relation).map(({ schema, name, oid }) => `${schema}.${name}=${oid ?? 0}`)
      : [],
  );
  return [...new Set(objects)].sort((a, b) => (a < b ? -1 : 1));
}
