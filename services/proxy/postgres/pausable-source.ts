import type { Readable } from 'node:stream';

/**
 * A stream that is read only while nobody has a reason against it. `take` may give back the part of a chunk that
 * it did not get to; it comes again, first, once reading goes on.
 */
export class PausableSource {
  private readonly reasons = new Set<string>();
  private rest: Buffer | undefined;
  private readonly listener = (chunk: Buffer) => this.hand(chunk);
  private started = false;

  constructor(
    private readonly stream: Readable,
    private readonly take: (chunk: Buffer) => Buffer | undefined,
  ) {}

  start(): void {
    this.started = true;
    this.stream.on('data', this.listener);
    if (this.reasons.size > 0) this.stream.pause();
  }

  stop(): void {
    this.started = false;
    this.rest = undefined;
    this.stream.off('data', this.listener);
  }

  pause(reason: string): void {
    this.reasons.add(reason);
    if (this.started) this.stream.pause();
  }

  resume(reason: string): void {
    if (!this.reasons.delete(reason) || this.reasons.size > 0 || !this.started) return;
    const { rest } = this;
    this.rest = undefined;
    if (rest) this.hand(rest);
    if (this.reasons.size === 0 && this.started) this.stream.resume();
  }

  isPaused(reason: string): boolean {
    return this.reasons.has(reason);
  }

  private hand(chunk: Buffer): void {
    // A TLS stream may hand out what it had decrypted already after it was paused.
    if (this.reasons.size > 0 && this.rest) {
      this.rest = Buffer.concat([this.rest, chunk]);
      return;
    }
    const rest = this.take(chunk);
    if (rest) this.rest = this.rest ? Buffer.concat([rest, this.rest]) : rest;
  }
}
