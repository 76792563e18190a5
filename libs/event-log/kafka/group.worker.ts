import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { StoredEvent } from '../logged-event.js';
import { persist, type HandlerFailure } from '../persist.js';
import type { BatchHandler, LoggedEvent, WorkOptions } from '../port.js';
import { fromKafka } from './cloud-event.codec.js';
import { beatMs, GroupMember, type Membership } from './group.member.js';
import type { TopicNames } from './topic.names.js';

const batchEvents = 1000;

/** One member of a consumer group: handles a batch, commits, takes the next. */
export class GroupWorker implements Membership {
  readonly name: string;
  readonly settings: Membership['settings'];
  readonly #member: GroupMember;
  #handling: Promise<unknown> = Promise.resolve();

  constructor(
    kafka: Kafka,
    private readonly names: TopicNames,
    private readonly options: WorkOptions,
    private readonly handle: BatchHandler,
    private readonly onFailure: (failure: HandlerFailure) => void,
    report: (message: string) => void,
  ) {
    this.name = `group ${options.group} of ${options.topic}`;
    const groupId = names.group(options.group, options.topic);
    this.settings = { groupId, rebalanceTimeout: 60_000, maxWaitTimeInMs: 500 };
    this.#member = new GroupMember(kafka, this, report);
  }

  get done(): Promise<void> {
    return this.#member.done;
  }

  stop(): Promise<void> {
    return this.#member.stop();
  }

  async begin(consumer: Consumer): Promise<void> {
    await consumer.subscribe({ topic: this.names.of(this.options.topic), fromBeginning: true });
    await consumer.run({
      ...{ autoCommit: false, eachBatchAutoResolve: false, partitionsConsumedConcurrently: 1 },
      eachBatch: (payload) => (this.#handling = this.#eachBatch(consumer, payload)),
    });
  }

  /** kafkajs's own stop need not wait for what is being handled. */
  async over(): Promise<void> {
    await this.#handling.catch(() => {});
  }

  async #eachBatch(consumer: Consumer, payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, isRunning, isStale } = payload;
    const { partition, topic } = batch;
    const size = this.options.batchSize ?? batchEvents;
    for (let at = 0; at < batch.messages.length; at += size) {
      if (!isRunning() || isStale() || this.#member.stopped.aborted) return;
      const messages = batch.messages.slice(at, at + size);
      const last = messages.at(-1)!.offset;
      if (!(await this.#beating(payload, messages))) return;
      resolveOffset(last);
      const offset = String(Number(last) + 1);
      await consumer.commitOffsets([{ topic, partition, offset }]);
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
      const ends = AbortSignal.any([this.#member.stopped, lost.signal]);
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
