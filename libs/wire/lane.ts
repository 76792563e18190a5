import type { Readable } from 'node:stream';
import type { Outbox } from './outbox.js';

/**
 * One direction of a relay. Each chunk of the source goes to `onChunk`, then every outbox is flushed once;
 * while one of them is congested the source is not read (bounded memory whatever either side's pace).
 * List every outbox that `onChunk` may fill: a client that never reads its refusals must stop being read.
 */
export class Lane {
  private readonly reasons = new Set<string>();
  private readonly listener = (chunk: Buffer) => this.take(chunk);
  private started = false;

  constructor(
    private readonly source: Readable,
    private readonly outboxes: readonly Outbox[],
    private readonly onChunk: (chunk: Buffer) => void,
    /** What `onChunk` throws; the lane has stopped. */
    private readonly onError: (error: unknown) => void,
  ) {}

  start(): void {
    if (this.started) return;
    this.started = true;
    this.source.on('data', this.listener);
    if (this.reasons.size === 0) this.source.resume();
    else this.source.pause();
  }

  /** Stops reading until every reason given was taken back. Chunks already handed out are the caller's. */
  pause(reason: string): void {
    this.reasons.add(reason);
    if (this.started) this.source.pause();
  }

  resume(reason: string): void {
    if (!this.reasons.delete(reason)) return;
    if (this.reasons.size === 0 && this.started) this.source.resume();
  }

  get paused(): boolean {
    return this.reasons.size > 0;
  }

  stop(): void {
    this.started = false;
    this.source.off('data', this.listener);
    this.source.pause();
  }

  /** Flushes and applies backpressure; call it too after writing outside `onChunk`. */
  flush(): void {
    for (const outbox of this.outboxes) {
      outbox.flush();
      if (outbox.congested) this.waitFor(outbox);
    }
  }

  private take(chunk: Buffer): void {
    try {
      this.onChunk(chunk);
    } catch (error) {
      this.stop();
      this.onError(error);
      return;
    }
    this.flush();
  }

  private waitFor(outbox: Outbox): void {
    const reason = `congested ${this.outboxes.indexOf(outbox)}`;
    if (this.reasons.has(reason)) return;
    this.pause(reason);
    outbox.onceClear(() => this.resume(reason));
  }
}
