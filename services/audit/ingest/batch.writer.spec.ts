import { describe, expect, it } from 'vitest';
import { encodeEnvelope, newEvent, SessionEndedSchema, topics } from '#events';
import { ManualClock } from '#kernel';
import { BatchWriter, GaveUp } from './batch.writer.js';
import type { EventBatch } from './event.batch.js';

const envelope = newEvent(
  SessionEndedSchema,
  { sessionId: 'ses_1' },
  { source: 'proxy/x', subject: 'ses_1', clock: new ManualClock(0) },
);
const event = {
  position: { topic: topics.session, partition: 0, offset: 7 },
  appendedAt: 0,
  envelope,
  raw: encodeEnvelope(envelope),
};
const batch: EventBatch = {
  rows: ['{}'],
  events: [event],
  deadLetters: [{ event, reason: 'poison' }],
  duplicates: 0,
  sessions: new Set(),
};

describe('a batch with a poison event', () => {
  it('is on the log’s topic of dead letters, then in their table, then in its own', async () => {
    const order: string[] = [];
    const writer = new BatchWriter({
      announce: async (letters) => void order.push(...letters.map(({ reason }) => String(reason))),
      insert: async ({ table }) => void order.push(table),
      pause: async () => true,
      onRetry: () => {},
    });
    await writer.write('session_event_rows', batch, [event]);
    expect(order).toEqual(['poison', 'dead_letter_rows', 'session_event_rows']);
  });

  it('waits for a log that does not take the letter: no row says that it was passed', async () => {
    const written: string[] = [];
    const retried: unknown[] = [];
    const writer = new BatchWriter({
      announce: () => Promise.reject(new Error('the log is away')),
      insert: async ({ table }) => void written.push(table),
      pause: async () => retried.length < 3,
      onRetry: (error) => void retried.push(error),
    });
    await expect(writer.write('session_event_rows', batch, [event])).rejects.toBeInstanceOf(GaveUp);
    expect(written).toEqual([]);
    expect(retried).toHaveLength(3);
  });
});

describe('rows that the store cannot take', () => {
  const eventsOf = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({
      ...event,
      position: { ...event.position, offset: from + i },
    }));
  const batchOf = (from: number, count: number) => {
    const events = eventsOf(from, count);
    const rows = events.map(({ position }) => String(position.offset));
    return { ...batch, rows, events, deadLetters: [] };
  };

  /** A store that takes all rows but these, as ClickHouse says it. */
  function stage(isSick: (row: number) => boolean) {
    const seen = { stored: [] as number[], buried: [] as number[], said: [] as unknown[], isSick };
    const writer = new BatchWriter({
      announce: async (letters) =>
        void seen.buried.push(...letters.map((letter) => letter.event.position.offset)),
      insert: async ({ table, lines }) => {
        if (table === 'dead_letter_rows') return;
        if (lines.some((line) => seen.isSick(Number(line))))
          throw Object.assign(new Error('Cannot parse'), { code: '6' });
        seen.stored.push(...lines.map(Number));
      },
      pause: async () => true,
      onRetry: (error) => void seen.said.push(error),
    });
    const write = (from: number, count: number) => {
      const each = batchOf(from, count);
      return writer.write('session_event_rows', each, each.events);
    };
    return { ...seen, seen, write };
  }
  const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

  it('are buried, one of many', async () => {
    const { write, stored, buried, said } = stage((row) => row === 77);
    expect(await write(0, 200)).toBe(1);
    expect(buried).toEqual([77]);
    expect(stored).toEqual(range(0, 200).filter((row) => row !== 77));
    expect(said).toEqual([]);
  });

  it('are buried, however many, where there are good ones between', async () => {
    const { write, stored, buried } = stage((row) => row % 20 !== 0);
    expect(await write(0, 200)).toBe(190);
    expect([stored.length, buried.length]).toEqual([10, 190]);
  });

  it('are not to blame where they are all: that is said, and the rest stays on the log', async () => {
    const { write, seen, stored, buried, said } = stage((row) => row >= 100);
    await write(0, 100);
    await expect(write(100, 5000)).rejects.toThrow('could not take 20 events in a row');
    await expect(write(119, 4981)).rejects.toThrow('could not take 20 events in a row');
    expect(buried).toEqual(range(100, 19));
    expect(stored).toEqual(range(0, 100));
    expect(said).toHaveLength(2);
    seen.isSick = (row) => row === 119; // mended; one was sick all the same
    await write(120, 1);
    expect(await write(119, 1)).toBe(1);
  });

  it('are not to blame either where they come one by one', async () => {
    const { write, buried } = stage(() => true);
    for (const row of range(0, 19)) expect(await write(row, 1)).toBe(1);
    await expect(write(19, 1)).rejects.toThrow('could not take 20 events in a row');
    expect(buried).toEqual(range(0, 19));
  });
});
