import { setTimeout as delay } from 'node:timers/promises';
import { SessionBook } from '#audit-rows';
import type { ClickHouseClient } from '#audit-store';
import type { EventLog, Position } from '#event-log';
import { topics, type Topic } from '#events';
import { Breath } from '#platform';
import { BatchWriter, insertInto, type Insert } from './batch.writer.js';
import { PartitionIngest, type BatchResult } from './partition.ingest.js';

export interface IngestOptions {
  readonly log: EventLog;
  /** Ingest's own client: nobody else uses it. */
  readonly client: ClickHouseClient;
  /** For tests; default: into the store. */
  readonly insert?: Insert;
  readonly onBatch?: (result: BatchResult) => void;
  readonly onRetry?: (error: unknown, tries: number) => void;
  readonly onError?: (error: unknown) => void;
  readonly batchSize?: number;
  readonly interval?: number;
  /** For tests; default: by what this machine's processors do. One for each partition. */
  readonly breath?: () => Pick<Breath, 'after'>;
}

/** Carries every topic of the log into the audit store until it is stopped. */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #stop = new AbortController();
  #partitions: PartitionIngest[] = [];
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const all = await Promise.all(Object.values(topics).map((topic) => this.#partitionsOf(topic)));
    this.#partitions = all.flat();
    this.#running = Promise.all(this.#partitions.map((partition) => partition.run()));
  }

  /** Resolves once no more is written: what is being inserted is finished first. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Whether this event, and all before it in its partition, is stored. */
  has(position: Position): boolean {
    return this.storedThrough(position) >= position.offset;
  }

  /** The offset of the last event of this partition that is stored here; -1: none, or not known yet. */
  storedThrough({ topic, partition }: Pick<Position, 'topic' | 'partition'>): number {
    const position = this.#partitions
      .map((each) => each.position)
      .find((each) => each.topic === topic && each.partition === partition);
    return position?.offset ?? -1;
  }

  async #partitionsOf(topic: Topic): Promise<PartitionIngest[]> {
    const numbers = await this.#options.log.partitions(topic);
    return numbers.map((partition) => this.#partition(topic, partition));
  }

  #partition(topic: Topic, partition: number): PartitionIngest {
    const { log, client, batchSize = 5000, interval = 200 } = this.#options;
    const pause = (milliseconds: number) => this.#pause(milliseconds);
    return new PartitionIngest({
      log,
      client,
      topic,
      partition,
      batchSize,
      interval,
      breath: this.#options.breath?.() ?? new Breath(),
      pause,
      book: new SessionBook(),
      writer: new BatchWriter({
        insert: this.#options.insert ?? insertInto(client),
        pause,
        onRetry: this.#options.onRetry ?? (() => {}),
      }),
      onBatch: this.#options.onBatch ?? (() => {}),
      onError: this.#options.onError ?? (() => {}),
    });
  }

  /** False, and at once, when ingest stops. */
  async #pause(milliseconds: number): Promise<boolean> {
    return delay(milliseconds, true, { signal: this.#stop.signal }).catch(() => false);
  }
}
