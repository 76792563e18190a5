import type { Readable } from 'node:stream';
import type { Outbox } from './outbox.js';

/**
 * One direction of a relay: a stream that is read only while nobody has a reason against it. `take` may give back the
 * part of a chunk that it did not get to; it comes again, first, once reading goes on.
 */
export class Lane {
  private readonly reasons = new Set<string>();
  private readonly listener = (chunk: Buffer) => this.hand(chunk);
  private rest: Buffer | undefined;
  private started = false;

  constructor(
    private readonly source: Readable,
    private readonly take: (chunk: Buffer) => Buffer | undefined,
    /** What `take` throws; the lane has stopped. */
    private readonly onError: (error: unknown) => void,
  ) {}

  start(): void {
    if (this.started) return;
    this.started = true;
    this.source.on('data', this.listener);
    if (this.reasons.size === 0) this.source.resume();
    else this.source.pause();
  }

  /** What comes from now on is nobody's; whoever ends the stream may read it up. */
  stop(): void {
    this.started = false;
    this.rest = undefined;
    this.source.off('data', this.listener);
  }

  /** Stops reading until every reason given was taken back. */
  pause(reason: string): void {
    this.reasons.add(reason);
    if (this.started) this.source.pause();
  }

  resume(reason: string): void {
    if (!this.reasons.delete(reason) || this.reasons.size > 0 || !this.started) return;
    const { rest } = this;
    this.rest = undefined;
    if (rest) this.hand(rest);
    if (this.reasons.size === 0 && this.started) this.source.resume();
  }

  isPausedFor(reason: string): boolean {
    return this.reasons.has(reason);
  }

  get paused(): boolean {
    return this.reasons.size > 0;
  }

  private hand(chunk: Buffer): void {
    // A TLS stream may hand out what it had decrypted already after it was paused.
    if (this.reasons.size > 0 && this.rest) {
      this.rest = Buffer.concat([this.rest, chunk]);
      return;
    }
    try {
      const rest = this.take(chunk);
      if (rest) this.rest = this.rest ? Buffer.concat([rest, this.rest]) : rest;
    } catch (error) {
      this.stop();
      this.onError(error);
    }
  }
}

/**
 * Back-pressure: while the outbox is congested none of these lanes is read (bounded memory whatever either side's
 * pace). List every lane that may fill it: a client that never reads its refusals must stop being read.
 */
export function throttle(outbox: Outbox, reason: string, lanes: readonly Lane[]): void {
  if (!outbox.congested || lanes[0]!.isPausedFor(reason)) return;
  for (const lane of lanes) lane.pause(reason);
  outbox.onceClear(() => {
    for (const lane of lanes) lane.resume(reason);
  });
}
