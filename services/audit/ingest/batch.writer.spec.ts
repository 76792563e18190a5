import { describe, expect, it } from 'vitest';
import { encodeEnvelope, newEvent, SessionEndedSchema, topics } from '#events';
import { ManualClock } from '#kernel';
import { BatchWriter, GaveUp, oneAtATime } from './batch.writer.js';
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

describe('inserts one at a time', () => {
  const of = (table: 'session_event_rows' | 'dead_letter_rows', token: string) => ({
    table,
    token,
    lines: [],
  });

  it('follow one another within a table, not across tables, and a failure ends only its own', async () => {
    const log: string[] = [];
    const insert = oneAtATime(async ({ token }) => {
      log.push(`begin ${token}`);
      await new Promise((done) => setImmediate(done));
      log.push(`end ${token}`);
      if (token === 'a') throw new Error('refused');
    });
    const a = insert(of('session_event_rows', 'a'));
    await Promise.all([
      expect(a).rejects.toThrow('refused'),
      insert(of('session_event_rows', 'b')),
      insert(of('dead_letter_rows', 'c')),
    ]);
    expect(log.slice(0, 2)).toEqual(['begin a', 'begin c']);
    expect(log.indexOf('begin b')).toBeGreaterThan(log.indexOf('end a'));
  });
});
