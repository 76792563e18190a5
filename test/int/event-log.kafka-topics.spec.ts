import type { KafkaLogOptions } from '#event-log';
import { topics } from '#events';
import kafkajs, { type AclOperationTypes as Operation } from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { event, events, ids, idsOf, until } from '../../libs/event-log/contract/subject.js';
import { freePort } from '../support/house.js';
import { findKafka, user } from '../support/kafka.js';
import { KafkaStage } from './event-log.kafka.stage.js';

const peer = await findKafka();
const { session, command, policy } = topics;
const { AclOperationTypes, AclResourceTypes } = kafkajs;

describe.skipIf(!peer)('a log on Kafka', () => {
  let stage: KafkaStage;
  beforeAll(async () => {
    stage = await KafkaStage.start(peer!);
  }, 120_000);
  afterEach(() => stage.clear());
  afterAll(() => stage?.dispose());

  describe('the way to it', () => {
    const sasl = { mechanism: 'scram-sha-512', user: user.name, password: user.password } as const;
    const works = async (options: KafkaLogOptions) => {
      const log = await stage.open(options);
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
      const options = { ...stage.fresh(), brokers: stage.kafka.brokers('sasl'), sasl };
      expect(await works(options)).toEqual(['a-1']);
      const shorter = { ...sasl, mechanism: 'scram-sha-256' } as const;
      expect(await works({ ...stage.fresh(), brokers: stage.kafka.brokers('sasl'), sasl: shorter })).toEqual([
        'a-1',
      ]);
      const wrong = await stage.refusal({ ...options, sasl: { ...sasl, password: 'canary-7' } });
      expect(wrong).toMatch(/^LOG_UNAVAILABLE: .* does not accept the user or the password .*eventLog\.sasl/);
      expect(wrong).not.toContain('canary-7');
      const other = await stage.refusal({ ...options, sasl: { ...sasl, mechanism: 'plain' } });
      expect(other).toMatch(/does not offer this SASL mechanism .*eventLog\.sasl\.mechanism/);
    });

    it('is TLS, to brokers whose authority is known only', async () => {
      const tls = { ca: stage.kafka.certificate };
      expect(await works({ ...stage.fresh(), brokers: stage.kafka.brokers('tls'), tls })).toEqual(['a-1']);
      expect(await works({ ...stage.fresh(), brokers: stage.kafka.brokers('saslTls'), tls, sasl })).toEqual([
        'a-1',
      ]);
      expect(await stage.refusal({ ...stage.fresh(), brokers: stage.kafka.brokers('tls'), tls: {} })).toMatch(
        /certificate.*eventLog\.tls\.ca/,
      );
    });

    it('says where the two sides do not fit', async () => {
      const plainToTls = await stage.refusal({ ...stage.fresh(), brokers: stage.kafka.brokers('tls') });
      expect(plainToTls).toMatch(/LOG_UNAVAILABLE: .*TLS/);
      const tlsToPlain = await stage.refusal({ ...stage.fresh(), tls: { ca: stage.kafka.certificate } });
      expect(tlsToPlain).toMatch(/LOG_UNAVAILABLE: .*eventLog\.tls and the port must fit together/);
      const withoutSasl = await stage.refusal({ ...stage.fresh(), brokers: stage.kafka.brokers('sasl') });
      expect(withoutSasl).toMatch(/LOG_UNAVAILABLE: .*SASL/);
    }, 60_000);

    it('needs the rights that the documentation names, and says so', async () => {
      const granted = { ...stage.fresh(), brokers: stage.kafka.brokers('sasl'), sasl };
      const topic = (operation: Operation) => ({ kind: AclResourceTypes.TOPIC, operation });
      const { CREATE, DESCRIBE, DESCRIBE_CONFIGS, READ, WRITE } = AclOperationTypes;
      const documented = [
        ...[CREATE, DESCRIBE, DESCRIBE_CONFIGS, READ, WRITE].map(topic),
        { kind: AclResourceTypes.GROUP, operation: READ },
      ];
      await stage.allow(user.name, `${granted.prefix}weir.`, documented);
      expect(await works(granted)).toEqual(['a-1']);
      expect(await stage.refusal(granted)).toBe('opened'); // topics that are there are looked at
      const others = { ...stage.fresh(), brokers: stage.kafka.brokers('sasl'), sasl };
      await stage.allow('somebody-else', `${others.prefix}weir.`, documented);
      expect(await stage.refusal(others)).toMatch(
        /LOG_UNAVAILABLE: .*[Aa]uthori.*grant this user Create, Describe/,
      );
    });

    it('says that nobody is there', async () => {
      const port = await freePort();
      const began = Date.now();
      const away = await stage.refusal({ ...stage.fresh(), brokers: [`127.0.0.1:${port}`] });
      expect(away).toContain(`ECONNREFUSED`);
      expect(away).toContain(`127.0.0.1:${port}`);
      expect(away).toContain('is Kafka running');
      expect(Date.now() - began).toBeLessThan(20_000);
    }, 30_000);
  });

  describe('its topics', () => {
    it('are made as configured', async () => {
      const plain = stage.fresh();
      const options = { ...plain, topics: { ...plain.topics, retention: 86_400 } };
      await stage.open(options);
      const name = (topic: string) => `${options.prefix}${topic}`;
      const { topics: made } = await stage.admin((own) =>
        own.fetchTopicMetadata({ topics: [name(session), name(policy)] }),
      );
      const partitions = new Map(made.map((topic) => [topic.name, topic.partitions.length]));
      expect(partitions.get(name(session))).toBe(3);
      expect(partitions.get(name(policy))).toBe(1);
      const config = async (topic: string) => {
        const found = await stage.admin((own) =>
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
      expect(await (await stage.open(options)).partitions(session)).toEqual([0, 1, 2]);
    });

    it('that are there and are not as configured are named, with what to do', async () => {
      const options = stage.fresh();
      await stage.open(options);
      const six = await stage.refusal({ ...options, topics: { ...options.topics, partitions: 6 } });
      expect(six).toContain(`CONFIG_INVALID: topic ${options.prefix}weir.session.v1 has 3 partitions`);
      expect(six).toContain('set eventLog.partitions to 3');
      const longer = await stage.refusal({
        ...options,
        topics: { ...options.topics, retention: 40 * 86_400 },
      });
      expect(longer).toContain('--add-config retention.ms=3456000000');
      await stage.admin((own) =>
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
      const compacted = await stage.refusal(options);
      expect(compacted).toContain(`${options.prefix}weir.policy.v1 has cleanup.policy=compact, not delete`);
      const many = await stage.refusal({ ...stage.fresh(), topics: { replication: 2, minInSync: 1 } });
      expect(many).toMatch(/eventLog\.replication is more than there are brokers/);
      const few = await stage.refusal({ ...stage.fresh(), topics: { replication: 1, minInSync: 2 } });
      expect(few).toMatch(/CONFIG_INVALID: eventLog\.minInSync/);
    });

    it('may have expired in part: readers go on where they begin now', async () => {
      const options = stage.fresh();
      const log = await stage.open(options);
      await log.append(command, events('a', 1, 10));
      await stage.expire(`${options.prefix}${command}`, 6);
      const seen: string[] = [];
      const tail = log.tail({ topics: [command] }, (batch) => void seen.push(...idsOf(batch)));
      await tail.caughtUp;
      expect(seen).toEqual(ids('a', 7, 10));
      expect(idsOf(await log.read({ topic: command, partition: 0, offset: -1 }, 2))).toEqual(ids('a', 7, 8));
      expect(stage.said).toEqual([]);
    });

    it('may have expired whole: nothing is waited for', async () => {
      const options = stage.fresh();
      const log = await stage.open(options);
      await log.append(command, events('a', 1, 3));
      await stage.expire(`${options.prefix}${command}`, 3);
      expect(await log.end(command)).toEqual([]);
      const seen: string[] = [];
      const tail = log.tail({ topics: [command] }, (batch) => void seen.push(...idsOf(batch)));
      await tail.caughtUp;
      await log.append(command, [event('a', 4)]);
      await tail.passed('a-4', 10_000);
      expect(seen).toEqual(['a-4']);
    });

    it("may hold a stranger's messages: they are poison for who looks, and stop nobody", async () => {
      const options = stage.fresh();
      const log = await stage.open(options);
      await stage.strangerSends(`${options.prefix}${policy}`, [
        { value: 'junk' },
        { value: null },
        { key: 'k', value: null, headers: { ce_id: 'x' } },
      ]);
      await log.append(policy, [event('a', 1)]);
      const raws: string[] = [];
      const tail = log.tail({ topics: [policy] }, (batch) => {
        for (const { raw } of batch.slice(0, 3)) raws.push(Buffer.from(raw).toString());
      });
      await tail.passed('a-1', 10_000);
      expect(raws.slice(0, 3)).toEqual(['junk', '', '']);
      const [junk] = await log.read({ topic: policy, partition: 0, offset: -1 }, 1);
      expect(() => junk!.envelope).toThrow(/wire|varint|premature|tag/i);
    });
  });
});
