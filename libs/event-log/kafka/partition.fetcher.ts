import type { Kafka } from 'kafkajs';
import type { Topic } from '#events';
import { StoredEvent } from '../logged-event.js';
import type { Position } from '../port.js';
import { fromKafka } from './cloud-event.codec.js';
import { createFetchCluster, type FetchCluster, type FetchedRecord } from './kafkajs.internals.js';
import type { TopicNames } from './topic.names.js';

export interface Fetched {
  readonly topic: Topic;
  readonly partition: number;
  readonly events: readonly StoredEvent[];
  /** Nothing that readers may see stood behind these when the broker answered. */
  readonly isAll: boolean;
}

/** What a partition holds: offsets from `start` to before `end`. */
export interface Bounds {
  readonly topic: Topic;
  readonly partition: number;
  readonly start: number;
  readonly end: number;
}

/** Bytes of one partition in one answer, compressed; a larger event comes all the same. */
const partitionBytes = 1024 * 1024;
const answerBytes = 4 * 1024 * 1024;

/** Reads partitions from offsets, over connections of its own, by no group. */
export class PartitionFetcher {
  readonly #cluster: FetchCluster;
  #connected: Promise<void> | undefined;

  constructor(
    kafka: Kafka,
    private readonly names: TopicNames,
    private readonly topics: readonly Topic[],
  ) {
    this.#cluster = createFetchCluster(kafka);
  }

  /** Connects where it is not connected yet, and learns which broker leads which partition. */
  async refresh(): Promise<void> {
    this.#connected ??= this.#connect();
    try {
      await this.#connected;
    } catch (error) {
      this.#connected = undefined;
      throw error;
    }
    await this.#cluster.refreshMetadata();
  }

  partitions(topic: Topic): readonly number[] {
    const found = this.#cluster.findTopicPartitionMetadata(this.names.of(topic));
    return found.map(({ partitionId }) => partitionId).sort((a, b) => a - b);
  }

  /** The partitions of these topics by the broker that leads them. */
  leaders(topics: readonly Topic[]): Map<string, Position[]> {
    const found = new Map<string, Position[]>();
    for (const topic of topics) {
      const byNode = this.#cluster.findLeaderForPartitions(this.names.of(topic), this.partitions(topic));
      for (const [node, partitions] of Object.entries(byNode)) {
        const places = partitions.map((partition) => ({ topic, partition, offset: -1 }));
        found.set(node, [...(found.get(node) ?? []), ...places]);
      }
    }
    return found;
  }

  /** What stands after these positions, as soon as there is something, at the latest after `waitMs`. */
  async fetch(nodeId: string, after: readonly Position[], waitMs: number): Promise<Fetched[]> {
    const broker = await this.#cluster.findBroker({ nodeId });
    const { responses } = await broker.fetch({
      ...{ maxWaitTime: waitMs, minBytes: 1, maxBytes: answerBytes, isolationLevel: 0 },
      topics: this.#wanted(after),
    });
    return responses.flatMap(({ topicName, partitions }) =>
      partitions.flatMap(({ partition, messages, highWatermark }) => {
        const from = after.find(
          (each) => this.names.of(each.topic) === topicName && each.partition === partition,
        );
        if (!from) return [];
        const last = Math.max(from.offset, Number(messages.at(-1)?.offset ?? -1));
        const isAll = last + 1 >= Number(highWatermark);
        return [{ topic: from.topic, partition, events: eventsOf(messages, from), isAll }];
      }),
    );
  }

  /** Of every partition of these topics. */
  async bounds(topics: readonly Topic[]): Promise<Bounds[]> {
    // Starts first: what expires between the two answers is then still counted, never more than there is.
    const [starts, ends] = [await this.#offsets(topics, true), await this.#offsets(topics, false)];
    return topics.flatMap((topic) =>
      this.partitions(topic).map((partition) => {
        const place = `${this.names.of(topic)}/${partition}`;
        return { topic, partition, start: starts.get(place) ?? 0, end: ends.get(place) ?? 0 };
      }),
    );
  }

  async disconnect(): Promise<void> {
    await this.#connected?.catch(() => {});
    await this.#cluster.disconnect();
  }

  async #connect(): Promise<void> {
    await this.#cluster.connect();
    await this.#cluster.addMultipleTargetTopics(this.topics.map((topic) => this.names.of(topic)));
  }

  #wanted(after: readonly Position[]) {
    const names = [...new Set(after.map(({ topic }) => topic))];
    return names.map((topic) => ({
      topic: this.names.of(topic),
      partitions: after
        .filter((position) => position.topic === topic)
        .map(({ partition, offset }) => ({
          ...{ partition, fetchOffset: String(offset + 1), maxBytes: partitionBytes },
        })),
    }));
  }

  async #offsets(topics: readonly Topic[], fromBeginning: boolean): Promise<Map<string, number>> {
    const asked = topics.map((topic) => ({
      topic: this.names.of(topic),
      partitions: this.partitions(topic).map((partition) => ({ partition })),
      fromBeginning,
    }));
    const found = await this.#cluster.fetchTopicsOffset(asked);
    return new Map(
      found.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset }) => [`${topic}/${partition}`, Number(offset)]),
      ),
    );
  }
}

/** A broker answers in whole batches: what stands before the wanted offset comes along. */
function eventsOf(
  records: readonly FetchedRecord[],
  { topic, partition, offset: after }: Position,
): StoredEvent[] {
  const events: StoredEvent[] = [];
  for (const record of records) {
    const offset = Number(record.offset);
    if (offset <= after || record.isControlRecord) continue;
    events.push(new StoredEvent({ topic, partition, offset }, Number(record.timestamp), fromKafka(record)));
  }
  return events;
}
