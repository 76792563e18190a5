// What every adapter of the event log must do, as a suite that each one runs. It imports vitest: never from index.
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeEnvelope, newEvent, SessionEndedSchema, topics, type EncodedEnvelope } from '#events';
import { systemClock } from '#kernel';
import type { EventLog, LoggedEvent, Position } from './port.js';

/** A process that appends events `<writer>-1`, `<writer>-2`, … with subject `<writer>` to `weir.session.v1`. */
export interface WriterProcess {
  /** The ids of events whose append has resolved, as far as the process could say so. */
  readonly lines: readonly string[];
  said(count: number): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export interface LogUnderTest {
  /** An empty log. */
  readonly log: EventLog;
  /** Another handle on the same log, as another process would hold it. */
  reopen(): Promise<EventLog>;
  /** Absent where the adapter can't have one: the crash test is then left out. */
  spawnWriter?(writer: string): WriterProcess;
  dispose(): Promise<void>;
}

const patience = 10_000;
const { session, approval, command } = topics;

function event(subject: string, n: number, extra = ''): EncodedEnvelope {
  const origin = { source: 'contract', subject, clock: systemClock, id: `${subject}-${n}` };
  return encodeEnvelope(newEvent(SessionEndedSchema, { sessionId: subject, reason: extra }, origin));
}

const events = (subject: string, from: number, to: number): EncodedEnvelope[] =>
  Array.from({ length: to - from + 1 }, (_, i) => event(subject, from + i));

const idsOf = (logged: readonly LoggedEvent[]) => logged.map(({ envelope }) => envelope.id);
const ids = (subject: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${subject}-${from + i}`);

/** The ids of one key, in the order seen. Order across keys is not promised: there may be partitions. */
const ofKey = (logged: readonly LoggedEvent[], subject: string) =>
  idsOf(logged.filter(({ envelope }) => envelope.subject === subject));

/** The ids of one key with repetitions dropped: what an idempotent handler makes of at least once. */
const onceOfKey = (logged: readonly LoggedEvent[], subject: string) => [...new Set(ofKey(logged, subject))];

async function until(isTrue: () => boolean, what: string): Promise<void> {
  const end = Date.now() + patience;
  while (!isTrue()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(5);
  }
}

async function readAll(log: EventLog, topic: Position['topic']): Promise<LoggedEvent[]> {
  const all: LoggedEvent[] = [];
  for (const end of await log.end(topic)) {
    let after: Position = { ...end, offset: -1 };
    while (after.offset < end.offset) {
      const some = await log.read(after, 500);
      if (some.length === 0) break;
      all.push(...some);
      after = some.at(-1)?.position ?? after;
    }
  }
  return all;
}

export function eventLogContract(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`the event log contract: ${name}`, () => {
    let subject: LogUnderTest;
    let log: EventLog;

    beforeEach(async () => {
      subject = await open();
      log = subject.log;
    });
    afterEach(() => subject.dispose());

    describe('append, read, end', () => {
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
        for (const key of keys) expect(ofKey(logged, key)).toEqual(ids(key, 1, 20));
      });

      it('keeps order per key among appends through two handles', async () => {
        const other = await subject.reopen();
        const write = async (to: EventLog, key: string) => {
          for (let n = 1; n <= 30; n++) await to.append(session, [event(key, n)]);
        };
        await Promise.all([write(log, 'here'), write(other, 'there')]);
        const logged = await readAll(log, session);
        expect(ofKey(logged, 'here')).toEqual(ids('here', 1, 30));
        expect(ofKey(logged, 'there')).toEqual(ids('there', 1, 30));
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
        const other = await subject.reopen();
        await log.close();
        expect(idsOf(await readAll(other, session))).toEqual(ids('a', 1, 3));
      });
    });

    describe('tail', () => {
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
        const tail = log.tail({ topics: [session] }, async (batch) => {
          await pause(1);
          handled += batch.length;
        });
        await tail.caughtUp;
        expect(handled).toBe(2500);
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
        const other = await subject.reopen();
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

    describe('work', () => {
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
        const other = await subject.reopen();
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
        const other = await subject.reopen();
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

    describe('close', () => {
      it('stops its readers, refuses further appends, and may be called twice', async () => {
        const seen: LoggedEvent[] = [];
        const tail = log.tail({ topics: [session] }, (batch) => void seen.push(...batch));
        log.work({ topic: session, group: 'g' }, (batch) => void seen.push(...batch));
        const waiting = expect(tail.passed('never', patience)).rejects.toMatchObject({
          code: 'SHUTTING_DOWN',
        });
        const other = await subject.reopen();
        await log.close();
        await log.close();
        await waiting;
        await expect(log.append(session, [event('a', 1)])).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
        await other.append(session, [event('a', 2)]);
        await pause(300);
        expect(seen).toEqual([]);
      });

      it('finishes the appends that were under way', async () => {
        const other = await subject.reopen();
        const appends = Array.from({ length: 10 }, (_, i) => log.append(session, [event('a', i + 1)]));
        await log.close();
        await Promise.all(appends);
        expect(idsOf(await readAll(other, session))).toEqual(ids('a', 1, 10));
      });
    });

    describe('a writer killed by SIGKILL', () => {
      it('loses nothing that was resolved, reorders nothing, and never disturbs the other writer', async (context) => {
        const spawnWriter = subject.spawnWriter?.bind(subject);
        if (!spawnWriter) return context.skip();
        const seen: string[] = [];
        const tail = log.tail({ topics: [session] }, (batch) => void seen.push(...idsOf(batch)));
        const told: string[] = [];
        let crashing = true;

        const stay = async () => {
          let n = 0;
          while (crashing) await log.append(session, [event('stays', ++n)]);
          return n;
        };
        const crash = async (writer: string) => {
          const child = spawnWriter(writer);
          await child.said(1);
          await pause(Math.random() * 30);
          await child.kill();
          told.push(...child.lines);
        };
        const crashAll = async (lane: number, kills: number) => {
          for (let i = 0; i < kills; i++) await crash(`crashes${lane}x${i}`);
        };

        const staying = stay();
        await Promise.all([crashAll(1, 25), crashAll(2, 25)]).finally(() => (crashing = false));
        const count = await staying;
        await tail.passed(`stays-${count}`, patience);

        const logged = await readAll(await subject.reopen(), session);
        const present = new Set(idsOf(logged));
        expect(told.filter((id) => !present.has(id))).toEqual([]);
        expect(told.length).toBeGreaterThanOrEqual(50);
        expect(ofKey(logged, 'stays')).toEqual(ids('stays', 1, count));
        const keys = new Set(logged.map(({ envelope }) => envelope.subject));
        expect(keys.size).toBe(51);
        for (const key of keys) {
          const own = ofKey(logged, key);
          expect(own).toEqual(ids(key, 1, own.length));
        }
        expect([...seen].sort()).toEqual(idsOf(logged).sort());
      }, 120_000);
    });
  });
}
