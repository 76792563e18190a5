import type { HandlerFailure } from '../persist.js';

export interface KafkaLogOptions {
  /** `host:port` of some brokers; the others are learned from these. */
  readonly brokers: readonly string[];
  readonly clientId?: string;
  readonly tls?: KafkaTls;
  readonly sasl?: KafkaSasl;
  /** Stands before every topic's and group's name: several installations on one cluster. */
  readonly prefix?: string;
  readonly topics?: Partial<TopicSettings>;
  /** Of what is written; all are read. Default `snappy`. */
  readonly compression?: CompressionName;
  /** How long `append` tries, milliseconds. Whether the log has the events is then not known. Default 10,000. */
  readonly appendTimeoutMs?: number;
  /** Told of every handler that threw; by default one line on standard error. */
  readonly onHandlerFailure?: (failure: HandlerFailure) => void;
  /** Told when brokers can't be read from, and again once they can; by default one line on standard error. */
  readonly report?: (message: string) => void;
}

export interface KafkaTls {
  /** PEM texts. Without `ca` the usual public authorities. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface KafkaSasl {
  readonly mechanism: 'scram-sha-512' | 'scram-sha-256' | 'plain';
  readonly user: string;
  readonly password: string;
}

/** How topics are made; those that exist must be so. */
export interface TopicSettings {
  /** Of `weir.session.v1`. Every other topic has one, so that all readers of it agree on one order. */
  readonly partitions: number;
  readonly replication: number;
  /** Replicas that must have an event before its append resolves. */
  readonly minInSync: number;
  /** Of `weir.session.v1`, seconds. */
  readonly retention: number;
}

export const defaultTopicSettings: TopicSettings = {
  partitions: 6,
  replication: 3,
  minInSync: 2,
  retention: 30 * 24 * 3600,
};

/** Measured in docs/decisions/kafka.md. */
export type CompressionName = 'none' | 'snappy' | 'gzip';
