import { register } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventLog, Position } from '#event-log';
import { IngestMetrics } from './ingest.metrics.js';

const topic = 'weir.session.v1';
const end = (offset: number): Position[] => [{ topic, partition: 0, offset }];

describe('how far ingest is behind the log', () => {
  let metrics: IngestMetrics;
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    metrics.stop();
    register.clear();
    vi.useRealTimers();
  });

  function watch(log: Pick<EventLog, 'end'>): void {
    const lags = () => [{ topic, partition: 0, offset: 10, milliseconds: 500 } as const];
    metrics = new IngestMetrics({ log, lags, isStoreUp: () => true });
    metrics.start();
  }
  async function values(name: string): Promise<number[]> {
    const metric = await register.getSingleMetric(name)!.get();
    return metric.values.map(({ value }) => value);
  }

  it('is what the log said a moment ago', async () => {
    let last = 12;
    watch({ end: () => Promise.resolve(end(last)) });
    await vi.advanceTimersByTimeAsync(0);
    expect(await values('weir_audit_lag_events')).toEqual([2]);
    last = 30;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await values('weir_audit_lag_events')).toEqual([20]);
  });

  it('is missing while the log does not answer, and nothing else is', async () => {
    watch({ end: () => new Promise(() => undefined) });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await values('weir_audit_lag_events')).toEqual([]);
    expect(await values('weir_audit_lag_seconds')).toEqual([0.5]);
    expect(await register.metrics()).toContain('weir_audit_store_up 1');
  });

  it('is missing soon after the log went, and there once it is back', async () => {
    const away = () => new Promise<Position[]>(() => undefined);
    const answers = [() => Promise.resolve(end(12)), away, () => Promise.reject(new Error('away'))];
    watch({ end: () => answers.shift()?.() ?? Promise.resolve(end(15)) });
    await vi.advanceTimersByTimeAsync(0);
    expect(await values('weir_audit_lag_events')).toEqual([2]);
    await vi.advanceTimersByTimeAsync(10_500);
    expect(await values('weir_audit_lag_events')).toEqual([]);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(await values('weir_audit_lag_events')).toEqual([5]);
  });
});
