import type { Names, OutputLineage } from '#statement';
import type { Masks } from './catalog-mask.js';
import { NameIndex } from './catalog-name-index.js';
import { Sight, SightedNames } from './catalog-sight.js';
import type { CatalogSnapshot } from './catalog-snapshot.js';

/** What a view's columns are made of, with the masks as they are known so far; undefined: not known. */
export interface ViewLineage {
  outputs(view: number, snapshot: CatalogSnapshot, masks: Masks): readonly OutputLineage[] | undefined;
}

/** Knows of no view. */
export const opaqueLineage: ViewLineage = { outputs: () => undefined };

export type ViewOutputs = (definition: string, names: Names) => readonly OutputLineage[] | undefined;

interface Answer {
  readonly grounds: string;
  readonly outputs: readonly OutputLineage[] | undefined;
}

/** From the views' texts, each understood once for as long as what it depends on stays the same. */
export class TextLineage implements ViewLineage {
  private readonly answers = new Map<number, Answer>();
  private snapshot: CatalogSnapshot | undefined;
  private index!: NameIndex;

  constructor(private readonly viewOutputs: ViewOutputs) {}

  outputs(view: number, snapshot: CatalogSnapshot, masks: Masks): readonly OutputLineage[] | undefined {
    if (snapshot !== this.snapshot) this.enter(snapshot);
    const definition = snapshot.definitions.get(view);
    if (definition === undefined) return undefined;
    const grounds = `${definition.key} ${masksRead(view, snapshot, masks)}`;
    const known = this.answers.get(view);
    if (known?.grounds === grounds) return known.outputs;
    // Nothing is revealed here: a view's masks are the same for all.
    const names = new PrintedNames(new Sight(snapshot, masks, new Set()), this.index, ['pg_catalog']);
    const outputs = this.viewOutputs(definition.text, names);
    this.answers.set(view, { grounds, outputs });
    return outputs;
  }

  private enter(snapshot: CatalogSnapshot): void {
    this.snapshot = snapshot;
    this.index = new NameIndex(snapshot);
    for (const view of this.answers.keys()) if (!snapshot.views.has(view)) this.answers.delete(view);
  }
}

/**
 * The server printed the text for a search_path of pg_catalog alone, so a function or operator without a schema is the
 * server's own, whoever else bears its name; and a view that calls others is not asked about (RuleReads.opaque).
 */
class PrintedNames extends SightedNames {
  override isBuiltinFunction(): boolean {
    return true;
  }

  override isBuiltinOperator(): boolean {
    return true;
  }
}

/** The masked columns of what it reads, as far as lineage sees them. */
function masksRead(view: number, { views }: CatalogSnapshot, masks: Masks): string {
  const relations = new Set(views.get(view)!.reads.map(({ relation }) => relation));
  return [...relations]
    .flatMap((oid) =>
      [...(masks.get(oid) ?? [])].map(
        ([attnum, mask]) => `${oid}.${attnum}=${mask.class}${mask.lookup ? '+' : ''}`,
      ),
    )
    .sort()
    .join(' ');
}
