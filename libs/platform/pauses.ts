/** What is not to be done again for a while, by id. What is past is forgotten, so that it holds what happened lately. */
export class Pauses {
  readonly #until = new Map<string, number>();

  get size(): number {
    return this.#until.size;
  }

  /** Milliseconds since the epoch. */
  begin(id: string, now: number, until: number): void {
    this.#forget(now);
    this.#until.delete(id);
    this.#until.set(id, until);
  }

  lasts(id: string, now: number): boolean {
    return now < (this.#until.get(id) ?? -Infinity);
  }

  end(id: string): void {
    this.#until.delete(id);
  }

  /** In the order in which they began, which is nearly that in which they end. */
  #forget(now: number): void {
    for (const [id, until] of this.#until) {
      if (now < until) return;
      this.#until.delete(id);
    }
  }
}
