import { open, type FileHandle } from 'node:fs/promises';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { topics, traceparentOf, type EncodedEnvelope } from '#events';
import { AppError, isAppError } from '#kernel';
import type { EventLog } from '#event-log';
import { Breath, Tracing, type TraceSpan } from '#platform';
import type { FileJournal } from './journal.js';
import type { JournalFiles } from './journal.files.js';
import { readRecord, recordKinds, recordLength } from './record.codec.js';
import type { Segment } from './segments.js';
import { ShippedFile } from './shipped.file.js';

export interface ShipperOptions {
  /** How long the first event of a burst may wait for others. Default 200 ms. */
  readonly lingerMs?: number;
  /** Told when the log refuses a batch, and of damaged records; by default a line on standard error. */
  readonly report?: (message: string, error?: unknown) => void;
  /** How it rests while the processors are busy. */
  readonly breath?: Pick<Breath, 'after'>;
  readonly tracing?: Tracing;
}

export interface Shipper {
  /** Resolves once all that is in the journal now is in the log. */
  drained(): Promise<void>;
  /** How long the log has not taken what it is being given, milliseconds; 0: it takes it, or there is nothing to give. */
  readonly stalled: number;
  /** Ends at once; of the batch under way nobody knows whether the log took it. Before the journal is closed. */
  stop(): Promise<void>;
}

// An append runs on the event loop that also serves sessions: 256 small events hold it for some 0.3 ms. A long
// backlog goes in larger steps.
const batchEvents = 256;
const backlogBytes = 4 * 1024 * 1024;
const backlogEvents = 1024;
/** With more than this share of the journal's cap waiting, shipping comes before the sessions. */
const restsBelow = 0.5;
const readBytes = 512 * 1024;
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/** Moves the journal's events to the log, in order, at least once, and deletes what was moved. */
export function startShipper(journal: FileJournal, log: EventLog, options: ShipperOptions = {}): Shipper {
  return new FileShipper(journal.files, log, options);
}

interface Waiter {
  readonly position: number;
  resolve(): void;
  reject(error: Error): void;
}

interface Batch {
  readonly events: readonly EncodedEnvelope[];
  readonly end: number;
}

class FileShipper implements Shipper {
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #report: (message: string, error?: unknown) => void;
  readonly #lingerMs: number;
  readonly #breath: Pick<Breath, 'after'>;
  readonly #tracing: Tracing;
  #waiters: Waiter[] = [];
  /** When the append under way began, by performance.now(). */
  #appendingSince: number | undefined;
  #saved: ShippedFile | undefined;
  #wakeUp: (() => void) | undefined;
  #bytes = Buffer.allocUnsafe(readBytes);
  #open: { segment: Segment; file: FileHandle } | undefined;

  constructor(
    private readonly files: JournalFiles,
    private readonly log: EventLog,
    { lingerMs = 200, report = console.error, breath = new Breath(), tracing = Tracing.off }: ShipperOptions,
  ) {
    this.#lingerMs = lingerMs;
    this.#breath = breath;
    this.#tracing = tracing;
    this.#report = report;
    files.onAppend(() => this.#wakeUp?.());
    this.#running = this.#run();
  }

  drained(): Promise<void> {
    const position = this.files.end;
    if (this.files.shipped >= position) return Promise.resolve();
    if (this.#stop.signal.aborted) return Promise.reject(stoppedError());
    return new Promise((resolve, reject) => this.#waiters.push({ position, resolve, reject }));
  }

  get stalled(): number {
    return this.#appendingSince === undefined ? 0 : performance.now() - this.#appendingSince;
  }

  stop(): Promise<void> {
    this.#stop.abort();
    this.#wakeUp?.();
    return this.#running;
  }

  async #run(): Promise<void> {
    const stopped = this.#stop.signal;
    while (!stopped.aborted) {
      try {
        if (this.files.unshipped === 0) await this.#nextAppend();
        else await this.#shipAndRest();
      } catch (error) {
        this.#report('journal: shipping failed, again in 1 s', error);
        await pause(1000, undefined, { signal: stopped }).catch(() => {});
      }
      await turn();
    }
    for (const waiter of this.#waiters) waiter.reject(stoppedError());
    await this.#open?.file.close();
    await this.#saved?.close();
  }

  async #nextAppend(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wakeUp = resolve));
    this.#wakeUp = undefined;
    await pause(this.#lingerMs, undefined, { signal: this.#stop.signal }).catch(() => {});
  }

  async #shipAndRest(): Promise<void> {
    const begun = performance.now();
    await this.#ship();
    const rest = this.#breath.after(
      performance.now() - begun,
      Date.now() - (this.files.oldestUnshippedAt ?? Date.now()),
    );
    // Whoever waits for the log waits for all of it.
    if (rest === 0 || this.#waiters.length > 0 || this.files.fill > restsBelow) return;
    await pause(rest, undefined, { signal: this.#stop.signal }).catch(() => {});
  }

  async #ship(): Promise<void> {
    const batch = await this.#read(this.files.shipped);
    if (batch.events.length > 0 && !(await this.#deliver(batch.events, batch.end))) return;
    this.#saved ??= await ShippedFile.open(this.files.directory);
    await this.#saved.save(batch.end);
    this.files.setShipped(batch.end);
    const reached = this.#waiters.filter(({ position }) => position <= batch.end);
    this.#waiters = this.#waiters.filter((waiter) => !reached.includes(waiter));
    for (const waiter of reached) waiter.resolve();
  }

  /**
   * What the log can never take (an older version let larger events into a journal) goes into a file beside it, so that
   * all behind it is shipped: its session has a gap from there on, which is a finding. False: stopped before.
   */
  async #deliver(events: readonly EncodedEnvelope[], end: number): Promise<boolean> {
    const taken = await this.#append(events);
    if (taken !== 'never') return taken;
    if (events.length === 1) return this.#setAside(events[0]!, end);
    for (const [index, event] of events.entries())
      if (!(await this.#deliver([event], end - events.length + index + 1))) return false;
    return true;
  }

  #setAside(event: EncodedEnvelope, place: number): true {
    const path = this.files.setEventAside(event, place);
    this.#report(
      `journal: an event of ${event.length} bytes is more than the event log takes; it is in ${path}, not in the record`,
    );
    return true;
  }

  /** False: stopped before the log took it. */
  async #append(events: readonly EncodedEnvelope[]): Promise<boolean | 'never'> {
    const stopped = this.#stop.signal;
    const span = this.#tracing.isOn ? this.#spanOf(events) : undefined;
    this.#appendingSince = performance.now();
    for (let pauseMs = firstPauseMs; !stopped.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        if (!(await this.#taken(events))) break;
        this.#appendingSince = undefined;
        span?.end();
        return true;
      } catch (error) {
        if (isAppError(error, 'INPUT_INVALID')) {
          this.#appendingSince = undefined;
          span?.end({ error: 'too large' });
          return 'never';
        }
        this.#report(`journal: the event log took no events, again in ${pauseMs} ms`, error);
        await pause(pauseMs, undefined, { signal: stopped }).catch(() => {});
      }
    }
    span?.end({ error: 'stopped' });
    return false;
  }

  /**
   * Whether the log took them before this was stopped. A log that is away answers late or never, and whoever ends has not the
   * time: what it takes after that is shipped once more, which readers drop.
   */
  #taken(events: readonly EncodedEnvelope[]): Promise<boolean> {
    const stopped = this.#stop.signal;
    return new Promise((resolve, reject) => {
      const leave = () => resolve(false);
      stopped.addEventListener('abort', leave, { once: true });
      this.log
        .append(topics.session, events)
        .then(() => resolve(true), reject)
        .finally(() => stopped.removeEventListener('abort', leave));
    });
  }

  /** About the statements in a batch that are traced. */
  #spanOf(events: readonly EncodedEnvelope[]): TraceSpan | undefined {
    const links = new Set(events.flatMap((raw) => traceparentOf(raw) ?? []));
    const attributes = { 'weir.topic': topics.session, 'weir.events': events.length };
    return this.#tracing.linked(`ship ${topics.session}`, [...links], { kind: 'producer', attributes });
  }

  async #read(position: number): Promise<Batch> {
    const found = this.files.segmentOf(position);
    if (!found) throw new Error(`no segment holds position ${position}`);
    const { segment, end } = found;
    const file = await this.#fileOf(segment);
    const left = Math.min(this.#bytes.length, end - position);
    const { bytesRead } = await file.read(this.#bytes, 0, left, position - segment.base);
    const events: EncodedEnvelope[] = [];
    let at = 0;
    const most = this.files.unshipped > backlogBytes ? backlogEvents : batchEvents;
    while (events.length < most) {
      const record = readRecord(this.#bytes, at, bytesRead);
      if (!record) break;
      if (record.kind === recordKinds.event) events.push(record.body);
      at = record.end;
    }
    if (at > 0) return { events, end: position + at };
    return this.#unreadable(segment, position, end, bytesRead);
  }

  /** Either a record larger than the buffer, which then grows, or a damaged one, which ends its segment. */
  #unreadable(segment: Segment, position: number, end: number, bytesRead: number): Batch {
    const length = recordLength(this.#bytes, 0, bytesRead) ?? 0;
    if (length > bytesRead && length <= end - position) {
      this.#bytes = Buffer.allocUnsafe(length);
      return { events: [], end: position };
    }
    this.#report(
      `journal: ${segment.path} is damaged at ${position - segment.base}; its rest is not shipped`,
    );
    this.files.setAside(segment);
    return { events: [], end };
  }

  async #fileOf(segment: Segment): Promise<FileHandle> {
    if (this.#open?.segment !== segment) {
      await this.#open?.file.close();
      this.#open = undefined;
      this.#open = { segment, file: await open(segment.path, 'r') };
    }
    return this.#open.file;
  }
}

const stoppedError = () =>
  new AppError('SHUTTING_DOWN', 'the shipper was stopped before the journal was drained');
