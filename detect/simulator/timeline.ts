import type { SimulatedEvent, Step } from './model.js';

interface Source {
  step: Step;
  readonly steps: Iterator<Step>;
  /** Of two at one time the older source comes first, so that the order is always the same. */
  readonly serial: number;
}

/**
 * Merges sources, each of them in order, into one order of time. It holds one step of each source that has not ended:
 * agents and open sessions, however many weeks there are.
 */
export function* merge(sources: Iterable<Iterator<Step>>): Generator<SimulatedEvent> {
  const heap = new Heap();
  for (const steps of sources) heap.add(steps);
  for (let first = heap.first(); first; first = heap.first()) {
    const { event, begins } = first.step;
    heap.advance();
    if (begins) heap.add(begins);
    if (event) yield event;
  }
}

class Heap {
  readonly #sources: Source[] = [];
  #serial = 0;

  first(): Source | undefined {
    return this.#sources[0];
  }

  add(steps: Iterator<Step>): void {
    const next = steps.next();
    if (next.done) return;
    this.#sources.push({ step: next.value, steps, serial: this.#serial++ });
    this.#up(this.#sources.length - 1);
  }

  /** Moves the first source on by a step. */
  advance(): void {
    const first = this.#sources[0];
    if (!first) return;
    const next = first.steps.next();
    if (!next.done) first.step = next.value;
    else {
      const last = this.#sources.pop();
      if (!last || this.#sources.length === 0) return;
      this.#sources[0] = last;
    }
    this.#down(0);
  }

  #up(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(from: number): void {
    for (let at = from; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = left < this.#sources.length && this.#before(left, at) ? left : at;
      if (right < this.#sources.length && this.#before(right, least)) least = right;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #before(one: number, other: number): boolean {
    const [a, b] = [this.#sources[one]!, this.#sources[other]!];
    return a.step.at === b.step.at ? a.serial < b.serial : a.step.at < b.step.at;
  }

  #swap(one: number, other: number): void {
    [this.#sources[one], this.#sources[other]] = [this.#sources[other]!, this.#sources[one]!];
  }
}
