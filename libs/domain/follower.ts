import { encodeEnvelope, type Envelope, type Topic } from '#events';
import type { EventLog, LoggedEvent, Position, Tail } from '#event-log';
import { isAppError } from '#kernel';
import { apart, type OnFoldError } from './fold.errors.js';

export interface Fold {
  apply(event: LoggedEvent): void;
}

export interface Appended {
  readonly position: Position;
  /** False: durable, but this process's fold has not got there in time. The answer is 202. */
  readonly folded: boolean;
}

/**
 * A fold that follows its topic, and the one way to write to it: append, wait until the own tail has passed
 * the event, then ask the fold what became of it.
 */
export class Follower {
  readonly #tail: Tail;
  readonly #log: EventLog;
  readonly #topic: Topic;
  readonly #timeoutMs: number;

  /**
   * What a fold can't read, no repetition makes readable: it is told and passed over, by every replica alike (the audit
   * service dead-letters it). Thrown on, the same batch would come again for ever, and nothing behind it would be folded.
   */
  constructor(log: EventLog, topic: Topic, fold: Fold, onError: OnFoldError, timeoutMs = 5_000) {
    this.#log = log;
    this.#topic = topic;
    this.#timeoutMs = timeoutMs;
    this.#tail = log.tail({ topics: [topic] }, (batch) => {
      for (const event of batch) apart('the fold', event.position, onError, () => fold.apply(event));
    });
  }

  /** Resolves once all that stood in the log when this began is folded. */
  get caughtUp(): Promise<void> {
    return this.#tail.caughtUp;
  }

  /** As of `Tail`: how old what the fold knows is, milliseconds. */
  get age(): number {
    return this.#tail.age;
  }

  /** Appends in order; waits for the last of them. */
  async append(...events: readonly [Envelope, ...Envelope[]]): Promise<Appended> {
    const positions = await this.#log.append(this.#topic, events.map(encodeEnvelope));
    const position = positions.at(-1);
    if (!position) throw new Error(`the log gave no position for an event of ${this.#topic}`);
    return { position, folded: await inTime(this.#tail.reached(position, this.#timeoutMs)) };
  }

  /** Folds what stands in the log now, at most this follower's time-out long; false: it took longer. */
  async catchUp(): Promise<boolean> {
    const ends = await this.#log.end(this.#topic);
    const reached = ends.map((end) => inTime(this.#tail.reached(end, this.#timeoutMs)));
    return (await Promise.all(reached)).every(Boolean);
  }

  /** Waits for a position that a write's answer named; false: it took longer. */
  reached(position: Position): Promise<boolean> {
    return inTime(this.#tail.reached(position, this.#timeoutMs));
  }

  stop(): Promise<void> {
    return this.#tail.stop();
  }
}

async function inTime(wait: Promise<void>): Promise<boolean> {
  try {
    await wait;
    return true;
  } catch (error) {
    if (isAppError(error, 'TIMEOUT')) return false;
    throw error;
  }
}
