import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Counter, Gauge, register } from 'prom-client';
import type { ClickHouseClient } from '#audit-store';
import { parsePosition } from '#domain';
import type { EventLog, Position } from '#event-log';
import { AppError } from '#kernel';
import { EVENT_LOG, Readiness } from '#platform';
import { AUDIT_WRITER } from '../audit.tokens.js';
import { Ingest } from './ingest.js';
import type { BatchResult } from './partition.ingest.js';

/** Milliseconds. */
const pollEvery = 50;
const longestWait = 5000;

/** Ingest as a part of the application: it runs from bootstrap to shutdown, and says how it does. */
@Injectable()
export class IngestService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger('ingest');
  readonly #ingest: Ingest;
  #failing = false;

  constructor(
    @Inject(EVENT_LOG) log: EventLog,
    @Inject(AUDIT_WRITER) client: ClickHouseClient,
    @Inject(Readiness) readiness: Readiness,
  ) {
    this.#ingest = new Ingest({
      log,
      client,
      onBatch: (batch) => this.#count(batch),
      onRetry: (error) => this.#complain(error),
      onError: (error) => this.#complain(error),
    });
    readiness.add('audit ingest', () => !this.#failing);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#ingest.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.#ingest.stop();
  }

  /** For a read that names a position (`weir-position`): resolves once the store has it; TIMEOUT after a while. */
  async readFrom(position: string | undefined): Promise<void> {
    if (position === undefined) return;
    const wanted = parsePosition(position);
    for (let waited = 0; !this.#ingest.has(wanted); waited += pollEvery) {
      if (waited >= longestWait) throw new AppError('TIMEOUT', `the audit store is behind ${position}`);
      await delay(pollEvery);
    }
  }

  /** See Ingest. */
  storedThrough(tree: Pick<Position, 'topic' | 'partition'>): number {
    return this.#ingest.storedThrough(tree);
  }

  #count({ topic, rows, duplicates, deadLetters, appendedAt }: BatchResult): void {
    if (this.#failing) this.#log.log('the audit store takes events again');
    this.#failing = false;
    events.inc({ topic, as: 'row' }, rows);
    events.inc({ topic, as: 'duplicate' }, duplicates);
    events.inc({ topic, as: 'dead_letter' }, deadLetters);
    lag.set({ topic }, Math.max(0, Date.now() - appendedAt) / 1000);
    if (deadLetters > 0) this.#log.warn(`${deadLetters} events of ${topic} went to weir.dead_letters`);
  }

  /** Once, not at every retry. */
  #complain(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#log.error({ message: 'the audit store does not take events; trying on', error });
  }
}

const events =
  (existing('weir_audit_events_total') as Counter<'topic' | 'as'> | undefined) ??
  new Counter({
    name: 'weir_audit_events_total',
    help: 'Events read from the log, by what became of them',
    labelNames: ['topic', 'as'] as const,
  });

const lag =
  (existing('weir_audit_lag_seconds') as Gauge<'topic'> | undefined) ??
  new Gauge({
    name: 'weir_audit_lag_seconds',
    help: 'Age of the oldest event of the last batch when it stood in the audit store',
    labelNames: ['topic'] as const,
  });

function existing(name: string) {
  return register.getSingleMetric(name);
}
