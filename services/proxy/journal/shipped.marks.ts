import type { Clock } from '#kernel';

const everyMs = 1000;

/** When what is not shipped yet was written, to within a second. */
export class ShippedMarks {
  readonly #clock: Clock;
  /** Something at or after `position` was written at `at`. */
  #marks: { readonly position: number; readonly at: number }[] = [];
  #end: number;

  constructor(clock: Clock, end: number, oldestAt: number | undefined) {
    this.#clock = clock;
    this.#end = end;
    if (oldestAt !== undefined) this.#marks.push({ position: 0, at: oldestAt });
  }

  get oldest(): number | undefined {
    return this.#marks[0]?.at;
  }

  appended(end: number): void {
    const now = this.#clock.now();
    const last = this.#marks.at(-1);
    if (!last || now - last.at >= everyMs) this.#marks.push({ position: this.#end, at: now });
    this.#end = end;
  }

  shipped(position: number): void {
    if (position >= this.#end) this.#marks = [];
    while ((this.#marks[1]?.position ?? Infinity) <= position) this.#marks.shift();
  }
}
