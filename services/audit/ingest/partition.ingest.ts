import type { SessionBook } from '#audit-rows';
import type { ClickHouseClient, StorageTable } from '#audit-store';
import type { EventLog, LoggedEvent, Partition, Position } from '#event-log';
import { topics, type Topic } from '#events';
import type { Breath } from '#platform';
import { GaveUp, type BatchWriter } from './batch.writer.js';
import { controlBatch, cutByDay, sessionBatch, summaryLines, type EventBatch } from './event.batch.js';
import type { FailureCause, IngestFailure } from './ingest.failure.js';
import { completeSummaries, summarizeAgain } from './session.summaries.js';
import { loadSeeds } from './session.seeds.js';
import { storedPosition, tableOf } from './stored.position.js';
import type { TableTurn } from './table.turn.js';

/** Events of one read: with the largest that the proxy records (64 KiB) 64 MiB. */
const readLimit = 1000;
/** Of envelopes; the batch as text is about three times as large. */
const maxBatchBytes = 16 * 1024 * 1024;

/** Resolves after a pause, or at once with false when ingest stops. */
export type Pause = (milliseconds: number) => Promise<boolean>;

export interface PartitionIngestOptions {
  readonly log: EventLog;
  readonly client: ClickHouseClient;
  readonly writer: BatchWriter;
  /** When it may write what `writer` does not. */
  readonly turn: TableTurn;
  readonly book: SessionBook;
  readonly topic: Topic;
  readonly partition: number;
  /** Events; also the most that is held in memory. */
  readonly batchSize: number;
  /** Between two batches, so that a trickle does not become many small parts. Milliseconds. */
  readonly interval: number;
  /** How it rests while the processors are busy. */
  readonly breath: Pick<Breath, 'after'>;
  readonly pause: Pause;
  readonly onBatch: (result: BatchResult) => void;
  readonly onError: (failure: IngestFailure) => void;
  /** It got on again: what was to be written is stored. */
  readonly onRecovery: () => void;
}

export interface BatchResult {
  readonly topic: Topic;
  readonly partition: number;
  readonly rows: number;
  readonly duplicates: number;
  readonly deadLetters: number;
  /** From the first try to write it until all of it stood. Milliseconds. */
  readonly duration: number;
  readonly position: Position;
}

export interface PartitionLag extends Partition {
  /** Of the last event that is stored; undefined: not known yet. */
  readonly offset: number | undefined;
  /** Since the oldest event was appended that is read and not stored; 0: none is. */
  readonly milliseconds: number;
}

/** Carries one partition of the log into the store, from where the store itself says that it ends. */
export class PartitionIngest {
  readonly #table: StorageTable;
  #position: Position;
  #known = false;
  /** Its position is right or, after an error, behind. */
  #wasKnown = false;
  /** How old the oldest event of the last batch was. Milliseconds. */
  #behind = 0;
  /** When the oldest event was appended that is read and not stored. */
  #oldest: number | undefined;
  #failure: IngestFailure | undefined;

  constructor(private readonly options: PartitionIngestOptions) {
    const { topic, partition } = options;
    this.#table = tableOf(topic);
    this.#position = { topic, partition, offset: -1 };
  }

  /** The last event that is stored. */
  get position(): Position {
    return this.#position;
  }

  /** What it does not get past; undefined: nothing. */
  get failure(): IngestFailure | undefined {
    return this.#failure;
  }

  /** Takes down what it does not get past. */
  fails(cause: FailureCause, error: unknown): IngestFailure {
    const { topic, partition } = this.#position;
    this.#failure = { topic, partition, cause, error };
    return this.#failure;
  }

  get lag(): PartitionLag {
    const { topic, partition, offset } = this.#position;
    const milliseconds = this.#oldest === undefined ? 0 : Math.max(0, Date.now() - this.#oldest);
    return { topic, partition, offset: this.#wasKnown ? offset : undefined, milliseconds };
  }

  /** Runs until `pause` says that ingest stops. */
  async run(): Promise<void> {
    const { breath, batchSize } = this.options;
    let most = batchSize;
    for (let pause = 0; await this.options.pause(pause);) {
      const begun = performance.now();
      const stepped = await this.#step(most);
      if (stepped === 'stopped') return;
      const worked = performance.now() - begun;
      const rest = breath.after(worked, this.#behind);
      pause = stepped === 'more' ? rest : Math.max(rest, this.options.interval);
      // A rest has its longest: a batch that takes seconds would get more than its share of busy processors.
      most = rest > worked ? readLimit : batchSize;
    }
  }

  /** `most`: events, as far as reads of `readLimit` can tell. */
  async #step(most: number): Promise<'more' | 'drained' | 'stopped'> {
    let cause: FailureCause = 'store';
    try {
      if (!this.#known) await this.#begin();
      cause = 'log';
      const events = await this.#read(most);
      cause = 'store';
      this.#oldest = events[0]?.appendedAt;
      this.#behind = Date.now() - (this.#oldest ?? Date.now());
      await this.#ingest(events);
      this.#oldest = undefined;
      this.#recover();
      return events.length >= readLimit ? 'more' : 'drained';
    } catch (error) {
      if (error instanceof GaveUp) return 'stopped';
      this.#known = false; // memory may be ahead of the store: ask it again
      this.options.book.clear();
      this.options.onError(this.fails(cause, error));
      return 'drained';
    }
  }

  #recover(): void {
    if (!this.#failure) return;
    this.#failure = undefined;
    this.options.onRecovery();
  }

  async #ingest(events: readonly LoggedEvent[]): Promise<void> {
    for (const run of cutByDay(events)) await this.#store(run);
  }

  async #store(events: readonly LoggedEvent[]): Promise<void> {
    const { topic, partition, client, book, writer, turn } = this.options;
    const begun = performance.now();
    if (topic === topics.session) await loadSeeds(client, book, events, turn);
    const batch = topic === topics.session ? sessionBatch(events, book) : controlBatch(events);
    const buried = await writer.write(this.#table, batch, events);
    await this.#summarize(batch, buried, events);
    book.trim();
    const last = events.at(-1);
    if (!last) return;
    this.#position = last.position;
    this.options.onBatch({
      ...{ topic, partition },
      rows: batch.rows.length,
      duplicates: batch.duplicates,
      deadLetters: batch.deadLetters.length,
      duration: performance.now() - begun,
      position: last.position,
    });
  }

  /** Where the store could not take an event, the book has counted what is not there: the store counts anew. */
  async #summarize(batch: EventBatch, buried: number, events: readonly LoggedEvent[]): Promise<void> {
    const { client, book, writer, turn } = this.options;
    if (batch.sessions.size === 0) return;
    if (buried === 0) return writer.writeSummaries(summaryLines(batch, book), events);
    book.clear();
    await summarizeAgain(client, [...batch.sessions], turn);
  }

  async #begin(): Promise<void> {
    const { client, topic, turn } = this.options;
    this.#position = await storedPosition(client, this.options);
    if (topic === topics.session) await completeSummaries(client, this.#position, turn);
    this.#known = true;
    this.#wasKnown = true;
  }

  /** What stands in the log now, within the bounds of a batch. */
  async #read(most: number): Promise<readonly LoggedEvent[]> {
    const events: LoggedEvent[] = [];
    let bytes = 0;
    let more: readonly LoggedEvent[];
    do {
      more = await this.options.log.read(events.at(-1)?.position ?? this.#position, readLimit);
      events.push(...more);
      bytes = more.reduce((sum, { raw }) => sum + raw.length, bytes);
    } while (more.length === readLimit && events.length < most && bytes < maxBatchBytes);
    return events;
  }
}
