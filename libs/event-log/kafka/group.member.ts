import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import type { Consumer, ConsumerConfig, Kafka } from 'kafkajs';
import { retry } from './kafka.client.js';
import { Outage, pauseAfter } from './outage.js';

/** How long a member that has gone silent keeps its partitions, and how often one says that it lives. */
const sessionMs = 10_000;
export const beatMs = 1000;
const leaveMs = 3000;

/** What somebody does as a member of a consumer group. */
export interface Membership {
  /** For those who read that it was away: "group g of topic t". */
  readonly name: string;
  readonly settings: Pick<ConsumerConfig, 'groupId' | 'rebalanceTimeout' | 'maxWaitTimeInMs'>;
  /** Subscribes, and runs. */
  begin(consumer: Consumer): Promise<void>;
  /** Each time that the group was shared anew; `assigned`: partitions by Kafka's name of a topic. */
  joined?(consumer: Consumer, assigned: Readonly<Record<string, readonly number[]>>): void;
  /** It is over, whatever ended it; the group is left after this. */
  over(): Promise<void> | void;
}

/** Belongs to a consumer group until stopped: what kafkajs gives up on begins anew here, where a stop is seen. */
export class GroupMember {
  readonly #stop = new AbortController();
  readonly #outage: Outage;
  readonly done: Promise<void>;

  constructor(
    private readonly kafka: Kafka,
    private readonly membership: Membership,
    report: (message: string) => void,
  ) {
    this.#outage = new Outage(report, membership.name);
    this.done = this.#run();
  }

  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  stop(): Promise<void> {
    this.#stop.abort();
    return this.done;
  }

  async #run(): Promise<void> {
    await turn();
    for (let failures = 0; !this.stopped.aborted;) {
      try {
        await this.#belong(() => (failures = 0));
      } catch (error) {
        if (this.stopped.aborted) break;
        if (++failures > 2) this.#outage.began(error);
        await pause(pauseAfter(failures), undefined, { signal: this.stopped }).catch(() => {});
      }
    }
  }

  /** Until stopped; throws what the membership ended of. */
  async #belong(onJoin: () => void): Promise<void> {
    const consumer = this.kafka.consumer({
      ...this.membership.settings,
      ...{ sessionTimeout: sessionMs, heartbeatInterval: beatMs },
      ...{ allowAutoTopicCreation: false, readUncommitted: true },
      retry: { ...retry, restartOnFailure: () => Promise.resolve(false) },
    });
    const over = new AbortController();
    try {
      await consumer.connect();
      const ended = this.#ended(consumer, onJoin, over.signal);
      await this.membership.begin(consumer);
      await ended;
    } finally {
      over.abort();
      await this.membership.over();
      // It leaves its group; where the brokers are away it would try for long, and ends by itself.
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
      this.membership.joined?.(consumer, payload.memberAssignment);
    });
    const ended = new Promise<void>((resolve, reject) => {
      consumer.on(CRASH, ({ payload }) => reject(payload.error));
      if (this.stopped.aborted) resolve();
      // Not past its own end: what listens here keeps the consumer, and there is one for each time that it joined.
      this.stopped.addEventListener('abort', () => resolve(), { once: true, signal: over });
    });
    // Until it is awaited, a crash is nobody's.
    ended.catch(() => {});
    return ended;
  }
}
