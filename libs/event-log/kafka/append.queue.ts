import { setTimeout as pause } from 'node:timers/promises';
import kafkajs, {
  type CompressionTypes,
  type Message,
  type PartitionMetadata,
  type Producer,
  type RecordMetadata,
} from 'kafkajs';
import type { EncodedEnvelope, Topic } from '#events';
import { AppError } from '#kernel';
import { refuseLarge, type Position } from '../port.js';
import { toKafka } from './cloud-event.codec.js';
import { kafkaError } from './kafka.errors.js';
import { pauseAfter } from './outage.js';
import type { TopicNames } from './topic.names.js';

export interface AppendQueueOptions {
  readonly producer: Producer;
  readonly names: TopicNames;
  readonly brokers: readonly string[];
  readonly partitions: ReadonlyMap<Topic, PartitionMetadata[]>;
  readonly compression: CompressionTypes;
  readonly timeoutMs: number;
}

/** What one call of `append` waits for. */
interface Call {
  readonly positions: Position[];
  left: number;
  settled: boolean;
  /** Why it still waits. */
  failure?: AppError;
  resolve(positions: readonly Position[]): void;
  reject(error: unknown): void;
}

interface Pending {
  readonly call: Call;
  /** Its place in what the call was given. */
  readonly index: number;
  readonly topic: Topic;
  readonly message: Message & { readonly partition: number };
  readonly bytes: number;
}

/** Of one request: some ms of work for this process's loop and for the broker. */
const requestBytes = 1024 * 1024;
const requestEvents = 5000;
/** Headers' names and a record's own fields. */
const recordOverhead = 200;

/**
 * One request at a time, always: with two on their way a retry of the first could come after the second (and the
 * idempotent producer, which is to prevent that, loses events). Calls that come meanwhile share the next one.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions;
  readonly #partitionOf = kafkajs.Partitioners.DefaultPartitioner();
  #waiting: Pending[] = [];
  #flushing: Promise<void> | undefined;
  #closed = false;

  constructor(options: AppendQueueOptions) {
    this.#options = options;
  }

  async append(topic: Topic, events: readonly EncodedEnvelope[]): Promise<readonly Position[]> {
    if (this.#closed) throw new AppError('SHUTTING_DOWN', 'the event log is closed');
    if (events.length === 0) return [];
    refuseLarge(events);
    return new Promise((resolve, reject) => {
      const call = this.#call(events.length, resolve, reject);
      const pending = events.map((raw, index) => this.#pending(call, index, topic, raw));
      this.#waiting = this.#waiting.concat(pending);
      this.#flushing ??= this.#flush();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
  }

  /** Settles at the latest after `timeoutMs`, whatever kafkajs is still trying. */
  #call(left: number, resolve: Call['resolve'], reject: Call['reject']): Call {
    const positions: Position[] = [];
    const settle =
      <T>(then: (value: T) => void) =>
      (value: T) => {
        if (call.settled) return;
        call.settled = true;
        clearTimeout(timer);
        then(value);
      };
    const call: Call = { positions, left, settled: false, resolve: settle(resolve), reject: settle(reject) };
    const { timeoutMs, brokers } = this.#options;
    const late = () => {
      const silent = new Error(`no answer within ${timeoutMs} ms`);
      call.reject(call.failure ?? kafkaError(silent, 'the event log took no events', brokers));
    };
    const timer = setTimeout(late, timeoutMs);
    return call;
  }

  #pending(call: Call, index: number, topic: Topic, raw: EncodedEnvelope): Pending {
    const message = toKafka(raw);
    const bytes = raw.length + recordOverhead;
    const partition = this.#partition(topic, message.key);
    return { call, index, topic, bytes, message: { ...message, partition } };
  }

  /** As every Kafka client does by default (murmur2), so that the events of a subject stay in order. */
  #partition(topic: Topic, key: Buffer | null): number {
    const partitions = this.#options.partitions.get(topic) ?? [];
    if (partitions.length < 2 || key === null) return 0;
    return this.#partitionOf({ topic, partitionMetadata: partitions, message: { key, value: null } });
  }

  async #flush(): Promise<void> {
    await Promise.resolve(); // lets calls of the same turn in
    for (;;) {
      const request = this.#take();
      if (request.length === 0) break;
      await this.#send(request);
    }
    this.#flushing = undefined;
  }

  /** What has been waited for in vain is not sent. */
  #take(): Pending[] {
    this.#waiting = this.#waiting.filter(({ call }) => !call.settled);
    let bytes = 0;
    let count = 0;
    for (const pending of this.#waiting) {
      bytes += pending.bytes;
      if (count > 0 && (bytes > requestBytes || count >= requestEvents)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** Again and again while somebody waits: kafkajs gives up after a refused connection or two, a leader is away for longer. */
  async #send(request: readonly Pending[]): Promise<void> {
    for (let failures = 0; ;) {
      const waiting = request.filter(({ call }) => !call.settled);
      if (waiting.length === 0) return;
      try {
        return this.#settle(waiting, await this.#request(waiting));
      } catch (cause) {
        const error = kafkaError(cause, 'the event log took no events', this.#options.brokers);
        for (const { call } of waiting) {
          call.failure = error;
          if (!mayPass(cause)) call.reject(error);
        }
        await pause(pauseAfter(++failures));
      }
    }
  }

  #request(request: readonly Pending[]): Promise<RecordMetadata[]> {
    const { producer, names, compression, timeoutMs } = this.#options;
    const inIt = [...new Set(request.map(({ topic }) => topic))];
    return producer.sendBatch({
      ...{ acks: -1, timeout: timeoutMs, compression },
      topicMessages: inIt.map((topic) => ({
        topic: names.of(topic),
        messages: request.filter((each) => each.topic === topic).map(({ message }) => message),
      })),
    });
  }

  /** A request is one batch a partition: its first offset, and then one by one. */
  #settle(request: readonly Pending[], answer: readonly RecordMetadata[]): void {
    const next = new Map(
      answer.map(({ topicName, partition, baseOffset }) => [`${topicName}/${partition}`, Number(baseOffset)]),
    );
    for (const { call, index, topic, message } of request) {
      const { partition } = message;
      const place = `${this.#options.names.of(topic)}/${partition}`;
      const offset = next.get(place);
      if (offset === undefined || !(offset >= 0)) {
        call.reject(new AppError('LOG_UNAVAILABLE', `the log did not say where in ${place} an event stands`));
        continue;
      }
      next.set(place, offset + 1);
      call.positions[index] = { topic, partition, offset };
      if (--call.left === 0) call.resolve(call.positions);
    }
  }
}

/** What a broker refuses for what it is, it refuses again. */
function mayPass(error: unknown): boolean {
  const { name, retriable, cause } = error as Record<'name' | 'retriable' | 'cause', unknown>;
  if (name === 'KafkaJSSASLAuthenticationError') return false;
  return (
    name === 'KafkaJSNumberOfRetriesExceeded' || retriable === true || (cause !== undefined && mayPass(cause))
  );
}
