import { queries, viewDefinitions } from './catalog-queries.js';
import type { Ask } from './catalog-read.js';
import type { CatalogSnapshot, ViewDefinition, ViewFacts } from './catalog-snapshot.js';
import { TargetError } from './target-channel.js';

/** A view's text is asked for without waiting: pg_get_viewdef locks every relation that the view reads. */
const LOCK_TIMEOUT = '50ms';
/** A message of the target has at most 16 MiB, a query of ours far less. */
const BATCH = 500;

type Unread = Pick<CatalogSnapshot, 'relations' | 'views'>;

/**
 * The views' texts: `known` where nothing that they print has changed, else read anew. Views whose relations are
 * locked now have none; ask again later. Outside of a transaction, since a lock that isn't given aborts one.
 */
export async function readDefinitions(
  ask: Ask,
  snapshot: Unread,
  known: ReadonlyMap<number, ViewDefinition>,
): Promise<Map<number, ViewDefinition>> {
  const definitions = new Map<number, ViewDefinition>();
  const missing = new Map<number, string>();
  for (const [view, facts] of snapshot.views) {
    const key = definitionKey(snapshot, view, facts);
    const old = known.get(view);
    if (old?.key === key) definitions.set(view, old);
    else missing.set(view, key);
  }
  if (missing.size === 0) return definitions;
  const free = withoutLocked(snapshot, [...missing.keys()], await ask(queries.lockedRelations));
  for (let at = 0; at < free.length; at += BATCH)
    for (const [view, text] of await readBatch(ask, free.slice(at, at + BATCH)))
      if (text != null) definitions.set(Number(view), { key: missing.get(Number(view))!, text });
  return definitions;
}

/** Printing follows renames of what is read, which leave the rule's own row as it was. */
function definitionKey({ relations }: Unread, view: number, { rule, reads }: ViewFacts): string {
  const read = [...new Set([view, ...reads.map(({ relation }) => relation)])].sort((a, b) => a - b);
  const versions = read.map((oid) => `${oid}=${relations.get(oid)?.schema}=${relations.get(oid)?.version}`);
  return [rule, ...versions].join('/');
}

function withoutLocked(
  { views }: Unread,
  wanted: readonly number[],
  rows: Awaited<ReturnType<Ask>>,
): number[] {
  const locked = new Set(rows.map(([relation]) => Number(relation)));
  return wanted.filter(
    (view) => !locked.has(view) && !views.get(view)!.reads.some(({ relation }) => locked.has(relation)),
  );
}

/** One that can't be printed (dropped or locked a moment ago) doesn't cost the others theirs. */
async function readBatch(ask: Ask, views: readonly number[]): ReturnType<Ask> {
  try {
    return await ask(`begin; set local lock_timeout = '${LOCK_TIMEOUT}'; set local search_path = '';
      ${viewDefinitions(views)}; commit`);
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    await ask('rollback');
    if (views.length === 1) return [];
    const half = Math.ceil(views.length / 2);
    return [...(await readBatch(ask, views.slice(0, half))), ...(await readBatch(ask, views.slice(half)))];
  }
}
