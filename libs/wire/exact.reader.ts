import type { Duplex } from 'node:stream';

/** The other side closed before all the bytes asked for had come. */
export class ConnectionClosed extends Error {
  constructor(
    /** Bytes of the unfinished read that had come. */
    readonly partial: number,
    options: { cause?: unknown } = {},
  ) {
    super('the connection was closed', options);
    this.name = 'ConnectionClosed';
  }
}

/**
 * Reads exact numbers of bytes from a stream and not one more: what follows stays in the stream, for TLS or
 * for whoever takes it next. For handshakes; the hot path has MessageScanner.
 * Rejects with ConnectionClosed, the stream's error, or the signal's reason.
 */
export class ExactReader {
  private ended = false;
  private failure: unknown;
  private wake: (() => void) | undefined;
  private readonly listeners: readonly (readonly [string, (error?: Error) => void])[];

  constructor(
    readonly stream: Duplex,
    private readonly signal?: AbortSignal,
  ) {
    this.listeners = [
      ['readable', () => this.wake?.()],
      ['end', () => this.stop()],
      ['close', () => this.stop()],
      ['error', (error) => this.stop(error)],
    ];
    for (const [event, listener] of this.listeners) stream.on(event, listener);
    if (signal?.aborted === true) this.onAbort();
    else signal?.addEventListener('abort', this.onAbort);
  }

  async read(length: number): Promise<Buffer> {
    for (;;) {
      const bytes = this.poll(length);
      if (bytes !== undefined) return bytes;
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = undefined;
    }
  }

  /** The bytes if they are all here, else undefined. Throws once there is no hope of more. */
  poll(length: number): Buffer | undefined {
    if (this.failure !== undefined) throw this.failure as Error;
    if (length === 0) return Buffer.alloc(0);
    const bytes = this.stream.read(length) as Buffer | null;
    if (bytes?.length === length) return bytes;
    // At end of file read() gives the rest, however short.
    if (this.ended || this.stream.readableEnded || this.stream.destroyed || bytes !== null)
      throw new ConnectionClosed(bytes?.length ?? 0);
    return undefined;
  }

  /** Leaves the stream to its next reader. */
  release(): void {
    this.signal?.removeEventListener('abort', this.onAbort);
    for (const [event, listener] of this.listeners) this.stream.off(event, listener);
  }

  private readonly onAbort = () => this.stop(this.signal?.reason);

  private stop(failure?: unknown): void {
    this.ended = true;
    this.failure ??= failure;
    this.wake?.();
  }
}
