import { beforeEach, describe, expect, it } from 'vitest';
import { encodeEnvelope, mostEventBytes, newEvent, SessionEndedSchema } from '#events';
import { systemClock } from '#kernel';
import { mostAppendBytes, type EventLog } from '../port.js';
import {
  session,
  approval,
  event,
  events,
  idsOf,
  ids,
  ofKey,
  onceOfKey,
  readAll,
  type Opened,
} from './subject.js';

export function appendContract(opened: Opened): void {
  describe('append, read, end', () => {
    let log: EventLog;
    beforeEach(() => {
      log = opened().log;
    });
    const told: typeof ofKey = (...args) => (opened().mayRepeat ? onceOfKey : ofKey)(...args);

    it('gives rising positions and returns the exact bytes', async () => {
      const sent = [event('a', 1), event('a', 2), event('a', 3)];
      const positions = await log.append(session, sent);
      expect(positions).toHaveLength(3);
      const logged = await readAll(log, session);
      expect(logged.map(({ raw }) => Buffer.from(raw))).toEqual(sent.map((raw) => Buffer.from(raw)));
      expect(logged.map(({ position }) => position)).toEqual(positions);
      expect(positions[0]!.offset).toBeLessThan(positions[1]!.offset);
      expect(positions[1]!.offset).toBeLessThan(positions[2]!.offset);
    });

    it('keeps topics apart, and an empty one has no end', async () => {
      await log.append(session, [event('a', 1)]);
      expect(await log.end(approval)).toEqual([]);
      await log.append(approval, [event('b', 1)]);
      expect(idsOf(await readAll(log, session))).toEqual(['a-1']);
      expect(idsOf(await readAll(log, approval))).toEqual(['b-1']);
    });

    it('takes an empty append', async () => {
      expect(await log.append(session, [])).toEqual([]);
      expect(await log.end(session)).toEqual([]);
    });

    it('takes the largest event of a session, and tells of one that it never takes before it takes any', async () => {
      await log.append(session, [event('a', 1, 'x'.repeat(mostEventBytes - 200))]);
      const tooLarge = [event('a', 2), event('a', 3, 'x'.repeat(mostAppendBytes))];
      await expect(log.append(session, tooLarge)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      await log.append(session, [event('a', 4)]);
      expect(idsOf(await readAll(log, session))).toEqual(['a-1', 'a-4']);
    });

    it('names the last position as the end', async () => {
      const positions = await log.append(session, events('a', 1, 7));
      expect(await log.end(session)).toContainEqual(positions.at(-1));
    });

    it('reads at most `limit` events, only after the position', async () => {
      const [first] = await log.append(session, events('a', 1, 10));
      expect(idsOf(await log.read(first!, 4))).toEqual(ids('a', 2, 5));
      const [end] = await log.end(session);
      expect(await log.read(end!, 4)).toEqual([]);
    });

    it('keeps order per key among concurrent appends from one process', async () => {
      const keys = ['a', 'b', 'c'];
      const appends = keys.flatMap((key) => Array.from({ length: 20 }, (_, i) => [key, i] as const));
      appends.sort((x, y) => x[1] - y[1]);
      await Promise.all(appends.map(([key, i]) => log.append(session, [event(key, i + 1)])));
      const logged = await readAll(log, session);
      for (const key of keys) expect(told(logged, key)).toEqual(ids(key, 1, 20));
    });

    it('keeps order per key among appends through two handles', async () => {
      const other = await opened().reopen();
      const write = async (to: EventLog, key: string) => {
        for (let n = 1; n <= 30; n++) await to.append(session, [event(key, n)]);
      };
      await Promise.all([write(log, 'here'), write(other, 'there')]);
      const logged = await readAll(log, session);
      expect(told(logged, 'here')).toEqual(ids('here', 1, 30));
      expect(told(logged, 'there')).toEqual(ids('there', 1, 30));
      expect(idsOf(await readAll(other, session))).toEqual(idsOf(logged));
    });

    it('appends an id again: readers drop it', async () => {
      await log.append(session, [event('a', 1)]);
      await log.append(session, [event('a', 1)]);
      expect(idsOf(await readAll(log, session))).toEqual(['a-1', 'a-1']);
    });

    it('carries any bytes', async () => {
      const every =
        String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i)) + '\u{1F512}\u0000\uFFFF';
      const sent = event('a', 1, every);
      const origin = { source: 'contract', subject: 'a', clock: systemClock, id: 'a-2' };
      const envelope = newEvent(SessionEndedSchema, {}, origin);
      envelope.data = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7919) & 0xff);
      await log.append(session, [sent, encodeEnvelope(envelope)]);
      const [first, second] = await readAll(log, session);
      expect(Buffer.from(first!.raw).equals(Buffer.from(sent))).toBe(true);
      expect(Buffer.from(second!.envelope.data).equals(Buffer.from(envelope.data))).toBe(true);
    });

    it('takes 20,000 events in one append', async () => {
      await log.append(session, events('a', 1, 20_000));
      expect(idsOf(await readAll(log, session))).toEqual(ids('a', 1, 20_000));
    });

    it('gives append times that never go back', async () => {
      for (let n = 1; n <= 5; n++) await log.append(session, [event('a', n)]);
      const times = (await readAll(log, session)).map(({ appendedAt }) => appendedAt);
      expect([...times].sort((x, y) => x - y)).toEqual(times);
      expect(Math.abs(Date.now() - times[0]!)).toBeLessThan(60_000);
    });

    it('keeps what was appended after close', async () => {
      await log.append(session, events('a', 1, 3));
      const other = await opened().reopen();
      await log.close();
      expect(idsOf(await readAll(other, session))).toEqual(ids('a', 1, 3));
    });
  });
}
