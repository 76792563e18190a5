/** Steps that a window is counted in: an amount is kept for at most a sixtieth longer than it must be. */
const steps = 60;

/** One step's amount; `step` counts from the epoch. */
export type MeterStep = readonly [step: number, amount: number];

/**
 * What was let through in the last `ms` milliseconds. Rounded so that it never forgets early: any two amounts less than
 * `ms` apart are counted together. At most some sixty numbers, whatever goes through.
 */
export class SlidingMeter {
  private readonly width: number;
  /** Oldest first. */
  private readonly kept: [step: number, amount: number][] = [];
  private total = 0;

  constructor(
    readonly ms: number,
    kept: readonly MeterStep[] = [],
  ) {
    this.width = Math.max(1, Math.ceil(ms / steps));
    for (const [step, amount] of kept) this.insert(step, amount);
  }

  used(now: number): number {
    for (let first = this.kept[0]; first && this.leaves(first[0]) <= now; first = this.kept[0]) {
      this.total -= first[1];
      this.kept.shift();
    }
    return this.total;
  }

  /** `at` may lie ahead: what is lent out counts from when it can be spent at the latest. */
  add(amount: number, at: number): void {
    this.insert(Math.floor(at / this.width), amount);
  }

  /** Takes back what was added for this moment and never let through. */
  remove(amount: number, at: number): void {
    const step = Math.floor(at / this.width);
    const found = this.kept.find((each) => each[0] === step);
    if (!found) return;
    const taken = Math.min(amount, found[1]);
    found[1] -= taken;
    this.total -= taken;
  }

  /** When less than `bound` will be counted, if nothing more comes. */
  opensAt(bound: number, now: number): number {
    let left = this.used(now);
    for (const [step, amount] of this.kept) {
      if (left < bound) break;
      left -= amount;
      now = Math.max(now, this.leaves(step));
    }
    return now;
  }

  steps(): readonly MeterStep[] {
    return this.kept.filter(([, amount]) => amount > 0);
  }

  /** The end of a step is when its last amount may have come. */
  private leaves(step: number): number {
    return (step + 1) * this.width + this.ms;
  }

  private insert(step: number, amount: number): void {
    this.total += amount;
    let at = this.kept.length;
    while (at > 0 && this.kept[at - 1]![0] > step) at--;
    const before = this.kept[at - 1];
    if (before?.[0] === step) before[1] += amount;
    else this.kept.splice(at, 0, [step, amount]);
  }
}
