import { kafkaError } from './kafka.errors.js';

/** Says once that something does not work, and once that it works again. */
export class Outage {
  #since: number | undefined;

  constructor(
    private readonly report: (message: string) => void,
    private readonly what: string,
  ) {}

  began(error: unknown): void {
    if (this.#since !== undefined) return;
    this.#since = Date.now();
    const { message, hint } = kafkaError(error, this.what);
    this.report(`event log: ${message}; trying on${hint === undefined ? '' : ` (${hint})`}`);
  }

  ended(): void {
    if (this.#since === undefined) return;
    const seconds = Math.round((Date.now() - this.#since) / 1000);
    this.#since = undefined;
    this.report(`event log: ${this.what}: works again after ${seconds} s`);
  }
}

const [firstPauseMs, longestPauseMs] = [100, 2000];

/** Before the next try, milliseconds. */
export const pauseAfter = (failures: number): number =>
  Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs);
