import { encodeEnvelope, newEvent, SessionEndedSchema, topics } from '#events';
import { ManualClock } from '#kernel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoredEvent } from './logged-event.js';
import { persist } from './persist.js';
import { Progress } from './progress.js';

const topic = topics.session;
const clock = new ManualClock();

function logged(offset: number, partition = 0): StoredEvent {
  const origin = { source: 'test', subject: 's', clock, id: `evt-${partition}-${offset}` };
  const raw = encodeEnvelope(newEvent(SessionEndedSchema, {}, origin));
  return new StoredEvent({ topic, partition, offset }, 0, raw);
}

const timeout = { code: 'TIMEOUT' };
const errorOf = (promise: Promise<void>) => promise.catch((error: unknown) => error);

describe('progress', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('keeps partitions apart', async () => {
    const progress = new Progress();
    progress.advance([logged(5, 0), logged(2, 1)]);
    await progress.reached({ topic, partition: 0, offset: 5 }, 0);
    const waiting = errorOf(progress.reached({ topic, partition: 1, offset: 3 }, 100));
    progress.advance([logged(9, 0)]);
    await vi.advanceTimersByTimeAsync(100);
    expect(await waiting).toMatchObject(timeout);
  });

  it('is caught up at the ends named, whatever comes after', async () => {
    const progress = new Progress();
    const caughtUp = vi.fn();
    void progress.caughtUp.then(caughtUp);
    progress.startsWith([
      { topic, partition: 0, offset: 1 },
      { topic, partition: 1, offset: -1 },
    ]);
    progress.advance([logged(0)]);
    await vi.advanceTimersByTimeAsync(0);
    expect(caughtUp).not.toHaveBeenCalled();
    progress.advance([logged(1), logged(2)]);
    await vi.advanceTimersByTimeAsync(0);
    expect(caughtUp).toHaveBeenCalled();
  });

  it('counts positions given as handled', async () => {
    const progress = new Progress([{ topic, partition: 0, offset: 7 }]);
    await progress.reached({ topic, partition: 0, offset: 7 }, 0);
    expect(progress.after(topic, 0).offset).toBe(7);
    expect(progress.after(topic, 1).offset).toBe(-1);
  });

  it('remembers 10,000 ids and no more', async () => {
    const progress = new Progress();
    progress.advance(Array.from({ length: 10_001 }, (_, offset) => logged(offset)));
    await progress.passed('evt-0-1', 0);
    const forgotten = errorOf(progress.passed('evt-0-0', 10));
    await vi.advanceTimersByTimeAsync(10);
    expect(await forgotten).toMatchObject(timeout);
  });

  it('rejects those who wait, and who come, after it has stopped', async () => {
    const progress = new Progress();
    const waiting = errorOf(progress.passed('x', 1000));
    progress.stop();
    expect(await waiting).toMatchObject({ code: 'SHUTTING_DOWN' });
    await expect(progress.passed('y', 1000)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });
});

describe('a batch handed over until it is taken', () => {
  it('pauses longer after each failure, up to 5 s', async () => {
    const failures: number[] = [];
    const rests: number[] = [];
    let attempts = 0;
    const taken = await persist(
      () => {
        if (++attempts <= 10) throw new Error('no');
      },
      [logged(0)],
      new AbortController().signal,
      ({ pauseMs }) => void failures.push(pauseMs),
      async (ms) => void rests.push(ms),
    );
    expect(taken).toBe(true);
    expect(rests).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    expect(failures).toEqual(rests);
  });

  it('gives up when stopped, without waiting for the pause', async () => {
    const stop = new AbortController();
    const handle = vi.fn(() => Promise.reject(new Error('no')));
    const began = Date.now();
    const taken = await persist(handle, [logged(0)], stop.signal, ({ attempt }) => {
      if (attempt === 2) setImmediate(() => stop.abort());
    });
    expect(taken).toBe(false);
    expect(handle).toHaveBeenCalledTimes(2);
    expect(Date.now() - began).toBeLessThan(5_000);
  });
});

describe('a stored event', () => {
  it('throws only when its envelope is looked at', () => {
    const poison = new StoredEvent({ topic, partition: 0, offset: 0 }, 0, Buffer.from([0xff, 0xff]));
    new Progress().advance([poison]);
    expect(() => poison.envelope).toThrow(/varint|premature|invalid|illegal/i);
    expect(logged(3).envelope.id).toBe('evt-0-3');
  });
});
