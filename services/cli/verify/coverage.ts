import type { Leaf } from '#proof';
import type { Covered } from './session.chain.js';
import type { Tree } from './trees.js';

const sessionTopic = 'weir.session.v1';

/** What the trees have of each session, in the order of its leaves. */
export function sessionCoverage(trees: readonly Tree[], only: string | undefined): Map<string, Covered[]> {
  const sessions = new Map<string, Covered[]>();
  for (const { name, leaves } of trees) {
    if (!name.startsWith(`${sessionTopic}/`)) continue;
    for (const leaf of leaves) {
      if (!('session' in leaf) || (only !== undefined && leaf.session !== only)) continue;
      const covered = sessions.get(leaf.session) ?? [];
      covered.push({ from: leaf.from, to: leaf.to, head: leaf.head });
      sessions.set(leaf.session, covered);
    }
  }
  return sessions;
}

/** The last place in the log that a tree covers, by its name. */
export function coveredThrough(trees: readonly Tree[]): Map<string, number> {
  return new Map(
    trees.map(({ name, leaves }) => [
      name,
      leaves.reduce((most, leaf) => Math.max(most, lastOffset(leaf)), -1),
    ]),
  );
}

function lastOffset(leaf: Leaf): number {
  if ('session' in leaf) return leaf.offset;
  const list = 'events' in leaf ? leaf.events : leaf.unreadable;
  return list.reduce((most, [offset]) => Math.max(most, offset), -1);
}
