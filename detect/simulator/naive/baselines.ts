import type { IdentityHour } from './hours.js';

/** An hour with how odd a baseline finds it. */
export interface Scored extends IdentityHour {
  readonly score: number;
}

/** Gives hours, in order of time, a score; where it can't say yet, none. */
export type Baseline = (hours: Iterable<IdentityHour>) => Iterable<Scored>;

/** A fixed threshold on rows per identity and hour: the same for all. */
export const fixedThreshold: Baseline = function* (hours) {
  for (const each of hours) yield { ...each, score: each.rows };
};

/** Hours of its own that an identity must have had before. */
const leastHours = 24;

/** Standard deviations above the mean of what the identity read in its hours before (Welford). */
export const zScore: Baseline = function* (hours) {
  const known = new Map<string, { n: number; mean: number; squares: number }>();
  for (const each of hours) {
    const seen = known.get(each.identity) ?? { n: 0, mean: 0, squares: 0 };
    const deviation = Math.sqrt(seen.squares / Math.max(1, seen.n - 1));
    if (seen.n >= leastHours) yield { ...each, score: (each.rows - seen.mean) / Math.max(1, deviation) };
    const delta = each.rows - seen.mean;
    seen.n++;
    seen.mean += delta / seen.n;
    seen.squares += delta * (each.rows - seen.mean);
    known.set(each.identity, seen);
  }
};
