import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import type { Consumer, Kafka } from 'kafkajs';
import type { Partition, ShareHandler, ShareOptions } from '../port.js';
import { retry } from './kafka.client.js';
import { Outage, pauseAfter } from './outage.js';
import type { TopicNames } from './topic.names.js';

/** How long a member that has gone silent keeps its partitions, and how often one says that it lives. */
const [sessionMs, beatMs] = [10_000, 1000];
const leaveMs = 3000;

/** One member of a group that divides partitions and reads nothing through it: whoever owns some keeps its own position. */
export class PartitionShare {
  readonly #stop = new AbortController();
  readonly #outage: Outage;
  readonly done: Promise<void>;

  constructor(
    private readonly kafka: Kafka,
    private readonly names: TopicNames,
    private readonly options: ShareOptions,
    private readonly owns: ShareHandler,
    report: (message: string) => void,
  ) {
    this.#outage = new Outage(report, `group ${options.group}`);
    this.done = this.#run();
  }

  stop(): Promise<void> {
    this.#stop.abort();
    return this.done;
  }

  async #run(): Promise<void> {
    const stopped = this.#stop.signal;
    await turn();
    for (let failures = 0; !stopped.aborted;) {
      try {
        await this.#belong(() => (failures = 0));
      } catch (error) {
        if (stopped.aborted) break;
        if (++failures > 2) this.#outage.began(error);
        await pause(pauseAfter(failures), undefined, { signal: stopped }).catch(() => {});
      }
    }
  }

  /** Until stopped; throws what the membership ended of. Then nothing is owned. */
  async #belong(onJoin: () => void): Promise<void> {
    const consumer = this.kafka.consumer({
      groupId: this.names.sharingGroup(this.options.group),
      ...{ sessionTimeout: sessionMs, heartbeatInterval: beatMs, rebalanceTimeout: sessionMs },
      ...{ maxWaitTimeInMs: beatMs / 2, allowAutoTopicCreation: false },
      retry: { ...retry, restartOnFailure: () => Promise.resolve(false) },
    });
    const over = new AbortController();
    try {
      await consumer.connect();
      const topics = this.options.topics.map((topic) => this.names.of(topic));
      await consumer.subscribe({ topics, fromBeginning: true });
      const ended = this.#ended(consumer, onJoin, over.signal);
      await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => {} });
      await ended;
    } finally {
      over.abort();
      this.owns([]);
      const left = consumer.disconnect().catch(() => {});
      await Promise.race([left, pause(leaveMs, undefined, { ref: false })]);
    }
  }

  /** Resolves when stopped, rejects when kafkajs gives up. */
  #ended(consumer: Consumer, onJoin: () => void, over: AbortSignal): Promise<void> {
    const { CRASH, GROUP_JOIN } = consumer.events;
    consumer.on(GROUP_JOIN, ({ payload }) => {
      onJoin();
      this.#outage.ended();
      // Before kafkajs fetches for the first time: it then only says that it lives.
      consumer.pause(this.options.topics.map((topic) => ({ topic: this.names.of(topic) })));
      if (!this.#stop.signal.aborted) this.owns(this.#partitions(payload.memberAssignment));
    });
    return new Promise((resolve, reject) => {
      consumer.on(CRASH, ({ payload }) => reject(payload.error));
      if (this.#stop.signal.aborted) resolve();
      // Not past its own end: what listens here keeps the consumer, and there is one for each time that it joined.
      this.#stop.signal.addEventListener('abort', () => resolve(), { once: true, signal: over });
    });
  }

  #partitions(assigned: Readonly<Record<string, readonly number[]>>): Partition[] {
    return this.options.topics.flatMap((topic) =>
      (assigned[this.names.of(topic)] ?? []).map((partition) => ({ topic, partition })),
    );
  }
}
