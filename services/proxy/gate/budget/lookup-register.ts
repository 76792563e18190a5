import { createHmac } from 'node:crypto';
import type { BudgetWindow } from '#policy-engine';

/** What a register keeps of one column: hashes, each with when its value was last looked up. */
export type LookupState = readonly [column: string, seen: readonly (readonly [hash: string, at: number])[]];

/** How many different values count in a window, and how many it allows. */
export interface LookupUse {
  readonly used: number;
  readonly limit: number;
}

/** The one that is used up the most. */
export function narrowest(uses: readonly LookupUse[]): LookupUse | undefined {
  const share = ({ used, limit }: LookupUse) => used / Math.max(1, limit);
  return uses.reduce<LookupUse | undefined>((a, b) => (a && share(a) >= share(b) ? a : b), undefined);
}

/** Hashes kept at once. Beyond, those that are too old go; if none is, no value is new enough to be taken. */
const mostHashes = 100_000;
const longestMs = 31 * 86_400_000;

/**
 * Which values an identity has looked up in a masked column: how many different ones, in any stretch of time. Kept as
 * keyed hashes, since the values are what the mask hides.
 */
export class LookupRegister {
  /** Oldest first, by column. */
  private readonly columns = new Map<string, Map<string, number>>();
  private hashes = 0;

  constructor(
    private readonly key: Uint8Array,
    /** Called after everything that must outlive the process. */
    private readonly changed: () => void = () => undefined,
  ) {}

  /** The window that these values would go beyond, or undefined. `column` names identity, connection and column. */
  exceeded(
    column: string,
    values: readonly string[],
    windows: readonly BudgetWindow[],
    now: number,
  ): BudgetWindow | undefined {
    const asked = new Set(values.map((value) => this.hash(column, value)));
    const seen = this.columns.get(column) ?? new Map<string, number>();
    if (!this.hasRoom([...asked].filter((hash) => !seen.has(hash)).length, now)) return windows[0];
    const isFresh =
      ({ ms }: BudgetWindow) =>
      (hash: string) =>
        !(now - (seen.get(hash) ?? -Infinity) < ms);
    const fresh = windows.map((window) => [...asked].filter(isFresh(window)).length);
    if (fresh.every((count) => count === 0)) return undefined;
    const used = usedOf(seen, windows, now);
    return windows.find(({ amount }, i) => fresh[i]! > 0 && fresh[i]! + used[i]! > amount);
  }

  /** Of the window that is used up the most: how many different values count in it, and how many it allows. */
  use(column: string, windows: readonly BudgetWindow[], now: number): LookupUse | undefined {
    const used = usedOf(this.columns.get(column) ?? new Map<string, number>(), windows, now);
    const uses = windows.map(({ amount }, i) => ({ used: used[i]!, limit: amount }));
    return narrowest(uses);
  }

  /** Counts them as looked up now. A value that is looked up again counts once, from its last time on. */
  add(column: string, values: readonly string[], now: number): void {
    const seen = this.columns.get(column) ?? new Map<string, number>();
    this.columns.set(column, seen);
    for (const value of values) {
      const hash = this.hash(column, value);
      // Deleted first: a Map keeps the order of insertion, and the oldest must come first.
      if (!seen.delete(hash)) this.hashes++;
      seen.set(hash, now);
    }
    this.changed();
  }

  state(now: number): LookupState[] {
    this.forget(now);
    return [...this.columns].map(([column, seen]) => [column, [...seen]]);
  }

  restore(state: readonly LookupState[]): void {
    for (const [column, seen] of state) {
      this.columns.set(column, new Map(seen));
      this.hashes += seen.length;
    }
  }

  private hasRoom(more: number, now: number): boolean {
    if (this.hashes + more > mostHashes) this.forget(now);
    return this.hashes + more <= mostHashes;
  }

  private forget(now: number): void {
    for (const [column, seen] of this.columns) {
      for (const [hash, at] of seen) {
        if (now - at < longestMs) break;
        seen.delete(hash);
        this.hashes--;
      }
      if (seen.size === 0) this.columns.delete(column);
    }
  }

  /** 96 bits; the column goes in, so that one value has another hash in each. */
  private hash(column: string, value: string): string {
    const digest = createHmac('sha256', this.key).update(`${column}\0${value}`).digest();
    return digest.toString('base64', 0, 12);
  }
}

/** How many count in each window. One pass and no copy: there may be a hundred thousand, and every look-up asks. */
function usedOf(
  seen: ReadonlyMap<string, number>,
  windows: readonly BudgetWindow[],
  now: number,
): readonly number[] {
  const used = windows.map(() => 0);
  for (const at of seen.values())
    for (let i = 0; i < used.length; i++) if (now - at < windows[i]!.ms) used[i]!++;
  return used;
}
