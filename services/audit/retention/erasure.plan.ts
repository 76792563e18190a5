import { createHash } from 'node:crypto';
import type { TreeName } from '../proof/tree.cuts.js';

/** Milliseconds. */
const day = 86_400_000;

/** What a session comes to in the store, all that the log brought of it. */
export interface OldSession {
  readonly session: string;
  readonly events: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Milliseconds: of its last event, by the log's clock or the writer's, whichever is later. */
  readonly lastAt: number;
}

/** Sessions of one partition that are erased together, and what is said of it. */
export interface ErasurePlan {
  readonly id: string;
  readonly tree: TreeName;
  readonly days: number;
  readonly first: number;
  readonly through: number;
  readonly sessions: readonly string[];
  readonly events: number;
}

/** Whole days (UTC): the record shrinks once a day, not with every minute. */
export const cutoffOf = (now: number, days: number): number => (Math.floor(now / day) - days) * day;

export interface Bounds {
  readonly cutoff: number;
  /** The offset up to which a checkpoint covers the partition: nothing past it is erased. */
  readonly covered: number;
  readonly mostEvents: number;
}

/** The oldest of these sessions that may go; a session goes as a whole. Undefined: none. */
export function planErasure(
  tree: TreeName,
  days: number,
  found: readonly OldSession[],
  { cutoff, covered, mostEvents }: Bounds,
): ErasurePlan | undefined {
  const chosen: OldSession[] = [];
  let events = 0;
  for (const each of found.toSorted(
    (a, b) => a.lastOffset - b.lastOffset || (a.session < b.session ? -1 : 1),
  )) {
    if (each.lastAt >= cutoff || each.lastOffset > covered) continue;
    if (chosen.length > 0 && events + each.events > mostEvents) break;
    chosen.push(each);
    events += each.events;
  }
  if (chosen.length === 0) return undefined;
  return {
    ...{ id: idOf(tree, days, chosen), tree, days, events },
    first: chosen.reduce((least, { firstOffset }) => Math.min(least, firstOffset), Infinity),
    through: chosen.reduce((most, { lastOffset }) => Math.max(most, lastOffset), -1),
    sessions: chosen.map(({ session }) => session),
  };
}

/** The same plan, made again by whoever comes after a crash, is the same erasure. */
function idOf({ topic, partition }: TreeName, days: number, chosen: readonly OldSession[]): string {
  const what = chosen.map(({ session, events, lastOffset }) => [session, events, lastOffset]);
  const digest = createHash('sha256')
    .update(JSON.stringify([topic, partition, days, what]))
    .digest('hex');
  return `era_${digest.slice(0, 32)}`;
}
