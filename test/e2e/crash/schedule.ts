/** One kill: whom it hits, how long after that is ready for it, and how long it stays away. Milliseconds. */
export interface Kill {
  readonly afterMs: number;
  readonly victim: string;
  readonly downMs: number;
  /** Also while it is starting. */
  readonly early: boolean;
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly kills: number;
  /** By name, how often in relation to the others. */
  readonly weights: Readonly<Record<string, number>>;
}

/** The same seed gives the same kills in the same order; what they meet is up to the machine. */
export function schedule({ seed, kills, weights }: ScheduleOptions): Kill[] {
  const random = dice(seed);
  const pot = Object.entries(weights).flatMap(([name, weight]) => Array.from({ length: weight }, () => name));
  return Array.from({ length: kills }, () => ({
    afterMs: Math.round(200 + random() * 2_000),
    victim: pot[Math.floor(random() * pot.length)]!,
    downMs: Math.round(random() ** 2 * 2_000),
    early: random() < 0.3,
  }));
}

/** From 0 to 1, without 1: a linear congruential generator (Numerical Recipes' constants), its upper bits. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}
