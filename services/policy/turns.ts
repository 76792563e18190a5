/** One write at a time: between looking at the fold and appending nothing else of ours may happen. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs when all that took a turn before is done, also where that failed. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
