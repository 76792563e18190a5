import type { OutputLineage } from '#statement';
import type { ViewLineage } from './catalog-lineage.js';
import { classOf, oneClass, sameMask, whole, type CatalogMask, type WorkingMasks } from './catalog-mask.js';
import type { CatalogSnapshot, RuleReads } from './catalog-snapshot.js';

/**
 * Views and materialized views over masked columns. A column that is a masked column and nothing else has its mask,
 * lookups too; one that is made of masked columns is masked whole; one that is made of others, or of masked columns
 * in the view's own conditions only, is not. Where the server's word (pg_depend, the rule's tree) and the lineage of
 * the text disagree, or one of them doesn't say, the whole view is masked.
 */
export function maskViews(masks: WorkingMasks, snapshot: CatalogSnapshot, lineage: ViewLineage): void {
  for (const [view, facts] of snapshot.views) {
    const classes = reachedClasses(masks, facts);
    if (classes.size === 0) continue;
    const outputs = isVague(masks, facts) ? undefined : lineage.outputs(view, snapshot, masks.byRelation);
    const found = outputs && outputMasks(masks, facts, outputs);
    const columns = snapshot.relations.get(view)?.columns ?? [];
    if (found === undefined || found.length !== columns.length)
      maskAll(masks, snapshot, view, oneClass(classes));
    else
      columns.forEach(({ attnum }, i) => {
        const mask = found[i];
        if (mask !== undefined) masks.derive(view, attnum, mask);
      });
  }
}

/** Relations whose rules for writes may answer with rows made of masked columns. */
export function maskRewritten(masks: WorkingMasks, snapshot: CatalogSnapshot): void {
  for (const facts of snapshot.rewritten) {
    const classes = reachedClasses(masks, facts);
    if (classes.size > 0) maskAll(masks, snapshot, facts.relation, oneClass(classes));
  }
}

/** The classes of what it may read; `opaque` stands for anything. */
function reachedClasses(masks: WorkingMasks, { reads, wholeRow, opaque }: RuleReads): Set<string> {
  const classes = new Set<string>();
  for (const { relation, attnum } of reads) {
    const reached = masks.of(relation);
    if (wholeRow) for (const mask of reached?.values() ?? []) classes.add(mask.class);
    else if (reached?.has(attnum) === true) classes.add(reached.get(attnum)!.class);
  }
  if (opaque && masks.byRelation.size > 0) classes.add('opaque');
  return classes;
}

/** Its text says less than what it may read: a function of the database's own, or rows as values. */
function isVague(masks: WorkingMasks, { reads, wholeRow, opaque }: RuleReads): boolean {
  return opaque || (wholeRow && reads.some(({ relation }) => masks.of(relation) !== undefined));
}

/** By position; undefined where an output has a source of which the server does not know. */
function outputMasks(
  masks: WorkingMasks,
  { reads }: RuleReads,
  outputs: readonly OutputLineage[],
): (CatalogMask | undefined)[] | undefined {
  const known = new Set(reads.map(({ relation, attnum }) => `${relation}.${attnum}`));
  const found: (CatalogMask | undefined)[] = [];
  for (const { sources, bare } of outputs) {
    const reached: CatalogMask[] = [];
    for (const { tableOid, attnum } of sources) {
      const mask = masks.get(tableOid, attnum);
      if (mask === undefined || !known.has(`${tableOid}.${attnum}`)) return undefined;
      reached.push(mask);
    }
    found.push(outputMask(reached, bare));
  }
  return found;
}

function outputMask(reached: readonly CatalogMask[], bare: boolean): CatalogMask | undefined {
  const [first, ...rest] = reached;
  if (first === undefined) return undefined;
  // UNION of two columns with one rule: whatever row it is, that rule is right.
  return bare && rest.every((mask) => sameMask(mask, first)) ? first : whole(classOf(reached));
}

function maskAll(masks: WorkingMasks, { relations }: CatalogSnapshot, oid: number, className: string): void {
  for (const { attnum } of relations.get(oid)?.columns ?? []) masks.derive(oid, attnum, whole(className));
}
