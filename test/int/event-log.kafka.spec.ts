import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { openKafkaLog, type EventLog, type KafkaLogOptions } from '#event-log';
import { topics } from '#events';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventLogContract, type LogUnderTest } from '../../libs/event-log/contract.js';
import { event, events, ids, idsOf, readAll, until } from '../../libs/event-log/contract/subject.js';
import { findKafka, TestKafka, user } from '../support/kafka.js';
import { KafkaProxy } from '../support/kafka.proxy.js';
import { compileChild } from '../support/log-writer.build.js';
import { TalkingChild } from '../support/log-writer.spawn.js';
import { freePort } from '../support/house.js';

const peer = await findKafka();
const quiet = () => {}; // handlers fail on purpose here
const { session, command, policy } = topics;
const { Kafka, logLevel } = kafkajs;
type Admin = ReturnType<InstanceType<typeof Kafka>['admin']>;

describe.skipIf(!peer)('on one Kafka broker', () => {
  let kafka: TestKafka;
  let proxy: KafkaProxy;
  let child: ReturnType<typeof compileChild>;
  const opened: EventLog[] = [];
  const said: string[] = [];

  beforeAll(async () => {
    child = compileChild('test/support/log-writer.kafka.ts');
    proxy = await KafkaProxy.start(await freePort());
    kafka = await TestKafka.start(peer!, { advertised: proxy.port });
    proxy.to(kafka.proxiedPort);
  }, 120_000);
  afterAll(async () => {
    await proxy?.stop();
    await kafka?.dispose();
    await rm(child.directory, { recursive: true, force: true });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((log) => log.close()));
    said.length = 0;
  });

  const fresh = (): KafkaLogOptions => ({
    brokers: kafka.brokers(),
    prefix: `${randomUUID()}.`,
    topics: { partitions: 3, replication: 1, minInSync: 1 },
  });
  const open = async (options: KafkaLogOptions) => {
    const report = (message: string) => void said.push(message);
    const log = await openKafkaLog({ ...options, onHandlerFailure: quiet, report });
    opened.push(log);
    return log;
  };
  const refusal = (options: KafkaLogOptions) =>
    open(options).then(
      () => 'opened',
      (error: { code: string; message: string; hint?: string }) =>
        `${error.code}: ${error.message}${error.hint ? ` (${error.hint})` : ''}`,
    );
  const admin = async <T>(action: (admin: Admin) => Promise<T>): Promise<T> => {
    const own = new Kafka({ brokers: kafka.brokers(), logLevel: logLevel.NOTHING }).admin();
    await own.connect();
    return action(own).finally(() => own.disconnect());
  };

  /** What stands before this offset is gone, as after the time that it is kept. */
  const expire = (topic: string, offset: number) =>
    admin(async (own) => {
      await own.fetchTopicOffsets(topic); // the next call asks who leads it, and does not find out by itself
      await own.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] });
    });

  eventLogContract('kafka', async (): Promise<LogUnderTest> => {
    const options = fresh();
    return {
      log: await open(options),
      reopen: () => open(options),
      spawnWriter: (writer) => new TalkingChild(child.path, [JSON.stringify(options), writer]),
      dispose: async () => {},
    };
  });

  describe('a group', () => {
    it('shares the partitions, and shares them anew when a member comes or goes', async () => {
      const options = fresh();
      const log = await open(options);
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

      const two = member('two', await open(options));
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
      const options = { ...fresh(), brokers: [`127.0.0.1:${proxy.port}`] };
      const log = await open(options);
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
      const options = { ...fresh(), brokers: [`127.0.0.1:${proxy.port}`], appendTimeoutMs: 1500 };
      const log = await open(options);
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
      const options = fresh();
      const kinds = ['snappy', 'gzip', 'none'] as const;
      for (const compression of kinds)
        await (await open({ ...options, compression })).append(session, events(compression, 1, 50));
      const seen = new Set(idsOf(await readAll(await open(options), session)));
      expect(seen).toEqual(new Set(kinds.flatMap((kind) => ids(kind, 1, 50))));
    });

    it('may be larger than what one answer holds, up to a bound that is told', async () => {
      const log = await open({ ...fresh(), compression: 'none' });
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

  describe('a broker that ends', () => {
    it.each(['stop', 'kill'] as const)(
      'and comes back (%s) loses nothing and doubles nothing',
      async (how) => {
        const log = await open(fresh());
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
        await kafka.restart(kafka.nodes[0]!, how);
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

  describe('the way to it', () => {
    const sasl = { mechanism: 'scram-sha-512', user: user.name, password: user.password } as const;
    const works = async (options: KafkaLogOptions) => {
      const log = await open(options);
      await log.append(session, [event('a', 1)]);
      const seen: string[] = [];
      const tail = log.tail({ topics: [session] }, (batch) => void seen.push(...idsOf(batch)));
      await tail.caughtUp;
      const worked: string[] = [];
      log.work({ topic: session, group: 'g' }, (batch) => void worked.push(...idsOf(batch)));
      await until(() => worked.length > 0, 'the group');
      return seen;
    };

    it('is SASL/SCRAM, with the right password only', async () => {
      const options = { ...fresh(), brokers: kafka.brokers('sasl'), sasl };
      expect(await works(options)).toEqual(['a-1']);
      const shorter = { ...sasl, mechanism: 'scram-sha-256' } as const;
      expect(await works({ ...fresh(), brokers: kafka.brokers('sasl'), sasl: shorter })).toEqual(['a-1']);
      const wrong = await refusal({ ...options, sasl: { ...sasl, password: 'canary-7' } });
      expect(wrong).toMatch(/^LOG_UNAVAILABLE: .* does not accept the user or the password .*eventLog\.sasl/);
      expect(wrong).not.toContain('canary-7');
      const other = await refusal({ ...options, sasl: { ...sasl, mechanism: 'plain' } });
      expect(other).toMatch(/does not offer this SASL mechanism .*eventLog\.sasl\.mechanism/);
    });

    it('is TLS, to brokers whose authority is known only', async () => {
      const tls = { ca: kafka.certificate };
      expect(await works({ ...fresh(), brokers: kafka.brokers('tls'), tls })).toEqual(['a-1']);
      expect(await works({ ...fresh(), brokers: kafka.brokers('saslTls'), tls, sasl })).toEqual(['a-1']);
      expect(await refusal({ ...fresh(), brokers: kafka.brokers('tls'), tls: {} })).toMatch(
        /certificate.*eventLog\.tls\.ca/,
      );
    });

    it('says where the two sides do not fit', async () => {
      const plainToTls = await refusal({ ...fresh(), brokers: kafka.brokers('tls') });
      expect(plainToTls).toMatch(/LOG_UNAVAILABLE: .*TLS/);
      const tlsToPlain = await refusal({ ...fresh(), tls: { ca: kafka.certificate } });
      expect(tlsToPlain).toMatch(/LOG_UNAVAILABLE: .*eventLog\.tls and the port must fit together/);
      const withoutSasl = await refusal({ ...fresh(), brokers: kafka.brokers('sasl') });
      expect(withoutSasl).toMatch(/LOG_UNAVAILABLE: .*SASL/);
    }, 60_000);

    it('says that nobody is there', async () => {
      const port = await freePort();
      const began = Date.now();
      const away = await refusal({ ...fresh(), brokers: [`127.0.0.1:${port}`] });
      expect(away).toContain(`ECONNREFUSED`);
      expect(away).toContain(`127.0.0.1:${port}`);
      expect(away).toContain('is Kafka running');
      expect(Date.now() - began).toBeLessThan(20_000);
    }, 30_000);
  });

  describe('its topics', () => {
    it('are made as configured', async () => {
      const plain = fresh();
      const options = { ...plain, topics: { ...plain.topics, retention: 86_400 } };
      await open(options);
      const name = (topic: string) => `${options.prefix}${topic}`;
      const { topics: made } = await admin((own) =>
        own.fetchTopicMetadata({ topics: [name(session), name(policy)] }),
      );
      const partitions = new Map(made.map((topic) => [topic.name, topic.partitions.length]));
      expect(partitions.get(name(session))).toBe(3);
      expect(partitions.get(name(policy))).toBe(1);
      const config = async (topic: string) => {
        const found = await admin((own) =>
          own.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: name(topic) }] }),
        );
        const entries = found.resources[0]!.configEntries;
        return Object.fromEntries(entries.map((entry) => [entry.configName, entry.configValue]));
      };
      expect(await config(session)).toMatchObject({
        'retention.ms': '86400000',
        'message.timestamp.type': 'LogAppendTime',
        'cleanup.policy': 'delete',
        'min.insync.replicas': '1',
        'unclean.leader.election.enable': 'false',
      });
      expect(await config(policy)).toMatchObject({ 'retention.ms': '-1', 'cleanup.policy': 'delete' });
      expect(await config(command)).toMatchObject({ 'retention.ms': '86400000' });
      expect(await (await open(options)).partitions(session)).toEqual([0, 1, 2]);
    });

    it('that are there and are not as configured are named, with what to do', async () => {
      const options = fresh();
      await open(options);
      const six = await refusal({ ...options, topics: { ...options.topics, partitions: 6 } });
      expect(six).toContain(`CONFIG_INVALID: topic ${options.prefix}weir.session.v1 has 3 partitions`);
      expect(six).toContain('set eventLog.partitions to 3');
      const longer = await refusal({ ...options, topics: { ...options.topics, retention: 40 * 86_400 } });
      expect(longer).toContain('--add-config retention.ms=3456000000');
      await admin((own) =>
        own.alterConfigs({
          validateOnly: false,
          resources: [
            {
              type: 2,
              name: `${options.prefix}${policy}`,
              configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
            },
          ],
        }),
      );
      const compacted = await refusal(options);
      expect(compacted).toContain(`${options.prefix}weir.policy.v1 has cleanup.policy=compact, not delete`);
      const many = await refusal({ ...fresh(), topics: { replication: 2, minInSync: 1 } });
      expect(many).toMatch(/eventLog\.replication is more than there are brokers/);
      const few = await refusal({ ...fresh(), topics: { replication: 1, minInSync: 2 } });
      expect(few).toMatch(/CONFIG_INVALID: eventLog\.minInSync/);
    });

    it('may have expired in part: readers go on where they begin now', async () => {
      const options = fresh();
      const log = await open(options);
      await log.append(command, events('a', 1, 10));
      await expire(`${options.prefix}${command}`, 6);
      const seen: string[] = [];
      const tail = log.tail({ topics: [command] }, (batch) => void seen.push(...idsOf(batch)));
      await tail.caughtUp;
      expect(seen).toEqual(ids('a', 7, 10));
      expect(idsOf(await log.read({ topic: command, partition: 0, offset: -1 }, 2))).toEqual(ids('a', 7, 8));
      expect(said).toEqual([]);
    });

    it('may have expired whole: nothing is waited for', async () => {
      const options = fresh();
      const log = await open(options);
      await log.append(command, events('a', 1, 3));
      await expire(`${options.prefix}${command}`, 3);
      expect(await log.end(command)).toEqual([]);
      const seen: string[] = [];
      const tail = log.tail({ topics: [command] }, (batch) => void seen.push(...idsOf(batch)));
      await tail.caughtUp;
      await log.append(command, [event('a', 4)]);
      await tail.passed('a-4', 10_000);
      expect(seen).toEqual(['a-4']);
    });

    it("may hold a stranger's messages: they are poison for who looks, and stop nobody", async () => {
      const options = fresh();
      const log = await open(options);
      const stranger = new Kafka({ brokers: kafka.brokers(), logLevel: logLevel.NOTHING }).producer();
      await stranger.connect();
      const messages = [
        { value: 'junk' },
        { value: null },
        { key: 'k', value: null, headers: { ce_id: 'x' } },
      ];
      await stranger.send({ topic: `${options.prefix}${policy}`, messages });
      await stranger.disconnect();
      await log.append(policy, [event('a', 1)]);
      const raws: string[] = [];
      const tail = log.tail({ topics: [policy] }, (batch) => {
        for (const { raw } of batch.slice(0, 3)) raws.push(Buffer.from(raw).toString());
      });
      await tail.passed('a-1', 10_000);
      expect(raws.slice(0, 3)).toEqual(['junk', '', '']);
      const [junk] = await log.read({ topic: policy, partition: 0, offset: -1 }, 1);
      expect(() => junk!.envelope).toThrow();
    });
  });
});
