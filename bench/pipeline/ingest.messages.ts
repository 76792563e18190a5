import type { KafkaLogOptions } from '#event-log';
import { openEmbeddedLog, openKafkaLog, type EventLog } from '#event-log';

/** Where both processes find the log. */
export type LogPlace =
  | { readonly kind: 'embedded'; readonly path: string }
  | { readonly kind: 'kafka'; readonly options: KafkaLogOptions };

export async function openLog(place: LogPlace): Promise<EventLog> {
  return place.kind === 'embedded' ? openEmbeddedLog(place) : openKafkaLog(place.options);
}

/** What the process that ingests is told on its command line. */
export interface IngestTask {
  readonly log: LogPlace;
  readonly store: string;
  /** As in production it rests while the processors are busy; else it goes as fast as it can. */
  readonly rests: boolean;
}

/** To it: `ingest` until `lag`, or the stages one by one. */
export type Request = 'ingest' | 'usage' | 'lag' | 'stages';

/** Processor time of one stage, microseconds an event. */
export interface Stages {
  readonly events: number;
  readonly read: number;
  readonly decode: number;
  readonly build: number;
  readonly encode: number;
  /** The engine: it reads the block, writes the part, and has it on the disk. */
  readonly insert: number;
}

/** Milliseconds from an event's own time until its row can be read. */
export interface Lag {
  readonly events: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export type Answer =
  | { readonly kind: 'open' }
  /** A batch can be read: so many rows of session events in all, and the process's own processor time so far, µs. */
  | { readonly kind: 'stored'; readonly rows: number; readonly processor: number }
  | { readonly kind: 'usage'; readonly processor: number }
  | { readonly kind: 'lag'; readonly lag: Lag }
  | { readonly kind: 'stages'; readonly stages: Stages };
