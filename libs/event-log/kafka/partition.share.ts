import type { Consumer, Kafka } from 'kafkajs';
import type { Partition, ShareHandler, ShareOptions } from '../port.js';
import { beatMs, GroupMember, type Membership } from './group.member.js';
import type { TopicNames } from './topic.names.js';

/** One member of a group that divides partitions and reads nothing through it: whoever owns some keeps its own position. */
export class PartitionShare implements Membership {
  readonly name: string;
  readonly settings: Membership['settings'];
  readonly #member: GroupMember;

  constructor(
    kafka: Kafka,
    private readonly names: TopicNames,
    private readonly options: ShareOptions,
    private readonly owns: ShareHandler,
    report: (message: string) => void,
  ) {
    this.name = `group ${options.group}`;
    const groupId = names.sharingGroup(options.group);
    this.settings = { groupId, rebalanceTimeout: 10_000, maxWaitTimeInMs: beatMs / 2 };
    this.#member = new GroupMember(kafka, this, report);
  }

  get done(): Promise<void> {
    return this.#member.done;
  }

  stop(): Promise<void> {
    return this.#member.stop();
  }

  async begin(consumer: Consumer): Promise<void> {
    await consumer.subscribe({ topics: this.#topics(), fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => {} });
  }

  joined(consumer: Consumer, assigned: Readonly<Record<string, readonly number[]>>): void {
    // Before kafkajs fetches for the first time: it then only says that it lives.
    consumer.pause(this.#topics().map((topic) => ({ topic })));
    if (!this.#member.stopped.aborted) this.owns(this.#partitions(assigned));
  }

  /** Then nothing is owned. */
  over(): void {
    this.owns([]);
  }

  #topics(): string[] {
    return this.options.topics.map((topic) => this.names.of(topic));
  }

  #partitions(assigned: Readonly<Record<string, readonly number[]>>): Partition[] {
    return this.options.topics.flatMap((topic) =>
      (assigned[this.names.of(topic)] ?? []).map((partition) => ({ topic, partition })),
    );
  }
}
