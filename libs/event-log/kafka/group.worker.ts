import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { StoredEvent } from '../logged-event.js';
import { persist, type HandlerFailure } from '../persist.js';
import type { BatchHandler, LoggedEvent, WorkOptions } from '../port.js';
import { fromKafka } from './cloud-event.codec.js';
import { retry } from './kafka.client.js';
import { Outage, pauseAfter } from './outage.js';
import type { TopicNames } from './topic.names.js';

const batchEvents = 1000;
/** How long a member that has gone silent keeps its partitions, and how often one that works says so. */
const [sessionMs, beatMs] = [10_000, 1000];
const leaveMs = 3000;

/** One member of a consumer group: handles a batch, commits, takes the next. */
export class GroupWorker {
  readonly #stop = new AbortController();
  readonly #outage: Outage;
  #consumer: Consumer | undefined;
  #handling: Promise<unknown> = Promise.resolve();
  readonly done: Promise<void>;

  constructor(
    private readonly kafka: Kafka,
    private readonly names: TopicNames,
    private readonly options: WorkOptions,
    private readonly handle: BatchHandler,
    private readonly onFailure: (failure: HandlerFailure) => void,
    report: (message: string) => void,
  ) {
    this.#outage = new Outage(report, `group ${options.group} of ${options.topic}`);
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
        await this.#consume(() => (failures = 0));
      } catch (error) {
        if (stopped.aborted) break;
        if (++failures > 2) this.#outage.began(error);
        await pause(pauseAfter(failures), undefined, { signal: stopped }).catch(() => {});
      }
    }
  }

  /** Until stopped; throws what the consumer ended of. */
  async #consume(onJoin: () => void): Promise<void> {
    const groupId = this.names.group(this.options.group, this.options.topic);
    const consumer = this.kafka.consumer({
      ...{ groupId, sessionTimeout: sessionMs, heartbeatInterval: beatMs, rebalanceTimeout: 60_000 },
      ...{ maxWaitTimeInMs: 500, allowAutoTopicCreation: false, readUncommitted: true },
      // What kafkajs gives up on begins anew here, where a stop is seen.
      retry: { ...retry, restartOnFailure: () => Promise.resolve(false) },
    });
    this.#consumer = consumer;
    const over = new AbortController();
    try {
      await consumer.connect();
      await consumer.subscribe({ topic: this.names.of(this.options.topic), fromBeginning: true });
      const ended = this.#ended(consumer, onJoin, over.signal);
      await consumer.run({
        ...{ autoCommit: false, eachBatchAutoResolve: false, partitionsConsumedConcurrently: 1 },
        eachBatch: (payload) => (this.#handling = this.#eachBatch(payload)),
      });
      await ended;
    } finally {
      over.abort();
      // Its own stop need not wait for what is being handled.
      await this.#handling.catch(() => {});
      // It leaves its group; where the brokers are away it would try for long, and ends by itself.
      const left = consumer.disconnect().catch(() => {});
      await Promise.race([left, pause(leaveMs, undefined, { ref: false })]);
    }
  }

  /** Resolves when stopped, rejects when kafkajs gives up. */
  #ended(consumer: Consumer, onJoin: () => void, over: AbortSignal): Promise<void> {
    const { CRASH, GROUP_JOIN } = consumer.events;
    consumer.on(GROUP_JOIN, () => {
      onJoin();
      this.#outage.ended();
    });
    return new Promise((resolve, reject) => {
      consumer.on(CRASH, ({ payload }) => reject(payload.error));
      if (this.#stop.signal.aborted) resolve();
      // Not past its own end: what listens here keeps the consumer, and there is one for each time that it joined.
      this.#stop.signal.addEventListener('abort', () => resolve(), { once: true, signal: over });
    });
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, isRunning, isStale } = payload;
    const { partition, topic } = batch;
    const size = this.options.batchSize ?? batchEvents;
    for (let at = 0; at < batch.messages.length; at += size) {
      if (!isRunning() || isStale() || this.#stop.signal.aborted) return;
      const messages = batch.messages.slice(at, at + size);
      const last = messages.at(-1)!.offset;
      if (!(await this.#beating(payload, messages))) return;
      resolveOffset(last);
      const offset = String(Number(last) + 1);
      await this.#consumer?.commitOffsets([{ topic, partition, offset }]);
    }
  }

  /** Hands over while it says that it lives; a group that is shared anew takes the batch away. */
  async #beating(payload: EachBatchPayload, messages: readonly KafkaMessage[]): Promise<boolean> {
    const lost = new AbortController();
    const beat = setInterval(() => {
      payload.heartbeat().catch((error: unknown) => lost.abort(error));
    }, beatMs);
    try {
      const [first, ...rest] = messages.map((message) => this.#eventOf(payload.batch.partition, message));
      const batch: [LoggedEvent, ...LoggedEvent[]] = [first!, ...rest];
      const ends = AbortSignal.any([this.#stop.signal, lost.signal]);
      const taken = await persist(this.handle, batch, ends, this.onFailure);
      if (!taken && lost.signal.aborted) throw lost.signal.reason;
      return taken;
    } finally {
      clearInterval(beat);
    }
  }

  #eventOf(partition: number, message: KafkaMessage): LoggedEvent {
    const position = { topic: this.options.topic, partition, offset: Number(message.offset) };
    return new StoredEvent(position, Number(message.timestamp), fromKafka(message));
  }
}
