import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { ClickHouseClient } from '#audit-store';
import { formatPosition, parsePosition } from '#domain';
import type { EventLog, Partition, Position } from '#event-log';
import type { Topic } from '#events';
import { AppError, isAppError } from '#kernel';
import { breathOf, CONFIG, EVENT_LOG, Readiness, Tracing, YIELDS, type WeirConfig } from '#platform';
import { AUDIT_WRITER } from '../audit.tokens.js';
import type { FailureCause, IngestFailure } from './ingest.failure.js';
import { Ingest } from './ingest.js';
import { IngestMetrics } from './ingest.metrics.js';
import type { BatchResult } from './partition.ingest.js';
import { storedPosition } from './stored.position.js';
import { oneAtATime } from './table.turn.js';
import { TracedReads } from './traced.reads.js';

/** Milliseconds. */
const pollEvery = 50;
const longestWait = 5000;

/** Milliseconds that a store has to say that it is there. */
const pingTimeout = 2000;

const away: Readonly<Record<FailureCause, string>> = {
  log: 'the event log gives or takes no events; trying on',
  store: 'the audit store does not take events; trying on',
};
const back: Readonly<Record<FailureCause, string>> = {
  log: 'the event log gives and takes events again',
  store: 'the audit store takes events again',
};

const answers = async (client: ClickHouseClient): Promise<boolean> =>
  Promise.race([client.ping().then(({ success }) => success), delay(pingTimeout, false, { ref: false })]);

/** Ingest as a part of the application: it runs from bootstrap to shutdown, and says how it does. */
@Injectable()
export class IngestService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger('ingest');
  readonly #ingest: Ingest;
  readonly #metrics: IngestMetrics;
  readonly #traced: TracedReads;
  /** What was complained of and is not over. */
  readonly #said = new Set<FailureCause>();

  constructor(
    @Inject(CONFIG) config: WeirConfig,
    @Inject(EVENT_LOG) private readonly log: EventLog,
    @Inject(AUDIT_WRITER) private readonly client: ClickHouseClient,
    @Inject(Readiness) readiness: Readiness,
    @Inject(Tracing) tracing: Tracing,
    @Inject(YIELDS) yields: boolean,
  ) {
    this.#traced = new TracedReads(tracing);
    this.#ingest = new Ingest({
      log: this.#traced.of(log),
      client,
      breath: () => breathOf(yields),
      // An embedded store is this process's alone, so all that is in the log belongs in it.
      isShared: config.auditStore.kind === 'clickhouse',
      ...(config.auditStore.cluster === undefined ? {} : { turn: oneAtATime() }),
      onBatch: (batch) => this.#count(batch),
      onRetry: (failure) => this.#retry(failure),
      onError: (failure) => this.#complain(failure),
      onRecovery: () => this.#again(),
    });
    const isStoreUp = () => !this.#isFailing('store');
    this.#metrics = new IngestMetrics({ log, lags: () => this.#ingest.lags(), isStoreUp });
    // Where nothing comes, nobody notices otherwise that a server is away. Without the log the record can still be read.
    const isServer = config.auditStore.kind === 'clickhouse';
    readiness.add('audit store', () => isStoreUp() && (!isServer || answers(client)));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#ingest.start();
    this.#metrics.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.#metrics.stop();
    await this.#ingest.stop();
  }

  /** For a read that names a position (`weir-position`): resolves once the store has it; TIMEOUT after a while. */
  async readFrom(position: string | undefined): Promise<void> {
    if (position === undefined) return;
    const wanted = parsePosition(position);
    for (let waited = 0; !(await this.has(wanted)); waited += pollEvery) {
      if (waited >= longestWait) throw new AppError('TIMEOUT', `the audit store is behind ${position}`);
      await delay(pollEvery);
    }
  }

  /** Whether the store has, within a while, all that stands in the log now. */
  async caughtUp(topic: Topic): Promise<boolean> {
    let isUpToDate = true;
    for (const end of await this.log.end(topic))
      await this.readFrom(formatPosition(end)).catch((error: unknown) => {
        if (!isAppError(error, 'TIMEOUT')) throw error;
        isUpToDate = false;
      });
    return isUpToDate;
  }

  /** Whether this process carries the partition. */
  owns(partition: Partition): boolean {
    return this.#ingest.owns(partition);
  }

  /** See Ingest. */
  storedThrough(partition: Partition): number {
    return this.#ingest.storedThrough(partition);
  }

  /** Whether it is stored. What another process carries, the store alone tells. */
  async has(wanted: Position): Promise<boolean> {
    if (this.#ingest.owns(wanted)) return this.#ingest.has(wanted);
    return (await storedPosition(this.client, wanted)).offset >= wanted.offset;
  }

  #count(batch: BatchResult): void {
    this.#again();
    this.#metrics.stored(batch);
    this.#traced.stored(batch.position);
    const { topic, deadLetters } = batch;
    if (deadLetters > 0) this.#log.warn(`${deadLetters} events of ${topic} went to weir.dead_letters`);
  }

  #retry(failure: IngestFailure): void {
    this.#metrics.retried();
    this.#complain(failure);
  }

  /** Once, not at every retry nor for every partition. */
  #complain({ cause, ...what }: IngestFailure): void {
    if (this.#said.has(cause)) return;
    this.#said.add(cause);
    this.#log.error({ message: away[cause], ...what });
  }

  /** Once no partition is kept by it any more. */
  #again(): void {
    for (const cause of this.#said) {
      if (this.#isFailing(cause)) continue;
      this.#said.delete(cause);
      this.#log.log(back[cause]);
    }
  }

  #isFailing(cause: FailureCause): boolean {
    return this.#ingest.failures().some((failure) => failure.cause === cause);
  }
}
