import { setTimeout as pause } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EventLog, LoggedEvent } from '../port.js';
import { session, event, events, idsOf, ids, ofKey, onceOfKey, until, type Opened } from './subject.js';

export function workContract(opened: Opened): void {
  describe('work', () => {
    let log: EventLog;
    beforeEach(() => {
      log = opened().log;
    });

    it('handles each event in order and goes on where it stopped', async () => {
      await log.append(session, events('a', 1, 10));
      const first: LoggedEvent[] = [];
      const worker = log.work({ topic: session, group: 'g' }, (batch) => void first.push(...batch));
      await until(() => first.length >= 10, 'ten events');
      await worker.stop();
      await log.append(session, events('a', 11, 12));
      const second: LoggedEvent[] = [];
      log.work({ topic: session, group: 'g' }, (batch) => void second.push(...batch));
      await until(() => second.length >= 2, 'two more');
      expect(ofKey(first, 'a')).toEqual(ids('a', 1, 10));
      expect(ofKey(second, 'a')).toEqual(ids('a', 11, 12));
    });

    it('hands over at most `batchSize` events at once', async () => {
      await log.append(session, events('a', 1, 10));
      const sizes: number[] = [];
      log.work({ topic: session, group: 'g', batchSize: 3 }, (batch) => void sizes.push(batch.length));
      await until(() => sizes.reduce((sum, size) => sum + size, 0) >= 10, 'ten events');
      expect(Math.max(...sizes)).toBeLessThanOrEqual(3);
    });

    it('redelivers to the same or the next member what a handler threw on', async () => {
      await log.append(session, events('a', 1, 4));
      let failures = 0;
      const worker = log.work({ topic: session, group: 'g' }, () => {
        failures++;
        throw new Error('this member is broken');
      });
      await until(() => failures >= 2, 'two failures');
      await worker.stop();
      const seen: LoggedEvent[] = [];
      log.work({ topic: session, group: 'g' }, (batch) => void seen.push(...batch));
      await until(() => onceOfKey(seen, 'a').length >= 4, 'the redelivery');
      expect(onceOfKey(seen, 'a')).toEqual(ids('a', 1, 4));
    });

    it('commits only after the handler has resolved', async () => {
      await log.append(session, [event('a', 1)]);
      let release = () => {};
      let entered = false;
      const held = new Promise<void>((resolve) => (release = resolve));
      const worker = log.work({ topic: session, group: 'g' }, async () => {
        entered = true;
        await held;
        throw new Error('failed at the end');
      });
      await until(() => entered, 'the handler');
      const stopped = worker.stop();
      release();
      await stopped;
      const seen: LoggedEvent[] = [];
      log.work({ topic: session, group: 'g' }, (batch) => void seen.push(...batch));
      await until(() => seen.length > 0, 'the redelivery');
      expect(idsOf(seen)).toContain('a-1');
    });

    it('lets two members of a group share, and handles each event once', async () => {
      const other = await opened().reopen();
      const seen: LoggedEvent[] = [];
      let running = 0;
      let most = 0;
      const member = (on: EventLog) =>
        on.work({ topic: session, group: 'g', batchSize: 7 }, async (batch) => {
          most = Math.max(most, ++running);
          await pause(2);
          seen.push(...batch);
          running--;
        });
      member(log);
      member(other);
      for (let n = 1; n <= 100; n += 10) await log.append(session, events('a', n, n + 9));
      await until(() => seen.length >= 100, 'a hundred events');
      await pause(300);
      // One key is one partition, so only one member may have been at work at any time.
      expect(ofKey(seen, 'a')).toEqual(ids('a', 1, 100));
      expect(most).toBe(1);
    });

    it('gives the events of a member that stopped to the one that stays', async () => {
      const other = await opened().reopen();
      const seen: LoggedEvent[] = [];
      const first = log.work({ topic: session, group: 'g' }, (batch) => void seen.push(...batch));
      other.work({ topic: session, group: 'g' }, (batch) => void seen.push(...batch));
      await log.append(session, events('a', 1, 5));
      await until(() => seen.length >= 5, 'five events');
      await first.stop();
      await log.append(session, events('a', 6, 9));
      await until(() => onceOfKey(seen, 'a').length >= 9, 'the rest');
      expect(onceOfKey(seen, 'a')).toEqual(ids('a', 1, 9));
    });

    it('shows all to each of two groups', async () => {
      const [one, two]: [LoggedEvent[], LoggedEvent[]] = [[], []];
      log.work({ topic: session, group: 'one' }, (batch) => void one.push(...batch));
      log.work({ topic: session, group: 'two' }, (batch) => void two.push(...batch));
      await log.append(session, events('a', 1, 20));
      await until(() => one.length >= 20 && two.length >= 20, 'both groups');
      expect(ofKey(one, 'a')).toEqual(ids('a', 1, 20));
      expect(ofKey(two, 'a')).toEqual(ids('a', 1, 20));
    });
  });
}
