import type { BudgetWindow } from '#policy-engine';
import { SlidingMeter, type MeterStep } from './sliding-meter.js';

/** One bound of one kind of amount. Bounds of one key and length count together, whatever their amounts. */
export interface Bound extends BudgetWindow {
  readonly key: string;
}

/**
 * Where amounts that windows bound are counted. `left` and `spend` answer at once, so that nothing can come between
 * them; `more` asks whoever else counts. It may stop early, never late.
 */
export interface BudgetLedger {
  /** What may be let through now under all of these bounds, without asking anybody. */
  left(bounds: readonly Bound[], now: number): number;
  /** Counts what is let through: at most what `left` said in the same turn of the event loop. */
  spend(bounds: readonly Bound[], amount: number, now: number): void;
  /** Asks for more to be left; undefined: there is no more to be had now. */
  more(bounds: readonly Bound[], wanted: number, now: number): Promise<void> | undefined;
  /** When something will be left again, as far as is known here. */
  opensAt(bounds: readonly Bound[], now: number): number;
}

/** What a ledger keeps: a meter's key, its length and its steps. */
export type MeterState = readonly [key: string, ms: number, steps: readonly MeterStep[]];

/** Meters kept at once; beyond, those that count nothing go, and if none does, nothing is let through. */
const mostMeters = 50_000;

/** Counts in this process. */
export class LocalLedger implements BudgetLedger {
  private readonly meters = new Map<string, { readonly key: string; readonly meter: SlidingMeter }>();
  /** A clock that is set back must not open a window. */
  private latest = 0;

  /** `changed` is called after everything that must outlive the process. */
  constructor(private readonly changed: () => void = () => undefined) {}

  left(bounds: readonly Bound[], now: number): number {
    const at = this.time(now);
    let least = Infinity;
    for (const { key, ms, amount } of bounds) {
      const meter = this.meter(key, ms, at);
      least = Math.min(least, meter ? amount - meter.used(at) : 0);
    }
    return Math.max(0, least);
  }

  spend(bounds: readonly Bound[], amount: number, now: number): void {
    this.count(bounds, amount, this.time(now));
  }

  more(): undefined {
    return undefined;
  }

  opensAt(bounds: readonly Bound[], now: number): number {
    const at = this.time(now);
    return Math.max(
      at,
      ...bounds.map(({ key, ms, amount }) => this.meter(key, ms, at)?.opensAt(amount, at) ?? at + ms),
    );
  }

  /** Counts as much as may be of `wanted`, as spent when the lease ends. Answers how much, and when that is. */
  lend(bounds: readonly Bound[], wanted: number, ms: number, now: number): { granted: number; at: number } {
    const granted = Math.min(wanted, this.left(bounds, now));
    const at = this.time(now) + ms;
    if (granted > 0) this.count(bounds, granted, at);
    return { granted, at };
  }

  /** The part of a lease that nobody spent. `at` as `lend` answered it. */
  takeBack(bounds: readonly Bound[], amount: number, at: number): void {
    for (const { key, ms } of bounds) this.meters.get(nameOf(key, ms))?.meter.remove(amount, at);
    this.changed();
  }

  state(now: number): MeterState[] {
    const at = this.time(now);
    const counting = [...this.meters.values()].filter(({ meter }) => meter.used(at) > 0);
    return counting.map(({ key, meter }) => [key, meter.ms, meter.steps()]);
  }

  restore(state: readonly MeterState[]): void {
    for (const [key, ms, steps] of state)
      this.meters.set(nameOf(key, ms), { key, meter: new SlidingMeter(ms, steps) });
  }

  private count(bounds: readonly Bound[], amount: number, at: number): void {
    for (const { key, ms } of bounds) this.meter(key, ms, at)?.add(amount, at);
    this.changed();
  }

  private meter(key: string, ms: number, now: number): SlidingMeter | undefined {
    const name = nameOf(key, ms);
    const known = this.meters.get(name);
    if (known) return known.meter;
    if (this.meters.size >= mostMeters && !this.makeRoom(now)) return undefined;
    const meter = new SlidingMeter(ms);
    this.meters.set(name, { key, meter });
    return meter;
  }

  private makeRoom(now: number): boolean {
    for (const [name, { meter }] of this.meters) if (meter.used(now) === 0) this.meters.delete(name);
    return this.meters.size < mostMeters;
  }

  private time(now: number): number {
    this.latest = Math.max(this.latest, now);
    return this.latest;
  }
}

function nameOf(key: string, ms: number): string {
  return `${ms}/${key}`;
}
