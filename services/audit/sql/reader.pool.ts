import type { ClickHouseClient } from '#audit-store';
import { AppError } from '#kernel';

/** Some readers, each for one query at a time: queries of one session run one after another. */
export class ReaderPool {
  readonly #free: ClickHouseClient[];
  readonly #waiting: ((client: ClickHouseClient) => void)[] = [];

  constructor(
    readonly clients: readonly ClickHouseClient[],
    private readonly maxWaiting = 16,
  ) {
    this.#free = [...clients];
  }

  async take(): Promise<ClickHouseClient> {
    const free = this.#free.pop();
    if (free) return free;
    if (this.#waiting.length >= this.maxWaiting)
      throw new AppError('BUDGET_EXCEEDED', 'too many queries are waiting; try again in a moment');
    return new Promise((resolve) => this.#waiting.push(resolve));
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
