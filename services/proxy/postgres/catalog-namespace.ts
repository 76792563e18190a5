import type { Names, RelationName } from '#statement';
import type { Masks } from './catalog-mask.js';
import { NameIndex, type SearchPath } from './catalog-name-index.js';
import { RenamedNames, Sight, SightedNames } from './catalog-sight.js';
import type { CatalogSnapshot, Relation } from './catalog-snapshot.js';
import { relationsThrough } from './catalog-through.js';

/** What names mean in sessions with one search_path; the same object while catalog and path are the same. */
export interface CatalogNamespace {
  /** Its identity: what is kept by this keeps no catalog alive. */
  readonly key: object;
  /** What a name means to policies: the one relation that the server would take, or all of the name if that isn't known. */
  resolve(name: RelationName): readonly Relation[];
  /** What is read through a relation. */
  through(oid: number): readonly Relation[];
  /** For a principal who may read classes in the clear; the same object where the answers of `reveals` are the same. */
  namesFor(reveals: (dataClass: string) => boolean): Names;
}

/** A client may SET any search_path it likes; the oldest is forgotten, and judged anew if it comes back. */
const MOST_KEPT = 256;

/** The namespaces of one catalog. */
export class Namespaces {
  private readonly index: NameIndex;
  private readonly classes: readonly string[];
  private readonly byPath = new Map<string, CatalogNamespace>();
  private readonly sights = new Map<string, Sight>();

  constructor(
    private readonly snapshot: CatalogSnapshot,
    private readonly masks: Masks,
  ) {
    this.index = new NameIndex(snapshot);
    const classes = new Set<string>();
    for (const columns of masks.values()) for (const mask of columns.values()) classes.add(mask.class);
    this.classes = [...classes].sort();
  }

  of(searchPath: SearchPath): CatalogNamespace {
    return kept(this.byPath, JSON.stringify(searchPath), () => this.open(searchPath));
  }

  private open(searchPath: SearchPath): CatalogNamespace {
    const { index } = this;
    const path = typeof searchPath === 'string' ? searchPath : [...searchPath];
    const names = new Map<Sight, Names>();
    return {
      key: {},
      resolve: (name) => index.candidates(name, path),
      through: (oid) => relationsThrough(this.snapshot, oid),
      namesFor: (reveals) => {
        const sight = this.sight(reveals);
        const Seen = path === 'renamed' ? RenamedNames : SightedNames;
        return kept(names, sight, () => new Seen(sight, index, path));
      },
    };
  }

  private sight(reveals: (dataClass: string) => boolean): Sight {
    const revealed = this.classes.filter(reveals);
    const { snapshot, masks } = this;
    return kept(this.sights, JSON.stringify(revealed), () => new Sight(snapshot, masks, new Set(revealed)));
  }
}

function kept<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  for (const oldest of map.keys()) {
    if (map.size <= MOST_KEPT) break;
    map.delete(oldest);
  }
  return made;
}
