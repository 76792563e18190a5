import type { SessionBook } from '#audit-rows';
import { database, storageTables, type ClickHouseClient, type StorageTable } from '#audit-store';
import type { EventLog, LoggedEvent, Position } from '#event-log';
import { topics, type Topic } from '#events';
import type { Breath } from '#platform';
import { GaveUp, type BatchWriter } from './batch.writer.js';
import { controlBatch, cutByDay, sessionBatch, summaryLines, type EventBatch } from './event.batch.js';
import { completeSummaries, summarizeAgain } from './session.summaries.js';
import { loadSeeds } from './session.seeds.js';

/** Events of one read: with the largest that the proxy records (64 KiB) 64 MiB. */
const readLimit = 1000;
/** Of envelopes; the batch as text is about three times as large. */
const maxBatchBytes = 16 * 1024 * 1024;

export interface PartitionIngestOptions {
  readonly log: EventLog;
  readonly client: ClickHouseClient;
  readonly writer: BatchWriter;
  readonly book: SessionBook;
  readonly topic: Topic;
  readonly partition: number;
  /** Events; also the most that is held in memory. */
  readonly batchSize: number;
  /** Between two batches, so that a trickle does not become many small parts. Milliseconds. */
  readonly interval: number;
  /** How it rests while the processors are busy. */
  readonly breath: Pick<Breath, 'after'>;
  readonly pause: (milliseconds: number) => Promise<boolean>;
  readonly onBatch: (result: BatchResult) => void;
  readonly onError: (error: unknown) => void;
}

export interface BatchResult {
  readonly topic: Topic;
  readonly rows: number;
  readonly duplicates: number;
  readonly deadLetters: number;
  /** Of the oldest event in it. */
  readonly appendedAt: number;
  readonly position: Position;
}

/** Carries one partition of the log into the store, from where the store itself says that it ends. */
export class PartitionIngest {
  readonly #table: StorageTable;
  #position: Position;
  #known = false;
  /** How old the oldest event of the last batch was. Milliseconds. */
  #behind = 0;

  constructor(private readonly options: PartitionIngestOptions) {
    const { topic, partition } = options;
    this.#table = topic === topics.session ? storageTables.sessionEvents : storageTables.controlEvents;
    this.#position = { topic, partition, offset: -1 };
  }

  /** The last event that is stored. */
  get position(): Position {
    return this.#position;
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
    try {
      if (!this.#known) await this.#begin();
      const events = await this.#read(most);
      this.#behind = Date.now() - (events[0]?.appendedAt ?? Date.now());
      await this.#ingest(events);
      return events.length >= readLimit ? 'more' : 'drained';
    } catch (error) {
      if (error instanceof GaveUp) return 'stopped';
      this.#known = false; // memory may be ahead of the store: ask it again
      this.options.book.clear();
      this.options.onError(error);
      return 'drained';
    }
  }

  async #ingest(events: readonly LoggedEvent[]): Promise<void> {
    for (const run of cutByDay(events)) await this.#store(run);
  }

  async #store(events: readonly LoggedEvent[]): Promise<void> {
    const { topic, client, book, writer } = this.options;
    if (topic === topics.session) await loadSeeds(client, book, events);
    const batch = topic === topics.session ? sessionBatch(events, book) : controlBatch(events);
    const buried = await writer.write(this.#table, batch, events);
    await this.#summarize(batch, buried, events);
    book.trim();
    const first = events[0];
    const last = events.at(-1);
    if (!first || !last) return;
    this.#position = last.position;
    this.options.onBatch({
      topic,
      rows: batch.rows.length,
      duplicates: batch.duplicates,
      deadLetters: batch.deadLetters.length,
      appendedAt: first.appendedAt,
      position: last.position,
    });
  }

  /** Where the store could not take an event, the book has counted what is not there: the store counts anew. */
  async #summarize(batch: EventBatch, buried: number, events: readonly LoggedEvent[]): Promise<void> {
    const { client, book, writer } = this.options;
    if (batch.sessions.size === 0) return;
    if (buried === 0) return writer.writeSummaries(summaryLines(batch, book), events);
    book.clear();
    await summarizeAgain(client, [...batch.sessions]);
  }

  async #begin(): Promise<void> {
    this.#position = await this.#storedPosition();
    if (this.options.topic === topics.session) await completeSummaries(this.options.client, this.#position);
    this.#known = true;
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

  async #storedPosition(): Promise<Position> {
    const { client, topic, partition } = this.options;
    const answer = await client.query({
      query: `
        SELECT if(count() = 0, -1, toInt64(max(offset))) AS offset FROM ${database}.${this.#table}
        WHERE topic = {topic: String} AND partition = {partition: UInt32}`,
      query_params: { topic, partition },
      format: 'JSONEachRow',
    });
    const [row] = await answer.json<{ offset: number | string }>();
    return { topic, partition, offset: Number(row?.offset ?? -1) };
  }
}
