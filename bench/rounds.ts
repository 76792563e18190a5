import { loadavg } from 'node:os';
import type { Contender, ContenderName } from './contender.js';

export interface Sample {
  readonly round: number;
  readonly value: number;
  /** Of the machine, over one minute, when the sample was begun. */
  readonly load: number;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: readonly Sample[];
}

export type Spreads = Partial<Record<ContenderName, Spread>>;

/**
 * A B C A B C …: what else the machine does meanwhile falls on each contender alike. One sample is one call of
 * `measure`; those of the first, uncounted round are the warm-up.
 */
export async function interleaved(
  contenders: readonly Contender[],
  rounds: number,
  measure: (contender: Contender, round: number) => Promise<number>,
): Promise<Spreads> {
  const samples = new Map<ContenderName, Sample[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      const load = loadavg()[0] ?? 0;
      const value = await measure(contender, round);
      samples.set(contender.name, [...(samples.get(contender.name) ?? []), { round, value, load }]);
    }
  }
  return Object.fromEntries([...samples].map(([name, list]) => [name, spreadOf(list)]));
}

export function spreadOf(samples: readonly Sample[]): Spread {
  const values = samples.map(({ value }) => value);
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), samples };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** How many times b is a, of the medians. */
export function ratio(a: Spread | undefined, b: Spread | undefined): number {
  return a && b ? a.median / b.median : NaN;
}
