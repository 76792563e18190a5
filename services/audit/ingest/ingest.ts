import { setTimeout as delay } from 'node:timers/promises';
import { SessionBook } from '#audit-rows';
import type { ClickHouseClient } from '#audit-store';
import type { EventLog, Partition, Position, Tail } from '#event-log';
import type { Topic } from '#events';
import { Breath } from '#platform';
import { BatchWriter, insertInto, type Insert } from './batch.writer.js';
import { announceOn } from './dead.letters.js';
import type { IngestFailure } from './ingest.failure.js';
import { PartitionIngest, type BatchResult, type PartitionLag, type Pause } from './partition.ingest.js';
import { storedTopics } from './stored.position.js';
import { atOnce, type TableTurn } from './table.turn.js';

export interface IngestOptions {
  readonly log: EventLog;
  /** Ingest's own client: nobody else uses it. */
  readonly client: ClickHouseClient;
  /** Whether other processes write into the same store: they then divide the partitions. Default: no. */
  readonly isShared?: boolean;
  /** For tests; default: into the store. */
  readonly insert?: Insert;
  /** When a write into a table may run. Default: at once. */
  readonly turn?: TableTurn;
  readonly onBatch?: (result: BatchResult) => void;
  /** A write is tried again. */
  readonly onRetry?: (failure: IngestFailure) => void;
  /** A step is tried again, from where the store says that the partition ends. */
  readonly onError?: (failure: IngestFailure) => void;
  /** A partition got past what it did not get past. */
  readonly onRecovery?: () => void;
  readonly batchSize?: number;
  readonly interval?: number;
  /** For tests; default: by what this machine's processors do. One for each partition. */
  readonly breath?: () => Pick<Breath, 'after'>;
}

interface Running {
  readonly ingest: PartitionIngest;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/**
 * Carries the log into the audit store until it is stopped: all of it, or the partitions that are this process's. Where
 * one moves, two may carry it for a moment: what both write is the same, and stands once as read.
 */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #running = new Map<string, Running>();
  /** Those that still write what was under way when they were taken away. */
  readonly #ending = new Set<Promise<void>>();
  #share: Pick<Tail, 'stop'> | undefined;
  #isStopped = false;

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { log, isShared = false } = this.#options;
    const own = (mine: readonly Partition[]) => this.#own(mine);
    if (isShared) this.#share = log.share({ topics: storedTopics, group: 'audit' }, own);
    else own(await everyPartition(log));
  }

  /** Resolves once no more is written: what is being inserted is finished first, then others may have the partitions. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#endAllBut([]);
    await Promise.all(this.#ending);
    await this.#share?.stop();
  }

  /** Whether this event, and all before it in its partition, is stored; always false for what others carry. */
  has(position: Position): boolean {
    return this.storedThrough(position) >= position.offset;
  }

  owns(partition: Partition): boolean {
    return this.#running.has(keyOf(partition));
  }

  /** The offset of the last event of this partition that is stored here; -1: none, or not known yet, or not ours. */
  storedThrough(partition: Partition): number {
    return this.#running.get(keyOf(partition))?.ingest.position.offset ?? -1;
  }

  /** Of each partition that is ours. */
  lags(): PartitionLag[] {
    return [...this.#running.values()].map(({ ingest }) => ingest.lag);
  }

  /** Of each partition that is ours and does not get on. */
  failures(): IngestFailure[] {
    return [...this.#running.values()].flatMap(({ ingest }) => ingest.failure ?? []);
  }

  #own(mine: readonly Partition[]): void {
    if (this.#isStopped) return;
    this.#endAllBut(mine.map(keyOf));
    for (const partition of mine) if (!this.owns(partition)) this.#begin(partition);
  }

  #begin({ topic, partition }: Partition): void {
    const stop = new AbortController();
    const ingest = this.#partition(topic, partition, (milliseconds) =>
      pauseUnless(stop.signal, milliseconds),
    );
    this.#running.set(keyOf({ topic, partition }), { ingest, stop, done: ingest.run() });
  }

  #endAllBut(kept: readonly string[]): void {
    for (const [key, { stop, done }] of this.#running) {
      if (kept.includes(key)) continue;
      stop.abort();
      this.#running.delete(key);
      const ended = done.finally(() => this.#ending.delete(ended));
      this.#ending.add(ended);
    }
  }

  #partition(topic: Topic, partition: number, pause: Pause): PartitionIngest {
    const { log, client, batchSize = 5000, interval = 200, turn = atOnce } = this.#options;
    const insert = this.#options.insert ?? insertInto(client);
    const ingest: PartitionIngest = new PartitionIngest({
      log,
      client,
      topic,
      partition,
      batchSize,
      interval,
      breath: this.#options.breath?.() ?? new Breath(),
      pause,
      turn,
      book: new SessionBook(),
      writer: new BatchWriter({
        insert: (each) => turn(each.table, () => insert(each)),
        announce: announceOn(log),
        pause,
        onRetry: (error, cause) => this.#options.onRetry?.(ingest.fails(cause, error)),
      }),
      onBatch: this.#options.onBatch ?? (() => {}),
      onError: this.#options.onError ?? (() => {}),
      onRecovery: this.#options.onRecovery ?? (() => {}),
    });
    return ingest;
  }
}

const keyOf = ({ topic, partition }: Partition): string => `${topic}/${partition}`;

async function everyPartition(log: EventLog): Promise<Partition[]> {
  const found = await Promise.all(
    storedTopics.map(async (topic) =>
      (await log.partitions(topic)).map((partition) => ({ topic, partition })),
    ),
  );
  return found.flat();
}

/** False, and at once, when stopped. */
const pauseUnless = (signal: AbortSignal, milliseconds: number): Promise<boolean> =>
  delay(milliseconds, true, { signal }).catch(() => false);
