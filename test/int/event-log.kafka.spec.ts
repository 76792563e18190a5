import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { EventLog, Tail } from '#event-log';
import { topics } from '#events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventLogContract, type LogUnderTest } from '../../libs/event-log/contract.js';
import { event, events, ids, idsOf, readAll, until } from '../../libs/event-log/contract/subject.js';
import { freePort } from '../support/house.js';
import { findKafka } from '../support/kafka.js';
import { KafkaProxy } from '../support/kafka.proxy.js';
import { compileChild } from '../support/log-writer.build.js';
import { TalkingChild } from '../support/log-writer.spawn.js';
import { KafkaStage } from './event-log.kafka.stage.js';

const peer = await findKafka();
const { session, policy } = topics;

describe.skipIf(!peer)('on one Kafka broker', () => {
  let stage: KafkaStage;
  let proxy: KafkaProxy;
  let child: ReturnType<typeof compileChild>;

  beforeAll(async () => {
    child = compileChild('test/support/log-writer.kafka.ts');
    proxy = await KafkaProxy.start(await freePort());
    stage = await KafkaStage.start(peer!, { advertised: proxy.port });
    proxy.to(stage.kafka.proxiedPort);
  }, 120_000);
  afterEach(() => stage.clear());
  afterAll(async () => {
    await proxy?.stop();
    await stage?.dispose();
    await rm(child.directory, { recursive: true, force: true });
  });

  eventLogContract('kafka', async (): Promise<LogUnderTest> => {
    const options = stage.fresh();
    return {
      log: await stage.open(options),
      reopen: () => stage.open(options),
      spawnWriter: (writer) => new TalkingChild(child.path, [JSON.stringify(options), writer]),
      dispose: async () => {},
      mayRepeat: true,
    };
  });

  describe('a group', () => {
    it('shares the partitions, and shares them anew when a member comes or goes', async () => {
      const options = stage.fresh();
      const log = await stage.open(options);
      const seen: Record<string, Set<number>> = { one: new Set(), two: new Set() };
      const handled = new Set<string>();
      const member = (name: string, on: EventLog) =>
        on.work({ topic: session, group: 'g' }, (batch) => {
          for (const { position, envelope } of batch) {
            seen[name]!.add(position.partition);
            handled.add(envelope.id);
          }
        });
      let written = 0;
      const write = async (count: number) => {
        const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
        for (let n = 1; n <= count; n++) {
          await log.append(
            session,
            keys.map((key) => event(key, ++written)),
          );
        }
      };
      const one = member('one', log);
      await write(2);
      await until(() => handled.size >= written, 'all of what one member has');
      expect([...seen['one']!].sort()).toEqual([0, 1, 2]);

      const two = member('two', await stage.open(options));
      seen['one']!.clear();
      await until(() => {
        void write(1);
        return seen['two']!.size > 0;
      }, 'a share of the second');
      seen['one']!.clear();
      seen['two']!.clear();
      await write(3);
      await until(() => handled.size >= written, 'all of what two have');
      expect([...seen['one']!, ...seen['two']!].sort()).toEqual([0, 1, 2]); // each of one member's, and only one's
      expect(Math.min(seen['one']!.size, seen['two']!.size)).toBeGreaterThan(0);

      await one.stop();
      seen['two']!.clear();
      await write(2);
      await until(() => handled.size >= written, 'all, by the one that stays');
      expect([...seen['two']!].sort()).toEqual([0, 1, 2]);
      await two.stop();
    }, 60_000);
  });

  describe('an answer that is lost after the append', () => {
    it('is asked for again with the same ids, and has one effect', async () => {
      const options = { ...stage.fresh(), brokers: [`127.0.0.1:${proxy.port}`] };
      const log = await stage.open(options);
      const folded = new Map<string, number>();
      const tail = log.tail({ topics: [policy] }, (batch) => {
        for (const { envelope } of batch)
          if (!folded.has(envelope.id)) folded.set(envelope.id, folded.size + 1);
      });
      await log.append(policy, [event('p', 1)]);
      proxy.losing = 1;
      await log.append(policy, [event('p', 2), event('p', 3)]);
      await log.append(policy, [event('p', 4)]);
      expect(proxy.lost).toBe(1);
      await tail.passed('p-4', 10_000);
      // Twice in the log, as the broker was asked twice, and once for who reads by ids.
      expect(idsOf(await readAll(log, policy))).toEqual(['p-1', 'p-2', 'p-3', 'p-2', 'p-3', 'p-4']);
      expect([...folded.keys()]).toEqual(ids('p', 1, 4));
    });

    it('and lost again and again, is an error that says so, and the next append still goes', async () => {
      const options = { ...stage.fresh(), brokers: [`127.0.0.1:${proxy.port}`], appendTimeoutMs: 1500 };
      const log = await stage.open(options);
      proxy.losing = 1000;
      const failed = log.append(policy, [event('p', 1)]);
      await expect(failed).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
      proxy.losing = 0;
      await expect
        .poll(() => log.append(policy, [event('p', 1)]).then(() => 'appended', String), { timeout: 15_000 })
        .toBe('appended');
      expect(new Set(idsOf(await readAll(log, policy)))).toEqual(new Set(['p-1']));
    }, 30_000);
  });

  describe('what is written', () => {
    it('is read, whichever way it was compressed', async () => {
      const options = stage.fresh();
      const kinds = ['snappy', 'gzip', 'none'] as const;
      for (const compression of kinds)
        await (await stage.open({ ...options, compression })).append(session, events(compression, 1, 50));
      const seen = new Set(idsOf(await readAll(await stage.open(options), session)));
      expect(seen).toEqual(new Set(kinds.flatMap((kind) => ids(kind, 1, 50))));
    });

    it('may be larger than what one answer holds, up to a bound that is told', async () => {
      const log = await stage.open({ ...stage.fresh(), compression: 'none' });
      const large = [1, 2, 3].map((n) => event('a', n, 'x'.repeat(5 * 1024 * 1024)));
      const seen: string[] = [];
      const tail = log.tail({ topics: [policy] }, (batch) => void seen.push(...idsOf(batch)));
      await log.append(policy, large);
      await tail.passed('a-3', 10_000);
      expect(seen).toEqual(ids('a', 1, 3));
      expect(idsOf(await readAll(log, policy))).toEqual(ids('a', 1, 3));
      const tooLarge = log.append(policy, [event('a', 4), event('a', 5, 'x'.repeat(9 * 1024 * 1024))]);
      await expect(tooLarge).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      await log.append(policy, [event('a', 6)]);
      expect(idsOf(await readAll(log, policy))).toEqual([...ids('a', 1, 3), 'a-6']);
    });
  });

  describe('a tail knows how old what it has is', () => {
    const young = 2500;
    const nothing = () => {};
    const soon = (tail: Tail) => expect.poll(() => tail.age, { timeout: 15_000 });

    it('while the broker stands still, with its connections open, and once it goes on', async () => {
      const log = await stage.open(stage.fresh());
      const tail = log.tail({ topics: [policy, session] }, nothing);
      await tail.caughtUp;
      await soon(tail).toBeLessThan(young);
      const [broker] = stage.kafka.nodes;
      broker!.freeze(true);
      try {
        const before = tail.age;
        await pause(5000);
        expect(tail.age).toBeGreaterThan(before + 3900);
      } finally {
        broker!.freeze(false);
      }
      await soon(tail).toBeLessThan(young);
    }, 60_000);

    it('by when it asked: an answer that was held up on its way is as old as its question', async () => {
      const log = await stage.open({ ...stage.fresh(), brokers: [`127.0.0.1:${proxy.port}`] });
      const tail = log.tail({ topics: [policy] }, nothing);
      await tail.caughtUp;
      await soon(tail).toBeLessThan(young);
      proxy.late = 3000;
      try {
        await pause(5000);
        const ages: number[] = [];
        for (let i = 0; i < 100; i++) {
          ages.push(tail.age);
          await pause(50);
        }
        expect(Math.min(...ages)).toBeGreaterThan(2900);
        expect(Math.max(...ages)).toBeLessThan(12_000); // they do come
      } finally {
        proxy.late = 0;
      }
      await soon(tail).toBeLessThan(young);
    }, 60_000);

    it('and that it is behind, while answers come that are not the end', async () => {
      const log = await stage.open({ ...stage.fresh(), compression: 'none' });
      await log.append(
        policy,
        [1, 2, 3].map((n) => event('a', n, 'x'.repeat(5 * 1024 * 1024))),
      );
      const ages: number[] = [];
      const tail = log.tail({ topics: [policy] }, () => void ages.push(tail.age));
      await tail.caughtUp;
      expect(ages).toEqual([Infinity, Infinity, Infinity]);
      await soon(tail).toBeLessThan(young);
    });
  });

  describe('a broker that ends', () => {
    it.each(['stop', 'kill'] as const)(
      'and comes back (%s) loses nothing and doubles nothing',
      async (how) => {
        const log = await stage.open(stage.fresh());
        const [tailed, worked]: [string[], Set<string>] = [[], new Set()];
        const tail = log.tail({ topics: [session] }, (batch) => void tailed.push(...idsOf(batch)));
        log.work({ topic: session, group: 'g' }, (batch) => {
          for (const id of idsOf(batch)) worked.add(id);
        });
        let [writing, n] = [true, 0];
        const write = async (key: string) => {
          for (let own = 1; writing; own++) {
            // As the shipper does: the same events, until the log has them.
            while (!(await log.append(session, [event(key, own)]).catch(() => undefined)));
            n++;
          }
        };
        const writers = ['a', 'b', 'c', 'd'].map(write);
        await until(() => worked.size >= 100, 'a start');
        await stage.kafka.restart(stage.kafka.nodes[0]!, how);
        const before = n;
        await expect.poll(() => n, { timeout: 30_000 }).toBeGreaterThan(before + 100);
        writing = false;
        await Promise.all(writers);
        const logged = idsOf(await readAll(log, session));
        const once = new Set(logged);
        expect(once.size).toBe(n);
        await expect.poll(() => worked.size, { timeout: 30_000 }).toBe(n);
        await expect.poll(() => new Set(tailed).size, { timeout: 30_000 }).toBe(n);
        expect(tailed.length).toBe(logged.length); // a tail reads each place once
        for (const key of ['a', 'b', 'c', 'd']) {
          const own = [...once].filter((id) => id.startsWith(`${key}-`));
          expect(own).toEqual(ids(key, 1, own.length));
        }
        await tail.stop();
      },
      120_000,
    );
  });
});
