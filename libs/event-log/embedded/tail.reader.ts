import { setImmediate as turn } from 'node:timers/promises';
import { AppError } from '#kernel';
import { Heard } from '../heard.js';
import { persist, type HandlerFailure } from '../persist.js';
import type { BatchHandler, LoggedEvent, Position, Tail, TailOptions } from '../port.js';
import { Progress } from '../progress.js';
import type { Store } from './store.js';
import type { Wake } from './wake.js';

export const batchEvents = 1000;
export const batchBytes = 4 * 1024 * 1024;

/** Reads its topics by turns, one batch at a time, and commits nothing. */
export class TailReader implements Tail {
  readonly #progress: Progress;
  readonly #heard = new Heard();
  readonly #stop = new AbortController();
  readonly done: Promise<void>;

  constructor(
    private readonly store: Store,
    private readonly wake: Wake,
    private readonly options: TailOptions,
    private readonly handle: BatchHandler,
    private readonly onFailure: (failure: HandlerFailure) => void,
  ) {
    this.#progress = new Progress(options.after);
    const asked = this.#heard.now();
    store.refresh();
    const ends = options.topics.map((topic) => ({ topic, partition: 0, offset: store.end(topic) }));
    this.#progress.startsWith(ends);
    this.#heard.expects(ends);
    void this.#progress.caughtUp.then(
      () => ends.forEach((place) => this.#heard.toEnd(place, asked)),
      () => undefined,
    );
    wake.enter();
    this.done = this.#run().finally(() => wake.leave());
  }

  get caughtUp(): Promise<void> {
    return this.#progress.caughtUp;
  }

  get age(): number {
    return this.#heard.age;
  }

  passed(eventId: string, timeoutMs: number): Promise<void> {
    return this.#progress.passed(eventId, timeoutMs);
  }

  reached(position: Position, timeoutMs: number): Promise<void> {
    if (this.options.topics.includes(position.topic)) return this.#progress.reached(position, timeoutMs);
    return Promise.reject(new AppError('INPUT_INVALID', `this tail does not read ${position.topic}`));
  }

  stop(): Promise<void> {
    this.#stop.abort();
    this.#progress.stop();
    this.wake.now();
    return this.done;
  }

  async #run(): Promise<void> {
    const stopped = this.#stop.signal;
    await turn(); // never calls the handler before `tail` has returned
    while (!stopped.aborted) {
      const beat = this.wake.beat;
      const found = await this.#round(stopped).catch(this.#report);
      if (found) await turn();
      else if (!stopped.aborted) await this.wake.since(beat);
    }
  }

  /** One batch of each topic; whether there was any. */
  async #round(stopped: AbortSignal): Promise<boolean> {
    let found = false;
    for (const topic of this.options.topics) {
      const asked = this.#heard.now();
      this.store.refresh();
      const end = this.store.end(topic);
      const [first, ...rest] = this.#next(topic);
      if (first) {
        found = true;
        const batch: [LoggedEvent, ...LoggedEvent[]] = [first, ...rest];
        if (!(await persist(this.handle, batch, stopped, this.onFailure))) return true;
        this.#progress.advance(batch);
      }
      const after = this.#progress.after(topic, 0);
      if (after.offset >= end) this.#heard.toEnd(after, asked);
    }
    return found;
  }

  readonly #report = (error: unknown): false => {
    console.error(`event log: reading ${this.options.topics.join(', ')}`, error);
    return false;
  };

  #next(topic: Position['topic']): LoggedEvent[] {
    return this.store.read(topic, this.#progress.after(topic, 0).offset, batchEvents, batchBytes);
  }
}
