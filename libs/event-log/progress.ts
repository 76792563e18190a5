import { firstField } from '#events';
import { AppError } from '#kernel';
import type { LoggedEvent, Position } from './port.js';

const remembered = 10_000;
const place = (position: Position) => `${position.topic}/${position.partition}`;

interface Waiter {
  isMet(): boolean;
  settle(error?: AppError): void;
}

/** How far a tail has handled its topics, and those who wait for it. */
export class Progress {
  readonly caughtUp: Promise<void>;
  readonly #handled = new Map<string, number>();
  readonly #recentIds = new Set<string>();
  readonly #waiters = new Set<Waiter>();
  #meetStart: (ends: readonly Position[]) => void = () => {};
  #stopped = false;

  constructor(after: readonly Position[] = []) {
    for (const position of after) this.#handled.set(place(position), position.offset);
    const ends = new Promise<readonly Position[]>((resolve) => (this.#meetStart = resolve));
    this.caughtUp = ends.then((all) => this.#until(() => all.every((end) => this.#has(end))));
    this.caughtUp.catch(() => {}); // a tail that nobody waits for may stop early
  }

  /** The last position handled in that partition, or the one before the first. */
  after(topic: Position['topic'], partition: number): Position {
    return { topic, partition, offset: this.#handled.get(`${topic}/${partition}`) ?? -1 };
  }

  /** Says what stood in the log when the tail began. */
  startsWith(ends: readonly Position[]): void {
    this.#meetStart(ends);
  }

  advance(batch: readonly LoggedEvent[]): void {
    for (const event of batch) {
      this.#handled.set(place(event.position), event.position.offset);
      this.#recentIds.add(firstField(event.raw) ?? '');
    }
    for (const id of this.#recentIds) {
      if (this.#recentIds.size <= remembered) break;
      this.#recentIds.delete(id);
    }
    this.#settle();
  }

  /** What stood before this position has expired: it counts as handled. */
  skipTo(position: Position): void {
    this.#handled.set(place(position), position.offset);
    this.#settle();
  }

  /** An id that was handled longer than 10,000 events ago is forgotten. */
  passed(eventId: string, timeoutMs: number): Promise<void> {
    return this.#until(() => this.#recentIds.has(eventId), timeoutMs, `event ${eventId}`);
  }

  reached(position: Position, timeoutMs: number): Promise<void> {
    const what = `${place(position)} at ${position.offset}`;
    return this.#until(() => this.#has(position), timeoutMs, what);
  }

  stop(): void {
    this.#stopped = true;
    this.#meetStart([]);
    for (const waiter of this.#waiters) waiter.settle(stoppedError());
  }

  #settle(): void {
    for (const waiter of this.#waiters) if (waiter.isMet()) waiter.settle();
  }

  #has(position: Position): boolean {
    return (this.#handled.get(place(position)) ?? -1) >= position.offset;
  }

  #until(isMet: () => boolean, timeoutMs?: number, what = ''): Promise<void> {
    if (isMet()) return Promise.resolve();
    if (this.#stopped) return Promise.reject(stoppedError());
    return new Promise((resolve, reject) => {
      const settle = (error?: AppError) => {
        this.#waiters.delete(waiter);
        clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      };
      const waiter: Waiter = { isMet, settle };
      const late = () => settle(new AppError('TIMEOUT', `the log's reader has not got to ${what} in time`));
      const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
      this.#waiters.add(waiter);
    });
  }
}

const stoppedError = () => new AppError('SHUTTING_DOWN', 'this reader of the event log was stopped');
