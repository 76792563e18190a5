import { closeSync, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { AppError } from '#kernel';
import { encodeCheckpoint, type Sessions } from './checkpoint.js';
import { DiskSync } from './disk.sync.js';
import type { JournalOptions, JournalWrite } from './journal.options.js';
import { oldestEventAt, scanSegment } from './recovery.js';
import {
  listSegments,
  remove,
  segmentAt,
  setAside,
  setEventAside,
  sizeOf,
  syncDirectory,
  type Segment,
} from './segments.js';
import { ShippedMarks } from './shipped.marks.js';
import { readShipped } from './shipped.file.js';

const segmentBytes = 64 * 1024 * 1024;

/** The journal's segments on disk: the newest is written, older ones wait to be shipped. */
export class JournalFiles {
  /** Sessions without an end, as the last owner left them; afterwards the journal's own. */
  readonly recovered: Sessions;
  readonly directory: string;
  /** Writes that failed, syncs, and events that the log could not take. Since this process began. */
  readonly errors = { append: 0, sync: 0, setAside: 0 };
  readonly #mode: JournalOptions['mode'];
  readonly #segmentBytes: number;
  readonly #maxBytes: number;
  readonly #write: JournalWrite;
  readonly #marks: ShippedMarks;
  readonly #sync: DiskSync;
  #segments: Segment[];
  #fd = -1;
  #written = 0;
  #durable = 0;
  #shipped: number;
  #syncFailure: unknown;
  #onAppend = (): void => {};

  constructor(options: JournalOptions) {
    const { dir, mode, maxBytes, clock, write = writeSync, report = console.error } = options;
    this.directory = dir;
    this.#mode = mode;
    this.#maxBytes = maxBytes;
    this.#segmentBytes = options.segmentBytes ?? Math.min(segmentBytes, Math.floor(maxBytes / 8));
    this.#write = write;
    this.#sync = new DiskSync(() => this.#fd, options.sync);
    this.#segments = listSegments(dir);
    this.#shipped = readShipped(dir);
    this.recovered = this.#reopenNewest(report);
    const start = this.#segments[0]?.base ?? this.#shipped;
    if (this.#fd < 0) this.#begin(start, this.recovered);
    this.#shipped = Math.min(Math.max(this.#shipped, start), this.end);
    this.#dropShipped();
    this.#marks = new ShippedMarks(clock, this.end, this.unshipped > 0 ? this.#oldestAt() : undefined);
  }

  /** The position after the last byte written. */
  get end(): number {
    return this.#current.base + this.#written;
  }

  get bytes(): number {
    return this.end - (this.#segments[0]?.base ?? this.end);
  }

  get segmentCount(): number {
    return this.#segments.length;
  }

  get shipped(): number {
    return this.#shipped;
  }

  get unshipped(): number {
    return this.end - this.#shipped;
  }

  /** The share of the cap that waits to be shipped. */
  get fill(): number {
    return this.unshipped / this.#maxBytes;
  }

  get oldestUnshippedAt(): number | undefined {
    return this.#marks.oldest;
  }

  /** One listener: the shipper. */
  onAppend(listener: () => void): void {
    this.#onAppend = listener;
  }

  /** Throws where an earlier fsync has failed: the kernel may have dropped what it could not write. */
  check(): void {
    if (this.#syncFailure !== undefined) throw diskError(this.#syncFailure);
  }

  /** Writes at the end; a failed or short write is written over by the next, and no reader sees it. */
  append(bytes: Buffer, length: number): void {
    this.check();
    try {
      for (let done = 0; done < length;) {
        done += this.#write(this.#fd, bytes, done, length - done, this.#written + done);
      }
    } catch (error) {
      this.errors.append++;
      throw diskError(error);
    }
    this.#written += length;
    this.#marks.appended(this.end);
    this.#onAppend();
  }

  /** Undefined in write-ahead, and where there is nothing to wait for; in strict once all that is written is on the disk. */
  settled(): Promise<void> | undefined {
    const { end } = this;
    if (this.#mode === 'write-ahead' || this.#durable >= end) return undefined;
    return this.#sync.run().then(
      () => void (this.#durable = Math.max(this.#durable, end)),
      (error: unknown) => {
        this.errors.sync++;
        this.#syncFailure = error;
        throw diskError(error);
      },
    );
  }

  /** Nothing may be buffered: a checkpoint speaks of all that came before it. A failure is tried again later. */
  rotateIfDue(sessions: Sessions): void {
    if (this.#written < this.#segmentBytes) return;
    const old = this.#fd;
    try {
      if (this.#mode === 'strict') fdatasyncSync(old);
      this.#begin(this.end, sessions);
    } catch {
      return; // what was committed stands; the full disk will show itself at the next write
    }
    void this.#sync.idle().then(() => closeSync(old));
  }

  /** The segment that holds a position, and how far it is written. */
  segmentOf(position: number): { segment: Segment; end: number } | undefined {
    const index = this.#segments.findLastIndex(({ base }) => base <= position);
    const segment = this.#segments[index];
    if (!segment) return undefined;
    return { segment, end: this.#segments[index + 1]?.base ?? this.end };
  }

  /** All before `position` is in the log: segments that hold nothing else are deleted. */
  setShipped(position: number): void {
    this.#shipped = position;
    this.#marks.shipped(position);
    this.#dropShipped();
  }

  /** Not the newest: that one is being written. */
  setAside(segment: Segment): void {
    if (segment === this.#current) throw new Error(`${segment.path} can't be read`);
    setAside(segment);
    this.#segments = this.#segments.filter((other) => other !== segment);
  }

  /** One event that the log can't take; on disk before what follows it is shipped. Where it then is. */
  setEventAside(event: Uint8Array, place: number): string {
    this.errors.setAside++;
    return setEventAside(this.directory, event, place);
  }

  async close(): Promise<void> {
    await this.#sync.idle();
    closeSync(this.#fd);
  }

  get #current(): Segment {
    const newest = this.#segments.at(-1);
    if (!newest) throw new AppError('INTERNAL', 'the journal has no segment');
    return newest;
  }

  #begin(base: number, sessions: Sessions): void {
    const segment = segmentAt(this.directory, base);
    const checkpoint = encodeCheckpoint(sessions);
    const fd = openSync(segment.path, 'w', 0o600);
    try {
      for (let done = 0; done < checkpoint.length;) {
        done += this.#write(fd, checkpoint, done, checkpoint.length - done, done);
      }
      if (this.#mode === 'strict') fdatasyncSync(fd);
      if (this.#mode === 'strict') syncDirectory(this.directory);
    } catch (error) {
      closeSync(fd);
      throw diskError(error); // the next attempt truncates the file; a restart sets it aside
    }
    this.#segments.push(segment);
    this.#fd = fd;
    this.#written = checkpoint.length;
  }

  /** A segment whose checkpoint was cut off has nothing in it; the one before it then is the newest. */
  #reopenNewest(report: (message: string) => void): Sessions {
    for (let newest = this.#segments.at(-1); newest; newest = this.#segments.at(-1)) {
      const scan = scanSegment(newest);
      if (scan) {
        if (scan.torn > 0)
          report(`journal: cut ${scan.torn} bytes of an unfinished write from ${newest.path}`);
        this.#fd = openSync(newest.path, 'r+');
        ftruncateSync(this.#fd, scan.bytes);
        this.#written = scan.bytes;
        return scan.sessions;
      }
      report(`journal: ${newest.path} was never begun; ${sizeOf(newest)} bytes are set aside`);
      setAside(newest);
      this.#segments.pop();
    }
    return new Map();
  }

  #dropShipped(): void {
    while (this.#segments.length > 1 && (this.#segments[1]?.base ?? Infinity) <= this.#shipped) {
      const [oldest] = this.#segments.splice(0, 1);
      if (oldest) remove(oldest);
    }
  }

  #oldestAt(): number | undefined {
    const found = this.segmentOf(this.#shipped);
    return found && oldestEventAt(found.segment, this.#shipped - found.segment.base);
  }
}

function diskError(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return new AppError('JOURNAL_FULL', `the journal can't be written (${code})`, {
    cause,
    hint: 'Free space on, or repair, the disk that holds the state directory.',
  });
}
