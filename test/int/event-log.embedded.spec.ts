import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { encodeEnvelope, newEvent, SessionEndedSchema, topics } from '#events';
import { openEmbeddedLog, type EventLog } from '#event-log';
import { ManualClock } from '#kernel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventLogContract, type LogUnderTest } from '../../libs/event-log/contract.js';
import { compileChild } from '../support/log-writer.build.js';
import { TalkingChild } from '../support/log-writer.spawn.js';

let child: ReturnType<typeof compileChild>;
beforeAll(() => {
  child = compileChild('test/support/log-writer.child.ts');
});
afterAll(() => rm(child.directory, { recursive: true, force: true }));

const quiet = () => {}; // handlers fail on purpose here

async function openUnderTest(): Promise<LogUnderTest> {
  const path = await mkdtemp(join(tmpdir(), 'weir-log-'));
  const opened: EventLog[] = [];
  const open = () => {
    const log = openEmbeddedLog({ path, onHandlerFailure: quiet });
    opened.push(log);
    return log;
  };
  return {
    log: open(),
    reopen: async () => open(),
    spawnWriter: (writer) => new TalkingChild(child.path, [path, writer]),
    dispose: async () => {
      await Promise.all(opened.map((log) => log.close()));
      await rm(path, { recursive: true, force: true });
    },
  };
}

eventLogContract('embedded', openUnderTest);

describe('the embedded log', () => {
  let path: string;
  const opened: EventLog[] = [];
  const open = (clock?: ManualClock) => {
    const log = openEmbeddedLog({ path, onHandlerFailure: quiet, ...(clock && { clock }) });
    opened.push(log);
    return log;
  };
  const events = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => {
      const origin = { source: 'test', subject: 'a', clock: new ManualClock(), id: `a-${from + i}` };
      return encodeEnvelope(newEvent(SessionEndedSchema, {}, origin));
    });

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'weir-log-'));
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((log) => log.close()));
    await rm(path, { recursive: true, force: true });
  });

  it('lets go of its oldest events, and no others, and goes on after its last', async () => {
    const clock = new ManualClock();
    const log = open(clock);
    await log.append(topics.session, events(0, 1199));
    const before = clock.now() + 1;
    clock.advance(10);
    await log.append(topics.session, events(1200, 1201));
    const end = { topic: topics.session, partition: 0, offset: 1201 };
    const left = async () => {
      const found = await log.read({ ...end, offset: -1 }, 2000);
      return [found.length, found[0]?.position.offset];
    };
    await log.expire({ ...end, offset: 9 }, before);
    expect(await left()).toEqual([1192, 10]);
    await log.expire(end, before);
    expect(await left()).toEqual([2, 1200]);
    await log.expire(end, clock.now() + 1);
    expect(await left()).toEqual([0, undefined]);
    expect(await log.end(topics.session)).toEqual([end]);
    expect(await log.append(topics.session, events(1202, 1202))).toEqual([{ ...end, offset: 1202 }]);
    const seen: number[] = [];
    const tail = log.tail(
      { topics: [topics.session] },
      (batch) => void seen.push(...batch.map((e) => e.position.offset)),
    );
    await tail.caughtUp;
    expect(seen).toEqual([1202]);
  });

  it('counts offsets from 0 without gaps, across a reopening', async () => {
    const first = open();
    await first.append(topics.session, events(1, 2));
    await first.close();
    const positions = await open().append(topics.session, events(3, 4));
    expect(positions.map(({ offset, partition }) => [partition, offset])).toEqual([
      [0, 2],
      [0, 3],
    ]);
  });

  it('never takes an append time back, though the clock is', async () => {
    const clock = new ManualClock();
    const log = open(clock);
    const start = clock.now();
    await log.append(topics.session, events(1, 1));
    clock.advance(-60_000);
    await log.append(topics.session, events(2, 2));
    clock.advance(90_000);
    await log.append(topics.session, events(3, 3));
    const logged = await log.read({ topic: topics.session, partition: 0, offset: -1 }, 10);
    expect(logged.map(({ appendedAt }) => appendedAt - start)).toEqual([0, 0, 30_000]);
  });

  it('hands the batch of a killed member to the next at once', async () => {
    const log = open();
    await log.append(topics.session, events(1, 3));
    const worker = compileChild('test/support/log-writer.worker.ts');
    try {
      const holder = new TalkingChild(worker.path, [path, 'g']);
      await holder.said(1);
      const seen: string[] = [];
      log.work({ topic: topics.session, group: 'g' }, (batch) => {
        seen.push(...batch.map(({ envelope }) => envelope.id));
      });
      await pause(600);
      expect(seen).toEqual([]); // it lives, so its batch is its own
      await holder.kill();
      await expect.poll(() => seen, { timeout: 3_000 }).toEqual(['a-1', 'a-2', 'a-3']);
    } finally {
      await rm(worker.directory, { recursive: true, force: true });
    }
  });

  it('fences a member that slept through its lease', async () => {
    const sleeperLog = open(new ManualClock());
    const later = new ManualClock();
    later.advance(60_000);
    const otherLog = open(later);
    await sleeperLog.append(topics.session, events(1, 3));
    let wake = () => {};
    let asleep = false;
    const sleeper = sleeperLog.work({ topic: topics.session, group: 'g' }, async () => {
      asleep = true;
      await new Promise<void>((resolve) => (wake = resolve));
    });
    await expect.poll(() => asleep).toBe(true);
    const seen: string[] = [];
    const other = otherLog.work({ topic: topics.session, group: 'g' }, (batch) => {
      seen.push(...batch.map(({ envelope }) => envelope.id));
    });
    await sleeperLog.append(topics.session, events(4, 6));
    await expect.poll(() => seen.length, { timeout: 5_000 }).toBe(6);
    await other.stop();
    const stopped = sleeper.stop();
    wake();
    await stopped;

    await otherLog.append(topics.session, events(7, 7));
    const next: string[] = [];
    otherLog.work({ topic: topics.session, group: 'g' }, (batch) => {
      next.push(...batch.map(({ envelope }) => envelope.id));
    });
    await expect.poll(() => next, { timeout: 5_000 }).toEqual(['a-7']);
  });
});
