import type { ClickHouseClient } from '#audit-store';
import { AppError } from '#kernel';

type Taker = (client: ClickHouseClient) => void;

/** Some readers, each for one query at a time: queries of one session run one after another. */
export class ReaderPool {
  readonly #free: ClickHouseClient[];
  readonly #waiting: Taker[] = [];

  constructor(
    readonly clients: readonly ClickHouseClient[],
    private readonly maxWaiting = 16,
  ) {
    this.#free = [...clients];
  }

  /** Whoever goes away (`gone`) leaves the queue, too. */
  async take(gone?: AbortSignal): Promise<ClickHouseClient> {
    gone?.throwIfAborted();
    const free = this.#free.pop();
    if (free) return free;
    if (this.#waiting.length >= this.maxWaiting)
      throw new AppError('BUDGET_EXCEEDED', 'too many queries are waiting; try again in a moment');
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(taker), 1);
        reject(new AppError('SHUTTING_DOWN', 'nobody waits for this query any more'));
      };
      const taker: Taker = (client) => {
        gone?.removeEventListener('abort', leave);
        resolve(client);
      };
      this.#waiting.push(taker);
      gone?.addEventListener('abort', leave, { once: true });
    });
  }

  give(client: ClickHouseClient): void {
    const next = this.#waiting.shift();
    if (next) next(client);
    else this.#free.push(client);
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }
}
