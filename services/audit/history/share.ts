/** A value with its 95 % confidence interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A share of so many (the interval is Wilson's); of nothing it is no number. */
export interface Share extends Interval {
  readonly of: number;
}

const z = 1.96;

export function shareOf(hits: number, of: number): Share {
  if (of === 0) return { of, value: NaN, low: 0, high: 1 };
  const value = hits / of;
  const middle = (value + z ** 2 / (2 * of)) / (1 + z ** 2 / of);
  const half = (z / (1 + z ** 2 / of)) * Math.sqrt((value * (1 - value)) / of + z ** 2 / (4 * of ** 2));
  return { of, value, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** Of true and false alarms in the same time. */
export const precision = (recall: number, incidents: number, falseAlarms: number): number =>
  (recall * incidents) / Math.max(Number.EPSILON, recall * incidents + falseAlarms);

/** The value below which that part of them lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}
