import { setTimeout as pause } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EventLog, LoggedEvent, Tail } from '../port.js';
import {
  patience,
  session,
  approval,
  command,
  event,
  events,
  idsOf,
  ids,
  ofKey,
  type Opened,
} from './subject.js';

/** A log that is there answers a tail so often. */
const quietMs = 2500;

async function youngAgain(tail: Tail): Promise<void> {
  const until = Date.now() + patience;
  while (tail.age > quietMs && Date.now() < until) await pause(20);
  expect(tail.age).toBeLessThan(quietMs);
}

export function tailContract(opened: Opened): void {
  describe('tail', () => {
    let log: EventLog;
    beforeEach(() => {
      log = opened().log;
    });

    it('reads from the start and then what comes', async () => {
      await log.append(session, events('a', 1, 3));
      const seen: LoggedEvent[] = [];
      const tail = log.tail({ topics: [session] }, (batch) => void seen.push(...batch));
      await tail.caughtUp;
      expect(ofKey(seen, 'a')).toEqual(ids('a', 1, 3));
      await log.append(session, events('a', 4, 6));
      await tail.passed('a-6', patience);
      expect(ofKey(seen, 'a')).toEqual(ids('a', 1, 6));
    });

    it('begins after the positions given', async () => {
      const positions = await log.append(session, events('a', 1, 5));
      const seen: LoggedEvent[] = [];
      const tail = log.tail(
        { topics: [session], after: [positions[2]!] },
        (batch) => void seen.push(...batch),
      );
      await tail.caughtUp;
      expect(idsOf(seen)).toEqual(['a-4', 'a-5']);
    });

    it('is caught up at once on an empty log', async () => {
      const tail = log.tail({ topics: [session, approval] }, () => {});
      await tail.caughtUp;
    });

    it('does not call itself caught up before all that stood there is handled', async () => {
      await log.append(session, events('a', 1, 2500));
      let handled = 0;
      const ages: number[] = [];
      const tail = log.tail({ topics: [session] }, async (batch) => {
        ages.push(tail.age);
        await pause(1);
        handled += batch.length;
      });
      await tail.caughtUp;
      expect(handled).toBe(2500);
      expect(new Set(ages)).toEqual(new Set([Infinity]));
    });

    it('reads several topics', async () => {
      const seen: LoggedEvent[] = [];
      const tail = log.tail({ topics: [session, approval] }, (batch) => void seen.push(...batch));
      await log.append(session, [event('a', 1)]);
      await log.append(approval, [event('b', 1)]);
      await log.append(command, [event('c', 1)]);
      await Promise.all([tail.passed('a-1', patience), tail.passed('b-1', patience)]);
      expect(idsOf(seen).sort()).toEqual(['a-1', 'b-1']);
    });

    it('shows all to each of two tails, from either handle', async () => {
      const other = await opened().reopen();
      const [here, there]: [LoggedEvent[], LoggedEvent[]] = [[], []];
      const one = log.tail({ topics: [session] }, (batch) => void here.push(...batch));
      const two = other.tail({ topics: [session] }, (batch) => void there.push(...batch));
      await log.append(session, events('a', 1, 50));
      await other.append(session, events('a', 51, 100));
      await Promise.all([one.passed('a-100', patience), two.passed('a-100', patience)]);
      expect(ofKey(here, 'a')).toEqual(ids('a', 1, 100));
      expect(ofKey(there, 'a')).toEqual(ids('a', 1, 100));
    });

    it('resolves `passed` and `reached` only after the handler has', async () => {
      let handled = false;
      const tail = log.tail({ topics: [session] }, async () => {
        await pause(50);
        handled = true;
      });
      const [position] = await log.append(session, [event('a', 1)]);
      await tail.reached(position!, patience);
      expect(handled).toBe(true);
      await tail.passed('a-1', patience);
      await tail.passed('a-1', 0);
      await tail.reached(position!, 0);
    });

    it('rejects with TIMEOUT what it has not passed in time', async () => {
      const tail = log.tail({ topics: [session] }, () => {});
      await expect(tail.passed('never', 30)).rejects.toMatchObject({ code: 'TIMEOUT' });
      const far = { topic: session, partition: 0, offset: 1_000_000 };
      await expect(tail.reached(far, 30)).rejects.toMatchObject({ code: 'TIMEOUT' });
    });

    it('gives a handler that threw the same batch again, and nothing past it before', async () => {
      await log.append(session, events('a', 1, 3));
      const attempts: string[][] = [];
      const tail = log.tail({ topics: [session] }, (batch) => {
        attempts.push(idsOf(batch));
        if (attempts.length < 3) throw new Error('not yet');
      });
      await tail.caughtUp;
      expect(attempts[1]).toEqual(attempts[0]);
      expect(attempts[2]).toEqual(attempts[0]);
    });

    it('knows how old what it has is: that stays young while nothing comes, and ages while it does not get on', async () => {
      let hold: Promise<unknown> | undefined;
      const tail = log.tail({ topics: [session, approval] }, () => hold as Promise<void> | undefined);
      expect(tail.age).toBe(Infinity);
      await tail.caughtUp;
      expect(tail.age).toBeLessThan(quietMs);
      await pause(3000);
      expect(tail.age).toBeLessThan(quietMs);
      hold = pause(4000);
      const [position] = await log.append(session, [event('a', 1)]);
      await pause(3000);
      expect(tail.age).toBeGreaterThan(2900);
      await tail.reached(position!, patience);
      await youngAgain(tail);
    });

    it('hands nothing over after stop', async () => {
      const seen: LoggedEvent[] = [];
      const tail = log.tail({ topics: [session] }, (batch) => void seen.push(...batch));
      await log.append(session, [event('a', 1)]);
      await tail.passed('a-1', patience);
      await tail.stop();
      await log.append(session, [event('a', 2)]);
      await pause(400);
      expect(idsOf(seen)).toEqual(['a-1']);
    });

    it('never runs its handler twice at once', async () => {
      let running = 0;
      let most = 0;
      const tail = log.tail({ topics: [session, approval] }, async () => {
        most = Math.max(most, ++running);
        await pause(3);
        running--;
      });
      for (let n = 1; n <= 10; n++) {
        await Promise.all([log.append(session, [event('a', n)]), log.append(approval, [event('b', n)])]);
      }
      await Promise.all([tail.passed('a-10', patience), tail.passed('b-10', patience)]);
      expect(most).toBe(1);
    });
  });
}
