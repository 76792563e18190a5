import { dayOf } from './store.sql.js';
import type { Unanswered } from './unanswered.js';

/** Whose turn it is of a house's own detectors: who was asked longest ago, so each once before any is asked twice. */
export class OwnTurns {
  #turn = 0;
  readonly #last = new Map<string, number>();

  /** Undefined: nobody's. Hours of one day that it was not asked for yet are one question, as of the shipped ones. */
  next(due: readonly Unanswered[]): Unanswered | undefined {
    const last = ({ detector }: Unanswered): number => this.#last.get(detector.id) ?? 0;
    const [first] = due.toSorted(
      (a, b) => last(a) - last(b) || a.dueAt - b.dueAt || a.range.from - b.range.from,
    );
    if (!first) return undefined;
    this.#last.set(first.detector.id, ++this.#turn);
    return first.tries === 0 ? joined(first, due) : first;
  }
}

/** With what follows it, and was not asked for either. */
function joined(first: Unanswered, due: readonly Unanswered[]): Unanswered {
  const ends = new Map(
    due
      .filter(({ detector, tries }) => detector.id === first.detector.id && tries === 0)
      .map(({ range }) => [range.from, range.to]),
  );
  let { to } = first.range;
  for (
    let next = ends.get(to);
    next !== undefined && dayOf(to) === dayOf(first.range.from);
    next = ends.get(to)
  )
    to = next;
  return { ...first, range: { from: first.range.from, to } };
}
