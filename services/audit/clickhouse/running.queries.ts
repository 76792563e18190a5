import { AppError } from '#kernel';

/** How many answers may be made or sent at once: each holds a result in memory until its client has taken it. */
export class RunningQueries {
  readonly #byIdentity = new Map<string, number>();
  #all = 0;

  constructor(
    private readonly mostOfOne: number,
    private readonly mostOfAll: number,
  ) {}

  /** Throws BUDGET_EXCEEDED; gives what ends it. */
  begin(identity: string): () => void {
    const own = this.#byIdentity.get(identity) ?? 0;
    if (own >= this.mostOfOne)
      throw new AppError('BUDGET_EXCEEDED', `${own} queries of yours are running; wait for one of them`);
    if (this.#all >= this.mostOfAll)
      throw new AppError('BUDGET_EXCEEDED', 'too many queries are running; try again in a moment');
    this.#count(identity, 1);
    return () => this.#count(identity, -1);
  }

  #count(identity: string, by: 1 | -1): void {
    const own = (this.#byIdentity.get(identity) ?? 0) + by;
    if (own === 0) this.#byIdentity.delete(identity);
    else this.#byIdentity.set(identity, own);
    this.#all += by;
  }
}
