import { AppError } from '#kernel';
import type { EncodedEnvelope, Envelope, Topic } from '#events';

/** Encoded bytes of the largest event that the log takes: a Kafka batch of 8 MiB, less its own fields and headers. */
export const mostAppendBytes = 8 * 1024 * 1024 - 1024;

/** INPUT_INVALID for an event that the log can never take. */
export function refuseLarge(events: readonly EncodedEnvelope[]): void {
  const large = events.find(({ length }) => length > mostAppendBytes);
  if (large)
    throw new AppError('INPUT_INVALID', `an event of ${large.length} bytes is more than the log takes`);
}

/** Where an event stands. Offsets rise by one within a topic's partition; the embedded log has one partition. */
export interface Position {
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: number;
}

export interface LoggedEvent {
  readonly position: Position;
  /** The log's own append time, milliseconds since the epoch: the only clock that folds may read. */
  readonly appendedAt: number;
  readonly envelope: Envelope;
  /** The exact bytes that were appended. */
  readonly raw: EncodedEnvelope;
}

export type BatchHandler = (batch: readonly LoggedEvent[]) => Promise<void> | void;

export interface TailOptions {
  readonly topics: readonly Topic[];
  /** Positions after which to begin; absent: from the start. */
  readonly after?: readonly Position[];
}

/** A running reader. It stops by `stop()`; a handler that throws is retried with the same batch after a pause. */
export interface Tail {
  /** Resolves once all that stood in the log when the tail began has been handled. */
  readonly caughtUp: Promise<void>;
  /**
   * Milliseconds since the last moment of which it is proven that all that stood in the log then has been handled here;
   * Infinity before the first, which comes with `caughtUp`. While the log answers it stays below some two seconds, whether or not anything is appended;
   * where answers stay away, or the handler does not get on, it grows.
   */
  readonly age: number;
  /** Resolves once the event with this id has been handled; rejects with TIMEOUT after `timeoutMs`. */
  passed(eventId: string, timeoutMs: number): Promise<void>;
  /** Resolves once this position, and all before it in its partition, has been handled; TIMEOUT likewise. */
  reached(position: Position, timeoutMs: number): Promise<void>;
  stop(): Promise<void>;
}

export interface WorkOptions {
  readonly topic: Topic;
  /**
   * Members of one group share a topic's partitions; each event is handled by one of them, at least once.
   * A group that is new begins at the start.
   */
  readonly group: string;
  /** The most events handed over at once. Default 1000. */
  readonly batchSize?: number;
}

export type Partition = Pick<Position, 'topic' | 'partition'>;

export interface ShareOptions {
  readonly topics: readonly Topic[];
  /** Members of one group divide the topics' partitions among themselves. */
  readonly group: string;
}

/** Told of the whole share each time it changes. One that was cut off may go on for a while after another has taken over. */
export type ShareHandler = (mine: readonly Partition[]) => void;

/**
 * The event log as the services see it.
 * `tail`: every process reads everything and commits nothing: for folds.
 * `work`: consumer groups, at least once, position committed after the handler resolves: for effects.
 * `share`: whose each partition is, for whoever reads by itself and keeps its position with what it writes.
 */
export interface EventLog {
  /**
   * INPUT_INVALID, and none is taken, where one has more than `mostAppendBytes`.
   * Appends in order; resolves when durable. An id that stands in the log already is appended again: readers drop it.
   */
  append(topic: Topic, events: readonly EncodedEnvelope[]): Promise<readonly Position[]>;
  tail(options: TailOptions, handle: BatchHandler): Tail;
  work(options: WorkOptions, handle: BatchHandler): Pick<Tail, 'stop'>;
  share(options: ShareOptions, owns: ShareHandler): Pick<Tail, 'stop'>;
  /** Up to `limit` events after a position of one partition (bulk readers, rebuilds). */
  read(after: Position, limit: number): Promise<readonly LoggedEvent[]>;
  /** The numbers of a topic's partitions, empty ones included. */
  partitions(topic: Topic): Promise<readonly number[]>;
  /** The last position of each partition that holds events; none for an empty topic. */
  end(topic: Topic): Promise<readonly Position[]>;
  /** Lets go of the events up to this position that the log took before then, where it does not do so by itself. */
  expire(through: Position, before: number): Promise<void>;
  close(): Promise<void>;
}
