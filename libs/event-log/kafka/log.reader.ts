import { setTimeout as pause } from 'node:timers/promises';
import type { Topic } from '#events';
import { AppError } from '#kernel';
import type { LoggedEvent, Position } from '../port.js';
import { kafkaError } from './kafka.errors.js';
import { pauseAfter } from './outage.js';
import type { PartitionFetcher } from './partition.fetcher.js';

const tries = 6;
const readBytes = 32 * 1024 * 1024;

/** Single reads for whoever keeps its own position: the audit service, rebuilds. */
export class LogReader {
  /** What a broker's answer held beyond what was asked for, by partition: the next read most often begins there. */
  readonly #ahead = new Map<string, readonly LoggedEvent[]>();
  #closed = false;
  #known: Promise<void> | undefined;

  constructor(
    private readonly fetcher: PartitionFetcher,
    private readonly brokers: readonly string[],
  ) {}

  async read(after: Position, limit: number): Promise<readonly LoggedEvent[]> {
    const found: LoggedEvent[] = [];
    let bytes = 0;
    while (found.length < limit && bytes < readBytes) {
      const more =
        this.#takeAhead(found.at(-1)?.position ?? after) ??
        (await this.#fetch(found.at(-1)?.position ?? after));
      if (more.length === 0) break;
      const taken = more.slice(0, limit - found.length);
      const rest = more.slice(taken.length);
      if (rest.length > 0) this.#ahead.set(placeOf(after), rest);
      found.push(...taken);
      bytes = taken.reduce((sum, { raw }) => sum + raw.length, bytes);
    }
    return found;
  }

  async partitions(topic: Topic): Promise<readonly number[]> {
    return this.#trying(`reading ${topic}`, async () => this.fetcher.partitions(topic));
  }

  async end(topic: Topic): Promise<readonly Position[]> {
    const bounds = await this.#trying(`reading ${topic}`, () => this.fetcher.bounds([topic]));
    // Where all has expired nothing stands that anyone could wait for.
    const filled = bounds.filter(({ start, end }) => end > start);
    return filled.map(({ partition, end }) => ({ topic, partition, offset: end - 1 }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.fetcher.disconnect().catch(() => {});
  }

  #takeAhead(after: Position): readonly LoggedEvent[] | undefined {
    const place = placeOf(after);
    const ahead = this.#ahead.get(place);
    this.#ahead.delete(place);
    return ahead?.[0]?.position.offset === after.offset + 1 ? ahead : undefined;
  }

  #fetch(after: Position): Promise<readonly LoggedEvent[]> {
    return this.#trying(`reading ${placeOf(after)}`, async () => {
      const node = this.#leaderOf(after);
      if (node === undefined) return [];
      try {
        const [fetched] = await this.fetcher.fetch(node, [after], 0);
        return fetched?.events ?? [];
      } catch (error) {
        return this.#fromStart(error, after, node);
      }
    });
  }

  /** What is asked for has expired: then from where the log begins now, as the first offset shows. */
  async #fromStart(error: unknown, after: Position, node: string): Promise<readonly LoggedEvent[]> {
    if ((error as Error).name !== 'KafkaJSOffsetOutOfRange') throw error;
    const bounds = await this.fetcher.bounds([after.topic]);
    const own = bounds.find(({ partition }) => partition === after.partition);
    if (!own || after.offset + 1 > own.end)
      throw new AppError(
        'LOG_UNAVAILABLE',
        `${placeOf(after)} ends before ${after.offset}: it was made anew`,
      );
    const [fetched] = await this.fetcher.fetch(node, [{ ...after, offset: own.start - 1 }], 0);
    return fetched?.events ?? [];
  }

  #leaderOf({ topic, partition }: Position): string | undefined {
    for (const [node, places] of this.fetcher.leaders([topic]))
      if (places.some((place) => place.partition === partition)) return node;
    return undefined;
  }

  /** Some three seconds, over a leader that moves or a broker that starts again. */
  async #trying<T>(what: string, action: () => Promise<T>): Promise<T> {
    for (let failures = 0; ;) {
      if (this.#closed) throw new AppError('SHUTTING_DOWN', 'the event log is closed');
      try {
        this.#known ??= this.fetcher.refresh();
        await this.#known;
        return await action();
      } catch (error) {
        this.#known = undefined;
        if (++failures >= tries || error instanceof AppError) throw kafkaError(error, what, this.brokers);
        await pause(pauseAfter(failures));
      }
    }
  }
}

const placeOf = ({ topic, partition }: Position) => `${topic}/${partition}`;
