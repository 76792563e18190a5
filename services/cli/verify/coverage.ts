import type { Leaf, SessionLeaf } from '#proof';
import type { Covered } from './session.chain.js';
import { textOf, type StoredRow } from './stored.rows.js';
import { leavesOf, type Tree } from './trees.js';

const sessionTopic = 'weir.session.v1';

/** What the trees have, by session and by place in the log. */
export interface Coverage {
  ofSession(session: string): readonly Covered[];
  sessions(): Iterable<string>;
  /** Whether a tree goes past the place that a row claims. */
  passes(row: StoredRow): boolean;
}

/** `only`: of one session. */
export function coverageOf(trees: readonly Tree[], only?: string): Coverage {
  const sessions = new Map<string, Covered[]>();
  const through = new Map<string, number>();
  for (const { name, entries } of trees)
    for (const leaf of leavesOf({ entries })) {
      through.set(name, Math.max(through.get(name) ?? -1, lastOffset(leaf)));
      if (name.startsWith(`${sessionTopic}/`) && 'session' in leaf)
        take(sessions, { ...leaf, tree: name }, only);
    }
  return {
    ofSession: (session) => sessions.get(session) ?? [],
    sessions: () => sessions.keys(),
    passes: (row) => {
      const tree = `${textOf(row, 'topic')}/${textOf(row, 'partition')}`;
      return Number(textOf(row, 'offset')) <= (through.get(tree) ?? -1);
    },
  };
}

function take(
  sessions: Map<string, Covered[]>,
  { session, from, to, head, offset, tree }: SessionLeaf & { tree: string },
  only: string | undefined,
): void {
  if (only !== undefined && session !== only) return;
  const covered = sessions.get(session) ?? [];
  covered.push({ from, to, head, offset, tree });
  sessions.set(session, covered);
}

function lastOffset(leaf: Leaf): number {
  if ('session' in leaf) return leaf.offset;
  const list = 'events' in leaf ? leaf.events : leaf.unreadable;
  return list.reduce((most, [offset]) => Math.max(most, offset), -1);
}

/** Leaves follow one another: as a rule they are one range. */
export function mergedRanges(covered: readonly Pick<Covered, 'from' | 'to'>[]): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  for (const { from, to } of [...covered].sort((a, b) => a.from - b.from)) {
    const last = ranges.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else ranges.push([from, to]);
  }
  return ranges;
}
