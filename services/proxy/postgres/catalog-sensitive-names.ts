import type { SensitiveColumn, SensitiveNames } from '#statement';
import type { CatalogMask, Masks } from './catalog-mask.js';
import type { NameIndex } from './catalog-name-index.js';
import { columnAt, type CatalogSnapshot } from './catalog-snapshot.js';

/** Masked columns by the bare names of their relations, in whatever schema: for a guard that knows no search_path. */
export function sensitiveNames(snapshot: CatalogSnapshot, masks: Masks, index: NameIndex): SensitiveNames {
  const byName = new Map<string, Map<string, SensitiveColumn>>();
  for (const [oid, masked] of masks) {
    const relation = snapshot.relations.get(oid);
    if (relation === undefined) continue;
    let columns = byName.get(relation.name);
    if (columns === undefined) byName.set(relation.name, (columns = new Map()));
    for (const [attnum, mask] of masked) addColumn(columns, columnAt(relation, attnum)?.name, mask);
  }
  return {
    relation: (name) => byName.get(name) ?? (index.named(name).length > 0 ? undefined : 'unknown'),
    isBuiltinFunction: (name) => !snapshot.functions.has(name),
    isBuiltinOperator: (name) => !snapshot.operators.has(name),
    anySensitive: masks.size > 0,
    columns: sharedColumns(index),
  };
}

/** The columns that all relations of a name have; found when first asked for. */
function sharedColumns(index: NameIndex): (name: string) => ReadonlySet<string> | undefined {
  const found = new Map<string, ReadonlySet<string> | undefined>();
  return (name) => {
    if (!found.has(name)) found.set(name, shared(index, name));
    return found.get(name);
  };
}

function shared(index: NameIndex, name: string): ReadonlySet<string> | undefined {
  const [first, ...rest] = index
    .named(name)
    .map(({ columns }) => new Set(columns.map((column) => column.name)));
  return first && new Set([...first].filter((column) => rest.every((other) => other.has(column))));
}

/** Of two relations of one name the stricter counts. */
function addColumn(columns: Map<string, SensitiveColumn>, name: string | undefined, mask: CatalogMask): void {
  if (name === undefined) return;
  const known = columns.get(name);
  if (known === undefined) columns.set(name, { class: mask.class, lookup: mask.lookup });
  else
    columns.set(name, {
      class: known.class === mask.class ? mask.class : 'mixed',
      lookup: known.lookup && mask.lookup,
    });
}
