import type { RelationName } from '#statement';
import type { CatalogSnapshot, Relation } from './catalog-snapshot.js';

/**
 * The schemas in which a session looks, in its order: what `SELECT pg_catalog.current_schemas(true)` answers. That
 * has pg_catalog and the session's own pg_temp_N where the server puts them, even if search_path doesn't name them;
 * one without a pg_temp_N means that the session has no temporary schema yet, so it must be read again after the
 * session's first CREATE TEMP. 'unknown': it may be anything. 'renamed': so may every name, since the session's own
 * open transaction has renamed something, which nobody else can see.
 */
export type SearchPath = readonly string[] | 'unknown' | 'renamed';

/** Relations by name. */
export class NameIndex {
  private readonly byName = new Map<string, Relation[]>();

  constructor({ relations, system }: Pick<CatalogSnapshot, 'relations' | 'system'>) {
    for (const all of [system, relations])
      for (const relation of all.values()) {
        const known = this.byName.get(relation.name);
        if (known === undefined) this.byName.set(relation.name, [relation]);
        else known.push(relation);
      }
  }

  /** Every relation of this name, in any schema. */
  named(name: string): readonly Relation[] {
    return this.byName.get(name) ?? [];
  }

  /** Those that the name may mean: one at most where the path is known. */
  candidates({ schema, name }: RelationName, path: SearchPath): readonly Relation[] {
    const named = this.named(name);
    if (schema !== undefined) return named.filter(inSchema(schema, path));
    if (typeof path === 'string') return named;
    for (const place of path) {
      const found = named.find((relation) => relation.schema === place);
      if (found !== undefined) return [found];
    }
    return [];
  }
}

const isTemporary = (schema: string): boolean => schema.startsWith('pg_temp_');

/** A session's own temporary schema is called pg_temp in statements, pg_temp_N in the catalog. */
function inSchema(schema: string, path: SearchPath): (relation: Relation) => boolean {
  if (schema !== 'pg_temp') return (relation) => relation.schema === schema;
  if (typeof path === 'string') return (relation) => isTemporary(relation.schema);
  const own = path.find(isTemporary);
  return (relation) => relation.schema === own;
}
