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

/** The relations that the text's names mean now, by OID: another of the same name is another thing. */
export function objectsOf(accesses: readonly Access[], namespace: Namespace): string[] {
  const objects = accesses.flatMap(({ relation }) =>
    relation
      ? namespace.resolve(relation).map(({ schema, name, oid }) => `${schema}.${name}=${oid ?? 0}`)
      : [],
  );
  return [...new Set(objects)].sort((a, b) => (a < b ? -1 : 1));
}
