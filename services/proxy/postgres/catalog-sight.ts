import type {
  CallingCast,
  CatalogColumn,
  CatalogRelation,
  NameEncoding,
  Names,
  RelationName,
} from '#statement';
import type { Masks } from './catalog-mask.js';
import type { NameIndex, SearchPath } from './catalog-name-index.js';
import { familyOf, sharedColumn } from './catalog-families.js';
import type { CatalogSnapshot, Relation } from './catalog-snapshot.js';

/** The catalog as those see it who may read these classes in the clear; shared by all search_paths. */
export class Sight {
  readonly anySensitive: boolean;
  readonly encoding: NameEncoding | undefined;
  private readonly seen = new Map<number, CatalogRelation>();

  constructor(
    readonly snapshot: CatalogSnapshot,
    private readonly masks: Masks,
    private readonly revealed: ReadonlySet<string>,
  ) {
    this.anySensitive = anyMask(masks, (dataClass) => !revealed.has(dataClass));
    this.encoding = nameEncoding(snapshot);
  }

  relation(relation: Relation): CatalogRelation {
    if (!this.masks.has(relation.oid)) return relation;
    let seen = this.seen.get(relation.oid);
    if (seen === undefined) this.seen.set(relation.oid, (seen = this.see(relation)));
    return seen;
  }

  /** Columns of a table's row type, or of CREATE TYPE … AS. */
  composite(typeOid: number): readonly CatalogColumn[] | undefined {
    const relation = rowTypes(this.snapshot).get(typeOid);
    return relation ? this.relation(relation).columns : this.snapshot.composites.get(typeOid)?.columns;
  }

  private see({ oid, schema, name, kind, columns }: Relation): CatalogRelation {
    const masked = this.masks.get(oid)!;
    const family = familyOf(this.snapshot, oid);
    const seen = columns.map((column): CatalogColumn => {
      const mask = masked.get(column.attnum);
      if (mask === undefined || this.revealed.has(mask.class)) return column;
      const countedAt = mask.lookup ? sharedColumn(family, column.name) : undefined;
      const sensitive = { class: mask.class, lookup: mask.lookup, ...(countedAt ? { countedAt } : {}) };
      return { ...column, sensitive };
    });
    return { oid, schema, name, kind, columns: seen };
  }
}

/** Names in one search_path, as seen by some. */
export class SightedNames implements Names {
  constructor(
    private readonly sight: Sight,
    private readonly index: NameIndex,
    private readonly path: SearchPath,
  ) {}

  get anySensitive(): boolean {
    return this.sight.anySensitive;
  }

  get encoding(): NameEncoding | undefined {
    return this.sight.encoding;
  }

  relation(name: RelationName): CatalogRelation | 'unknown' | 'unclear' {
    const [found, ...others] = this.index.candidates(name, this.path);
    if (found === undefined) return 'unknown';
    return others.length === 0 ? this.sight.relation(found) : 'unclear';
  }

  isBuiltinFunction(name: string): boolean {
    return !this.sight.snapshot.functions.has(name);
  }

  isBuiltinOperator(name: string): boolean {
    return !this.sight.snapshot.operators.has(name);
  }

  get casts(): readonly CallingCast[] | undefined {
    const { casts } = this.sight.snapshot;
    return casts.length === 0 ? undefined : casts;
  }

  composite(typeOid: number): readonly CatalogColumn[] | undefined {
    return this.sight.composite(typeOid);
  }
}

/**
 * Names while the session's own open transaction has renamed something: any column may be a masked one, and any relation
 * that is not in the catalog may be one with masked columns. Where a value really comes from, RowDescription still tells.
 */
export class RenamedNames extends SightedNames {
  private readonly seen = new Map<CatalogRelation, CatalogRelation>();

  override relation(name: RelationName): CatalogRelation | 'unknown' | 'unclear' {
    const found = super.relation(name);
    if (typeof found === 'string') return this.anySensitive ? 'unclear' : found;
    if (!this.anySensitive || found.schema === 'pg_catalog') return found;
    let seen = this.seen.get(found);
    if (seen === undefined)
      this.seen.set(found, (seen = { ...found, columns: found.columns.map(mayBeMasked) }));
    return seen;
  }
}

const mayBeMasked = (column: CatalogColumn): CatalogColumn => ({
  ...column,
  sensitive: { class: column.sensitive?.class ?? 'renamed', lookup: false },
});

/** How the target keeps names, where that is not as the gate reads them. */
export function nameEncoding({ encoding, words }: CatalogSnapshot): NameEncoding | undefined {
  return encoding && { ...encoding, isName: (name) => words.has(name) };
}

export function anyMask(masks: Masks, ofClass: (dataClass: string) => boolean): boolean {
  for (const columns of masks.values())
    for (const mask of columns.values()) if (ofClass(mask.class)) return true;
  return false;
}

const rowTypesOf = new WeakMap<CatalogSnapshot, Map<number, Relation>>();

function rowTypes(snapshot: CatalogSnapshot): ReadonlyMap<number, Relation> {
  let types = rowTypesOf.get(snapshot);
  if (types === undefined) {
    types = new Map();
    for (const all of [snapshot.system, snapshot.relations])
      for (const relation of all.values()) if (relation.rowType !== 0) types.set(relation.rowType, relation);
    rowTypesOf.set(snapshot, types);
  }
  return types;
}
