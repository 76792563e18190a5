import type { Leaf, SessionLeaf } from '#proof';
import type { Finding } from './finding.js';
import type { Covered } from './session.chain.js';
import { eventOf, textOf, type StoredRow } from './stored.rows.js';
import { leavesOf, type Tree } from './trees.js';

const sessionTopic = 'weir.session.v1';

/** What the trees have, by session and by place in the log. */
export interface Coverage {
  ofSession(session: string): readonly Covered[];
  sessions(): Iterable<string>;
  /** What is wrong with a row that no tree has; undefined while it can be younger than the last checkpoint. */
  objection(row: StoredRow): Pick<Finding, 'kind' | 'why'> | undefined;
  /** Whether the log got it so long ago, or so far in days to come, that a checkpoint must cover it. */
  isDue(row: StoredRow): boolean;
}

/** Milliseconds. A checkpoint is made at least each minute; the rest is for a sink, a log or clocks that lag. */
const mostYouth = 600_000;

/** `only`: of one session. `now`: milliseconds. */
export function coverageOf(trees: readonly Tree[], only?: string, now: number = Date.now()): Coverage {
  const sessions = new Map<string, Covered[]>();
  const through = new Map<string, number>();
  for (const { name, entries } of trees)
    for (const leaf of leavesOf({ entries })) {
      through.set(name, Math.max(through.get(name) ?? -1, lastOffset(leaf)));
      if (name.startsWith(`${sessionTopic}/`) && 'session' in leaf)
        take(sessions, { ...leaf, tree: name }, only);
    }
  const isDue = (row: StoredRow) => !(Math.abs(now - eventOf(row).appendedAt) <= mostYouth);
  return {
    isDue,
    ofSession: (session) => sessions.get(session) ?? [],
    sessions: () => sessions.keys(),
    objection: (row) => {
      const last = through.get(treeOf(row));
      if (Number(textOf(row, 'offset')) <= (last ?? -1)) return { kind: 'added row', why: passed };
      if (!isDue(row)) return undefined;
      const why =
        last === undefined ? `the log has no tree ${treeOf(row)}` : 'no tree has it, though it is not young';
      return { kind: 'uncovered', why };
    },
  };
}

const passed = 'the tree goes past its place in the log and does not have it';

/** `topic/partition`, as the row claims. */
export const treeOf = (row: StoredRow): string => `${textOf(row, 'topic')}/${textOf(row, 'partition')}`;

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
