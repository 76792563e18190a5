import { systemClock, type Clock } from '#kernel';
import type { EncodedEnvelope, Topic } from '#events';
import { reportFailure, type HandlerFailure } from '../persist.js';
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
import { Store } from './store.js';
import { TailReader } from './tail.reader.js';
import { Wake } from './wake.js';

export interface EmbeddedLogOptions {
  /** A directory; made if it is not there. Any number of processes of one host may open it. */
  readonly path: string;
  readonly clock?: Clock;
  /** Told of every handler that threw; by default one line on standard error. */
  readonly onHandlerFailure?: (failure: HandlerFailure) => void;
}

const staleReadersMs = 60_000;
const readBytes = 32 * 1024 * 1024;

/** The event log in LMDB: one partition a topic, offsets from 0 without gaps. */
export function openEmbeddedLog(options: EmbeddedLogOptions): EventLog {
  return new EmbeddedLog(options);
}

class EmbeddedLog implements EventLog {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #wake: Wake;
  readonly #queue: AppendQueue;
  readonly #readers = new Set<TailReader | GroupWorker>();
  readonly #onFailure: (failure: HandlerFailure) => void;
  readonly #sweep: NodeJS.Timeout;
  #closing: Promise<void> | undefined;

  constructor({ path, clock = systemClock, onHandlerFailure = reportFailure }: EmbeddedLogOptions) {
    this.#store = new Store(path);
    this.#clock = clock;
    this.#wake = new Wake(this.#store.dataFile);
    this.#queue = new AppendQueue(this.#store, clock, this.#wake.now);
    this.#onFailure = onHandlerFailure;
    this.#sweep = setInterval(() => this.#store.clearStaleReaders(), staleReadersMs).unref();
  }

  append(topic: Topic, events: readonly EncodedEnvelope[]): Promise<readonly Position[]> {
    return this.#queue.append(topic, events);
  }

  tail(options: TailOptions, handle: BatchHandler): Tail {
    const tail = new TailReader(this.#store, this.#wake, options, handle, this.#onFailure);
    return this.#running(tail);
  }

  work(options: WorkOptions, handle: BatchHandler): Pick<Tail, 'stop'> {
    const worker = new GroupWorker(this.#store, this.#wake, this.#clock, options, handle, this.#onFailure);
    return this.#running(worker);
  }

  /** One process of a host carries the log on: it owns all there is. */
  share({ topics }: ShareOptions, owns: ShareHandler): Pick<Tail, 'stop'> {
    const telling = setImmediate(() => owns(topics.map((topic) => ({ topic, partition: 0 }))));
    return { stop: async () => clearImmediate(telling) };
  }

  #running<R extends TailReader | GroupWorker>(reader: R): R {
    if (this.#closing) void reader.stop();
    this.#readers.add(reader);
    void reader.done.then(() => this.#readers.delete(reader));
    return reader;
  }

  async read(after: Position, limit: number): Promise<readonly LoggedEvent[]> {
    if (after.partition !== 0) return [];
    this.#store.refresh();
    return this.#store.read(after.topic, after.offset, limit, readBytes);
  }

  async partitions(): Promise<readonly number[]> {
    return [0];
  }

  async end(topic: Topic): Promise<readonly Position[]> {
    this.#store.refresh();
    const offset = this.#store.end(topic);
    return offset < 0 ? [] : [{ topic, partition: 0, offset }];
  }

  async expire({ topic, offset, partition }: Position, before: number): Promise<void> {
    if (partition !== 0) return;
    const some = () => this.#store.write(() => this.#store.expire(topic, offset, before));
    while ((await some()) > 0);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    clearInterval(this.#sweep);
    await Promise.all([...this.#readers].map((reader) => reader.stop()));
    await this.#queue.close();
    await this.#store.close();
  }
}
