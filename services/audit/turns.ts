/** One at a time of each key, in the order in which they came; one that fails ends only its own turn. */
export class Turns<Key> {
  readonly #last = new Map<Key, Promise<unknown>>();

  take<Result>(key: Key, run: () => Promise<Result>): Promise<Result> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(run);
    this.#last.set(
      key,
      turn.catch(() => {}),
    );
    return turn;
  }
}
