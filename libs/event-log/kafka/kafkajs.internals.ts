import { createRequire } from 'node:module';
import type { Kafka } from 'kafkajs';

/* kafkajs offers reading through consumer groups only: no reader of one partition from an offset, and every reader a
   member that joins, beats and is rebalanced. Its own consumer is made of the two parts below, which a fetch needs
   and nothing more. They are no public API: the package is pinned to 2.2.4, and the contract test runs over them. */

export interface FetchRequest {
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** 0: read uncommitted. Nobody of ours writes in transactions. */
  readonly isolationLevel: 0;
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly fetchOffset: string;
      readonly maxBytes: number;
    }[];
  }[];
}

export interface FetchedRecord {
  readonly offset: string;
  /** The broker's append time: topics are made with message.timestamp.type=LogAppendTime. */
  readonly timestamp: string;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
  readonly isControlRecord: boolean;
}

export interface FetchResponse {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly {
      readonly partition: number;
      /** The offset behind the last event that enough replicas have: what stands before it is all that readers may see. */
      readonly highWatermark: string;
      readonly messages: readonly FetchedRecord[];
    }[];
  }[];
}

export interface FetchBroker {
  fetch(request: FetchRequest): Promise<FetchResponse>;
}

export interface FetchCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  /** By node id. */
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, number[]>>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number }[];
  findBroker(node: { readonly nodeId: string }): Promise<FetchBroker>;
  fetchTopicsOffset(
    topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number }[];
      readonly fromBeginning: boolean;
    }[],
  ): Promise<
    readonly {
      readonly topic: string;
      readonly partitions: readonly { partition: number; offset: string }[];
    }[]
  >;
}

type CreateCluster = (options: {
  metadataMaxAge: number;
  allowAutoTopicCreation: boolean;
  isolationLevel: 0;
}) => FetchCluster;

/** Connections of its own: a broker answers one connection's requests in order, so a waiting fetch blocks the rest. */
export function createFetchCluster(kafka: Kafka): FetchCluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  const create = symbol && (kafka as unknown as Record<symbol, CreateCluster>)[symbol];
  if (!create) throw new Error(`kafkajs ${version()} is not the version that this reads with`);
  return create({ metadataMaxAge: 60_000, allowAutoTopicCreation: false, isolationLevel: 0 });
}

function version(): string {
  return (createRequire(import.meta.url)('kafkajs/package.json') as { version: string }).version;
}
