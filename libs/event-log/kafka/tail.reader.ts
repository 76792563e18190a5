import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { AppError } from '#kernel';
import { Heard } from '../heard.js';
import { persist, type HandlerFailure } from '../persist.js';
import { StoredEvent } from '../logged-event.js';
import type { BatchHandler, LoggedEvent, Position, Tail, TailOptions } from '../port.js';
import { Progress } from '../progress.js';
import { Outage, pauseAfter } from './outage.js';
import type { PartitionFetcher } from './partition.fetcher.js';

const batchEvents = 1000;
/** How long a broker holds a fetch that finds nothing. An event that comes is answered at once. */
const waitMs = 1000;

/** Reads every partition of its topics, a loop for each broker that leads some, and commits nothing. */
export class TailReader implements Tail {
  readonly #progress: Progress;
  readonly #heard = new Heard();
  readonly #stop = new AbortController();
  readonly #outage: Outage;
  readonly #times = new Map<string, number>();
  #began = false;
  /** What stood there as it began is a first proof: a broker holds the first fetch of an empty topic. */
  #onCaughtUp = () => {};
  #turns: Promise<unknown> = Promise.resolve();
  readonly done: Promise<void>;

  constructor(
    private readonly fetcher: PartitionFetcher,
    private readonly options: TailOptions,
    private readonly handle: BatchHandler,
    private readonly onFailure: (failure: HandlerFailure) => void,
    private readonly report: (message: string) => void,
  ) {
    this.#progress = new Progress(options.after);
    void this.#progress.caughtUp.then(
      () => this.#onCaughtUp(),
      () => undefined,
    );
    this.#outage = new Outage(report, `reading ${options.topics.join(', ')}`);
    this.done = this.#run();
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

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#progress.stop();
    await this.fetcher.disconnect().catch(() => {}); // ends the fetches that wait
    return this.done;
  }

  async #run(): Promise<void> {
    const stopped = this.#stop.signal;
    await turn(); // never calls the handler before `tail` has returned
    for (let failures = 0; !stopped.aborted;) {
      try {
        await this.fetcher.refresh();
        await this.#begin();
        await this.#follow(() => (failures = 0));
      } catch (error) {
        if (stopped.aborted) break;
        // A leader that moves is no outage.
        if (++failures > 2) this.#outage.began(error);
        await pause(pauseAfter(failures), undefined, { signal: stopped }).catch(() => {});
      }
    }
    await this.fetcher.disconnect().catch(() => {});
  }

  /** Says what stood in the log when this began. */
  async #begin(): Promise<void> {
    if (this.#began) return;
    const asked = this.#heard.now();
    const bounds = await this.fetcher.bounds(this.options.topics);
    this.#heard.expects(bounds);
    this.#onCaughtUp = () => bounds.forEach((place) => this.#heard.toEnd(place, asked));
    const filled = bounds.filter(({ start, end }) => end > start);
    this.#progress.startsWith(
      filled.map(({ topic, partition, end }) => ({ topic, partition, offset: end - 1 })),
    );
    this.#began = true;
  }

  /** Until one of the loops fails: then who leads what is asked anew. */
  async #follow(onAnswer: () => void): Promise<void> {
    const cut = new AbortController();
    const ends = AbortSignal.any([this.#stop.signal, cut.signal]);
    const leaders = this.fetcher.leaders(this.options.topics);
    const loops = [...leaders].map(([node, places]) => this.#loop(node, places, ends, onAnswer));
    try {
      await Promise.race(loops);
    } finally {
      cut.abort();
      await Promise.allSettled(loops);
    }
  }

  async #loop(node: string, places: Position[], ends: AbortSignal, onAnswer: () => void): Promise<void> {
    while (!ends.aborted) {
      const after = places.map(({ topic, partition }) => this.#progress.after(topic, partition));
      const asked = this.#heard.now();
      const fetched = await this.fetcher
        .fetch(node, after, waitMs)
        .catch((error: unknown) => this.#mend(error, after));
      onAnswer();
      this.#outage.ended();
      for (const { events } of fetched) await this.#inTurn(events, ends);
      if (ends.aborted) return; // what was fetched may not have been handled
      for (const each of fetched) if (each.isAll) this.#heard.toEnd(each, asked);
    }
  }

  /** What was to be read next has expired: reading goes on where the log begins now. */
  async #mend(error: unknown, after: readonly Position[]): Promise<[]> {
    if ((error as Error).name !== 'KafkaJSOffsetOutOfRange') throw error;
    const bounds = await this.fetcher.bounds(this.options.topics);
    for (const { topic, partition, start, end } of bounds) {
      const read = after.find((each) => each.topic === topic && each.partition === partition);
      if (!read) continue;
      const place = `${topic}/${partition}`;
      if (read.offset + 1 > end)
        throw new AppError(
          'LOG_UNAVAILABLE',
          `${place} ends at ${end - 1}, before ${read.offset}: it was made anew`,
        );
      if (read.offset + 1 >= start) continue;
      if (read.offset >= 0)
        this.report(`event log: ${place} has expired up to ${start}; read up to ${read.offset}`);
      this.#progress.skipTo({ topic, partition, offset: start - 1 });
    }
    return [];
  }

  /** One batch at a time, whichever broker it is from. */
  #inTurn(events: readonly StoredEvent[], ends: AbortSignal): Promise<void> {
    const handled = this.#turns.then(() => this.#handOver(events, ends));
    this.#turns = handled.catch(() => {});
    return handled;
  }

  async #handOver(events: readonly StoredEvent[], ends: AbortSignal): Promise<void> {
    for (let at = 0; at < events.length && !ends.aborted; at += batchEvents) {
      const [first, ...rest] = events.slice(at, at + batchEvents).map((event) => this.#timed(event));
      if (!first) return;
      const batch: [LoggedEvent, ...LoggedEvent[]] = [first, ...rest];
      if (!(await persist(this.handle, batch, ends, this.onFailure))) return;
      this.#progress.advance(batch);
      await turn();
    }
  }

  /** Folds compare append times: a broker's clock that goes back, or its successor's, never takes them back. */
  #timed(event: StoredEvent): StoredEvent {
    const { position, appendedAt, raw } = event;
    const place = `${position.topic}/${position.partition}`;
    const last = this.#times.get(place) ?? 0;
    if (appendedAt < last) return new StoredEvent(position, last, raw);
    this.#times.set(place, appendedAt);
    return event;
  }
}
