import type { Detector } from './detector.check.js';
import { OwnTurns } from './own.turns.js';
import { overlap, type TimeRange } from './store.sql.js';
import type { Unanswered } from './unanswered.js';

export interface OwnQuestionsOptions {
  /** What they are to be asked for by now. */
  readonly due: () => readonly Unanswered[];
  /** Returns whether there was an answer. */
  readonly ask: (each: Unanswered) => Promise<boolean>;
  readonly onAnswered: (each: Unanswered) => Promise<void>;
  /** After what took so many milliseconds. */
  readonly rest?: (worked: number) => Promise<unknown>;
}

/** A house's own detectors are asked beside the rounds, one at a time: nothing shipped waits for them. */
export class OwnQuestions {
  readonly #turns = new OwnTurns();
  /** What one is being asked for; and whether something new came in there since. */
  #asked: { readonly each: Unanswered; isStale: boolean } | undefined;
  #going: Promise<void> | undefined;
  #problem: { readonly error: unknown } | undefined;

  constructor(private readonly options: OwnQuestionsOptions) {}

  /** Until nothing is due. Throws what ended that the last time. */
  goOn(): void {
    const problem = this.#problem;
    this.#problem = undefined;
    if (problem) throw problem.error;
    this.#going ??= this.#go()
      .catch((error: unknown) => {
        this.#problem = { error };
      })
      .finally(() => {
        this.#going = undefined;
      });
  }

  /** Resolves once nothing is being asked. */
  async settled(): Promise<void> {
    await this.#going;
  }

  /** What is being answered may not have what came in there since: it is asked for once more. */
  outdate(detectors: readonly Detector[], range: TimeRange): void {
    const asked = this.#asked;
    if (!asked || !overlap(asked.each.range, range)) return;
    asked.isStale ||= detectors.some(({ id }) => id === asked.each.detector.id);
  }

  async #go(): Promise<void> {
    for (let each = this.#next(); each; each = this.#next()) {
      const begun = performance.now();
      const asked = (this.#asked = { each, isStale: false });
      const isAnswered = await this.options.ask(each).finally(() => {
        this.#asked = undefined;
      });
      if (isAnswered && !asked.isStale) await this.options.onAnswered(each);
      await this.options.rest?.(performance.now() - begun);
    }
  }

  #next(): Unanswered | undefined {
    return this.#turns.next(this.options.due());
  }
}
