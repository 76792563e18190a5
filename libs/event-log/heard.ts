import type { Position } from './port.js';

type Place = Pick<Position, 'topic' | 'partition'>;

const keyOf = ({ topic, partition }: Place) => `${topic}/${partition}`;

/**
 * When a tail last knew each of its partitions to be read to the end. Times are those of a clock that nobody sets: with the
 * wall's, set back, an old proof would look new.
 */
export class Heard {
  readonly #at = new Map<string, number>();

  constructor(readonly now: () => number = () => performance.now()) {}

  /** All that is to be read: before its first proof each of them is of unknown age. */
  expects(places: readonly Place[]): void {
    for (const place of places) if (!this.#at.has(keyOf(place))) this.#at.set(keyOf(place), -Infinity);
  }

  /** Nothing that stood there at `askedAt` is missing here. When the answer came proves nothing: it may have been held up. */
  toEnd(place: Place, askedAt: number): void {
    const before = this.#at.get(keyOf(place)) ?? -Infinity;
    if (askedAt > before) this.#at.set(keyOf(place), askedAt);
  }

  /** Milliseconds, of the partition that is worst off. */
  get age(): number {
    let oldest = Infinity;
    for (const at of this.#at.values()) if (at < oldest) oldest = at;
    return this.#at.size === 0 ? Infinity : this.now() - oldest;
  }
}
