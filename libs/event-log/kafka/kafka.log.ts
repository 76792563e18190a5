import kafkajs, { type Kafka, type PartitionMetadata, type Producer } from 'kafkajs';
import { topics, type EncodedEnvelope, type Topic } from '#events';
import { reportFailure } from '../persist.js';
import type {
  BatchHandler,
  EventLog,
  LoggedEvent,
  Position,
  Tail,
  TailOptions,
  ShareHandler,
  ShareOptions,
  WorkOptions,
} from '../port.js';
import { AppendQueue } from './append.queue.js';
import { GroupWorker } from './group.worker.js';
import { createClient, retry } from './kafka.client.js';
import { kafkaError } from './kafka.errors.js';
import { defaultTopicSettings, type KafkaLogOptions } from './kafka.options.js';
import { LogReader } from './log.reader.js';
import { PartitionFetcher } from './partition.fetcher.js';
import { PartitionShare } from './partition.share.js';
import { TailReader } from './tail.reader.js';
import { ensureTopics } from './topic.maker.js';
import { TopicNames } from './topic.names.js';

const all = Object.values(topics);
const { None: none, Snappy: snappy, GZIP: gzip } = kafkajs.CompressionTypes;
/** Some fifteen seconds: a member that gives up comes back as another, and waits until the group has missed it. */
const workerTries = 18;
const compressionTypes = { none, snappy, gzip };

/**
 * The event log on Kafka. Makes the topics that are not there and checks the others. Throws LOG_UNAVAILABLE where the
 * brokers can't be reached or refuse, CONFIG_INVALID where a topic is not as configured; the message says what to do.
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<EventLog> {
  const kafka = createClient(options);
  const names = new TopicNames(options.prefix ?? '');
  const admin = kafka.admin({ retry });
  try {
    await admin.connect();
    await ensureTopics(admin, names, { ...defaultTopicSettings, ...options.topics });
  } catch (error) {
    throw kafkaError(error, 'the event log can’t be opened', options.brokers);
  } finally {
    await admin.disconnect().catch(() => {});
  }
  return KafkaLog.open(kafka, names, options);
}

type Reader = TailReader | GroupWorker | PartitionShare;

class KafkaLog implements EventLog {
  readonly #readers = new Set<Reader>();
  #closing: Promise<void> | undefined;
  #patient: Kafka | undefined;

  private constructor(
    private readonly kafka: Kafka,
    private readonly names: TopicNames,
    private readonly options: KafkaLogOptions,
    private readonly producer: Producer,
    private readonly reader: LogReader,
    private readonly queue: AppendQueue,
  ) {}

  static async open(kafka: Kafka, names: TopicNames, options: KafkaLogOptions): Promise<KafkaLog> {
    const { brokers } = options;
    const producer = kafka.producer({ retry, allowAutoTopicCreation: false, idempotent: false });
    const reader = new LogReader(new PartitionFetcher(kafka, names, all), brokers);
    try {
      await producer.connect();
      const partitions = new Map<Topic, PartitionMetadata[]>();
      for (const topic of all) partitions.set(topic, metadataOf(await reader.partitions(topic)));
      const queue = new AppendQueue({
        ...{ producer, names, brokers, partitions },
        compression: compressionTypes[options.compression ?? 'snappy'],
        timeoutMs: options.appendTimeoutMs ?? 10_000,
      });
      return new KafkaLog(kafka, names, options, producer, reader, queue);
    } catch (error) {
      await reader.close();
      await producer.disconnect().catch(() => {});
      throw kafkaError(error, 'the event log can’t be opened', brokers);
    }
  }

  append(topic: Topic, events: readonly EncodedEnvelope[]): Promise<readonly Position[]> {
    return this.queue.append(topic, events);
  }

  tail(options: TailOptions, handle: BatchHandler): Tail {
    const fetcher = new PartitionFetcher(this.kafka, this.names, options.topics);
    return this.#running(new TailReader(fetcher, options, handle, this.#onFailure, this.#report));
  }

  work(options: WorkOptions, handle: BatchHandler): Pick<Tail, 'stop'> {
    const { names } = this;
    return this.#running(
      new GroupWorker(this.#member, names, options, handle, this.#onFailure, this.#report),
    );
  }

  share(options: ShareOptions, owns: ShareHandler): Pick<Tail, 'stop'> {
    return this.#running(new PartitionShare(this.#member, this.names, options, owns, this.#report));
  }

  read(after: Position, limit: number): Promise<readonly LoggedEvent[]> {
    return this.reader.read(after, limit);
  }

  partitions(topic: Topic): Promise<readonly number[]> {
    return this.reader.partitions(topic);
  }

  end(topic: Topic): Promise<readonly Position[]> {
    return this.reader.end(topic);
  }

  /** A broker does so by itself, by its topic's `retention.ms`. */
  async expire(): Promise<void> {}

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  #running<R extends Reader>(reader: R): R {
    if (this.#closing) void reader.stop();
    this.#readers.add(reader);
    void reader.done.then(() => this.#readers.delete(reader));
    return reader;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.stop()));
    await this.queue.close();
    await this.producer.disconnect().catch(() => {});
    await this.reader.close();
  }

  get #member(): Kafka {
    return (this.#patient ??= createClient(this.options, workerTries));
  }

  get #onFailure() {
    return this.options.onHandlerFailure ?? reportFailure;
  }

  get #report() {
    return this.options.report ?? ((message: string) => console.error(message));
  }
}

/** What a partitioner asks of it is their number; who leads one, kafkajs finds out when it sends. */
function metadataOf(partitions: readonly number[]): PartitionMetadata[] {
  return partitions.map((partitionId) => ({
    ...{ partitionId, partitionErrorCode: 0, leader: -1, replicas: [], isr: [] },
  }));
}
