import type { EncodedEnvelope, Topic } from '#events';
import { AppError, isAppError, type Clock } from '#kernel';
import { refuseLarge, type Position } from '../port.js';
import type { Store } from './store.js';

interface Pending {
  readonly topic: Topic;
  readonly events: readonly EncodedEnvelope[];
  readonly bytes: number;
  resolve(positions: readonly Position[]): void;
  reject(error: unknown): void;
}

/** The write transaction runs on the event loop; this bounds how long it holds it (some ms). */
const transactionBytes = 4 * 1024 * 1024;

/** Calls that come while a transaction is on its way to the disk share the next one. */
export class AppendQueue {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #onCommit: () => void;
  #waiting: Pending[] = [];
  #flushing: Promise<void> | undefined;
  #closed = false;

  constructor(store: Store, clock: Clock, onCommit: () => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onCommit = onCommit;
  }

  async append(topic: Topic, events: readonly EncodedEnvelope[]): Promise<readonly Position[]> {
    if (this.#closed) throw new AppError('SHUTTING_DOWN', 'the event log is closed');
    refuseLarge(events);
    const bytes = events.reduce((sum, raw) => sum + raw.length, 0);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ topic, events, bytes, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    await Promise.resolve(); // lets calls of the same turn in
    while (this.#waiting.length > 0) await this.#commit(this.#take());
    this.#flushing = undefined;
  }

  #take(): Pending[] {
    let bytes = 0;
    let count = 0;
    for (const pending of this.#waiting) {
      bytes += pending.bytes;
      if (count > 0 && bytes > transactionBytes) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #commit(batch: readonly Pending[]): Promise<void> {
    try {
      const positions = await this.#store.write(() => {
        const now = this.#clock.now();
        return batch.map(({ topic, events }) => this.#store.put(topic, events, now));
      });
      batch.forEach((pending, index) => pending.resolve(positions[index] ?? []));
      this.#onCommit();
    } catch (cause) {
      const error = isAppError(cause)
        ? cause
        : new AppError('LOG_UNAVAILABLE', 'the event log could not be written', { cause });
      for (const pending of batch) pending.reject(error);
    }
  }
}
