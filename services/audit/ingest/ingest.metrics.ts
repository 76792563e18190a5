import { Counter, Gauge, Histogram, register } from 'prom-client';
import type { EventLog } from '#event-log';
import { LogEnds } from './log.ends.js';
import type { BatchResult, PartitionLag } from './partition.ingest.js';

export interface MetricsSources {
  readonly log: Pick<EventLog, 'end'>;
  /** Of each partition that this process carries. */
  readonly lags: () => readonly PartitionLag[];
  readonly isStoreUp: () => boolean;
}

/** How ingest does, for `/metrics`. One at a time in a process: a newer one takes the names over. */
export class IngestMetrics {
  readonly #events = new Counter({
    ...named('weir_audit_events_total', 'Events read from the log, by what became of them'),
    labelNames: ['topic', 'as'],
  });
  readonly #retries = new Counter(
    named('weir_audit_retries_total', 'Writes that the audit store did not take and that were tried again'),
  );
  readonly #sizes = new Histogram({
    ...named('weir_audit_batch_events', 'Events of one batch'),
    buckets: [1, 10, 100, 1000, 2500, 5000, 10_000],
  });
  readonly #durations = new Histogram({
    ...named('weir_audit_batch_seconds', 'From the first try to write a batch until all of it was stored'),
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100],
  });

  readonly #ends: LogEnds;

  constructor({ log, lags, isStoreUp }: MetricsSources) {
    const places = ['topic', 'partition'] as const;
    this.#ends = new LogEnds(log, () => lags().map(({ topic }) => topic));
    const behind = () => eventsBehind(this.#ends, lags());
    new Gauge({
      ...named('weir_audit_lag_seconds', 'Age of the oldest event that is read and not stored'),
      labelNames: places,
      collect() {
        this.reset();
        for (const { topic, partition, milliseconds } of lags())
          this.set({ topic, partition: String(partition) }, milliseconds / 1000);
      },
    });
    new Gauge({
      ...named('weir_audit_lag_events', 'Events of the log that are not stored'),
      labelNames: places,
      collect() {
        this.reset();
        for (const { topic, partition, events } of behind())
          this.set({ topic, partition: String(partition) }, events);
      },
    });
    new Gauge({
      ...named('weir_audit_store_up', 'Whether the audit store takes events'),
      collect() {
        this.set(isStoreUp() ? 1 : 0);
      },
    });
  }

  /** From now on it also knows how far the log goes. */
  start(): void {
    this.#ends.start();
  }

  stop(): void {
    this.#ends.stop();
  }

  stored({ topic, rows, duplicates, deadLetters, duration }: BatchResult): void {
    this.#events.inc({ topic, as: 'row' }, rows);
    this.#events.inc({ topic, as: 'duplicate' }, duplicates);
    this.#events.inc({ topic, as: 'dead_letter' }, deadLetters);
    this.#sizes.observe(rows + duplicates + deadLetters);
    this.#durations.observe(duration / 1000);
  }

  retried(): void {
    this.#retries.inc();
  }
}

type EventsBehind = Pick<PartitionLag, 'topic' | 'partition'> & { readonly events: number };

/** While the log is away nobody knows; a partition of which ingest does not know its place yet is left out, too. */
function eventsBehind(ends: LogEnds, lags: readonly PartitionLag[]): EventsBehind[] {
  return lags.flatMap(({ topic, partition, offset }) => {
    const end = ends.of({ topic, partition });
    return end === undefined || offset === undefined
      ? []
      : [{ topic, partition, events: Math.max(0, end - offset) }];
  });
}

function named(name: string, help: string): { readonly name: string; readonly help: string } {
  register.removeSingleMetric(name);
  return { name, help };
}
