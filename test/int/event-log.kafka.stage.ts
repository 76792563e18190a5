import { randomUUID } from 'node:crypto';
import { openKafkaLog, type EventLog, type KafkaLogOptions } from '#event-log';
import kafkajs, { type AclOperationTypes, type AclResourceTypes, type Admin, type Message } from 'kafkajs';
import { TestKafka, type KafkaOptions, type KafkaPeer } from '../support/kafka.js';

const { AclPermissionTypes, Kafka, logLevel, ResourcePatternTypes } = kafkajs;
const quiet = () => {}; // handlers fail on purpose here

export interface Right {
  readonly kind: AclResourceTypes;
  readonly operation: AclOperationTypes;
}

/** One broker, and logs on it that are closed after each test. */
export class KafkaStage {
  /** What the logs have reported since the last `clear`. */
  readonly said: string[] = [];
  readonly #opened: EventLog[] = [];

  private constructor(readonly kafka: TestKafka) {}

  static async start(peer: KafkaPeer, options: KafkaOptions = {}): Promise<KafkaStage> {
    return new KafkaStage(await TestKafka.start(peer, options));
  }

  /** Options of a log that is empty. */
  fresh(): KafkaLogOptions {
    return {
      brokers: this.kafka.brokers(),
      prefix: `${randomUUID()}.`,
      topics: { partitions: 3, replication: 1, minInSync: 1 },
    };
  }

  async open(options: KafkaLogOptions): Promise<EventLog> {
    const report = (message: string) => void this.said.push(message);
    const log = await openKafkaLog({ ...options, onHandlerFailure: quiet, report });
    this.#opened.push(log);
    return log;
  }

  /** Why a log can't be opened: code, message, hint. */
  async refusal(options: KafkaLogOptions): Promise<string> {
    try {
      await this.open(options);
      return 'opened';
    } catch (error) {
      const { code, message, hint } = error as { code: string; message: string; hint?: string };
      return `${code}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
    }
  }

  async admin<T>(action: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.#client().admin();
    await admin.connect();
    try {
      return await action(admin);
    } finally {
      await admin.disconnect();
    }
  }

  /** On all topics or groups whose names begin so; nobody else may then do anything with these. */
  async allow(user: string, prefix: string, rights: readonly Right[]): Promise<void> {
    const acl = rights.map(({ kind, operation }) => ({
      ...{ resourceType: kind, resourceName: prefix, resourcePatternType: ResourcePatternTypes.PREFIXED },
      ...{ principal: `User:${user}`, host: '*', operation, permissionType: AclPermissionTypes.ALLOW },
    }));
    await this.admin((admin) => admin.createAcls({ acl }));
  }

  /** What stands before this offset is gone, as after the time that it is kept. */
  expire(topic: string, offset: number): Promise<void> {
    return this.admin(async (admin) => {
      await admin.fetchTopicOffsets(topic); // the next call asks who leads it, and does not find out by itself
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] });
    });
  }

  /** Whoever else may write to our topics. */
  async strangerSends(topic: string, messages: Message[]): Promise<void> {
    const stranger = this.#client().producer();
    await stranger.connect();
    await stranger.send({ topic, messages });
    await stranger.disconnect();
  }

  async clear(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((log) => log.close()));
    this.said.length = 0;
  }

  dispose(): Promise<void> {
    return this.kafka.dispose();
  }

  #client() {
    return new Kafka({ brokers: this.kafka.brokers(), logLevel: logLevel.NOTHING });
  }
}
