/** More than this many within ten minutes, and the oldest are forgotten: their codes are spent at the provider. */
const most = 10_000;

/** Transactions that came back already: each is good for one answer. */
export class UsedTransactions {
  readonly #until = new Map<string, number>();

  /** False where it was used before. */
  use(id: string, endsAt: number, now: number): boolean {
    for (const [old, until] of this.#until) {
      if (now < until && this.#until.size < most) break;
      this.#until.delete(old);
    }
    if (this.#until.has(id)) return false;
    this.#until.set(id, endsAt);
    return true;
  }
}
