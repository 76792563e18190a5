import type { Clock } from '#kernel';
import type { Unanswered } from './unanswered.js';

/** Milliseconds of a round that no further one is asked after; what was asked takes ten seconds at most. */
const mostTime = 5000;

/**
 * A house's own detectors, after the shipped ones and for so long: whoever was asked longest ago first, and each once before any is
 * asked twice. Who does not get a turn is the first in the next round.
 */
export class OwnTurns {
  #turn = 0;
  readonly #last = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** Returns what was answered for. */
  async take(
    due: readonly Unanswered[],
    ask: (each: Unanswered) => Promise<boolean>,
  ): Promise<readonly Unanswered[]> {
    const begun = this.clock.now();
    const answered: Unanswered[] = [];
    for (const each of this.#inTurn(due)) {
      if (this.clock.now() - begun >= mostTime) break;
      this.#last.set(each.detector.id, ++this.#turn);
      if (await ask(each)) answered.push(each);
    }
    return answered;
  }

  #inTurn(due: readonly Unanswered[]): readonly Unanswered[] {
    const counts = new Map<string, number>();
    const ranked = due
      .toSorted((a, b) => a.dueAt - b.dueAt || a.range.from - b.range.from)
      .map((each) => {
        const { id } = each.detector;
        const rank = counts.get(id) ?? 0;
        counts.set(id, rank + 1);
        return { each, rank, last: this.#last.get(id) ?? 0 };
      });
    return ranked.sort((a, b) => a.rank - b.rank || a.last - b.last).map(({ each }) => each);
  }
}
