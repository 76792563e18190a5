import type { Writable } from 'node:stream';

/** Slices smaller than this on average are joined: copying them is cheaper than a vector entry each. */
const JOIN_BELOW = 4096;
const DEFAULT_HIGH_WATER = 256 * 1024;

/**
 * Collects what one read of a source produced and writes it once (one `write`, or one `writev`).
 * Adjacent slices of one buffer become one slice again, so a chunk that passes unchanged is not copied.
 */
export class Outbox {
  private slices: Buffer[] = [];
  private bytes = 0;
  private openBuffer: Buffer | undefined;
  private openStart = 0;
  private openEnd = 0;
  private readonly waiting = new Set<() => void>();
  private readonly highWater: number;
  /** Bytes handed to the stream since the start. */
  written = 0;

  /** `highWater`: bytes. Kept at or above the stream's own mark, below which no `drain` is emitted. */
  constructor(
    readonly stream: Writable,
    highWater: number = DEFAULT_HIGH_WATER,
  ) {
    this.highWater = Math.max(highWater, stream.writableHighWaterMark);
    stream.on('drain', () => this.release());
    stream.on('close', () => this.release());
  }

  /** Bytes collected and not yet handed to the stream. */
  get pending(): number {
    return this.bytes;
  }

  push(buffer: Buffer): void {
    this.pushSlice(buffer, 0, buffer.length);
  }

  /** The bytes must not change afterwards. */
  pushSlice(buffer: Buffer, start: number, end: number): void {
    if (end <= start) return;
    this.bytes += end - start;
    if (this.openBuffer === buffer && this.openEnd === start) {
      this.openEnd = end;
      return;
    }
    this.closeSlice();
    this.openBuffer = buffer;
    this.openStart = start;
    this.openEnd = end;
  }

  /** Hands everything collected to the stream in one go; what is meant for a stream that ended is dropped. */
  flush(): void {
    if (this.bytes === 0) return;
    this.closeSlice();
    const { slices, bytes } = this;
    this.slices = [];
    this.bytes = 0;
    if (this.gone) return;
    this.written += bytes;
    if (slices.length === 1) this.stream.write(slices[0]!);
    else if (bytes < slices.length * JOIN_BELOW) this.stream.write(Buffer.concat(slices, bytes));
    else this.writeVector(slices);
  }

  /** Forgets what was collected and not handed to the stream. */
  discard(): void {
    this.slices = [];
    this.bytes = 0;
    this.openBuffer = undefined;
  }

  /** True while more waits in the stream than the high-water mark: the source should pause. */
  get congested(): boolean {
    return this.stream.writableLength > this.highWater && !this.gone;
  }

  /** Calls back once, when the stream has drained or closed. */
  onceClear(callback: () => void): void {
    if (this.congested) this.waiting.add(callback);
    else callback();
  }

  private get gone(): boolean {
    return this.stream.destroyed || this.stream.writableEnded;
  }

  private closeSlice(): void {
    const buffer = this.openBuffer;
    if (buffer === undefined) return;
    const whole = this.openStart === 0 && this.openEnd === buffer.length;
    this.slices.push(whole ? buffer : buffer.subarray(this.openStart, this.openEnd));
    this.openBuffer = undefined;
  }

  private writeVector(slices: readonly Buffer[]): void {
    this.stream.cork();
    for (const slice of slices) this.stream.write(slice);
    this.stream.uncork();
  }

  private release(): void {
    const callbacks = [...this.waiting];
    this.waiting.clear();
    for (const callback of callbacks) callback();
  }
}
