import type { Duplex } from 'node:stream';

export interface TieEnd {
  /** Which side went first; `both` where this process ended it. */
  readonly side: 'near' | 'far' | 'both';
  readonly error?: Error;
}

export interface Tie {
  /** Ends both sides after what is written has gone out. */
  end(error?: Error): void;
  /** Ends both at once. */
  destroy(error?: Error): void;
  readonly ended: boolean;
}

/**
 * Two sockets that live and die together. Whatever happens first (end of file, error, close, `end`), the
 * other side is ended after its pending bytes, destroyed after `graceMs`, and `onEnd` runs exactly once.
 * A half-open socket counts as gone: neither a database client nor a server makes use of one.
 */
export function tie(near: Duplex, far: Duplex, onEnd: (end: TieEnd) => void, graceMs = 5_000): Tie {
  let ended = false;
  const finish = (side: TieEnd['side'], error?: Error) => {
    if (ended) return;
    ended = true;
    for (const stream of [near, far]) endGently(stream, graceMs);
    onEnd(error === undefined ? { side } : { side, error });
  };
  for (const [side, stream] of [['near', near] as const, ['far', far] as const]) {
    stream.on('error', (error) => finish(side, error));
    stream.on('end', () => finish(side));
    stream.on('close', () => finish(side));
    // It may have gone before anybody listened.
    if (stream.destroyed || stream.readableEnded) queueMicrotask(() => finish(side));
  }
  return {
    end: (error) => finish('both', error),
    destroy(error) {
      finish('both', error);
      near.destroy();
      far.destroy();
    },
    get ended() {
      return ended;
    },
  };
}

/** One that sends on and on does not read its error anyway. Bytes. */
const mostDropped = 4 * 1024 * 1024;

/**
 * Ends a stream after its pending bytes, and destroys it if the other side does not close in time. Never throws.
 * Its further input is read and dropped: closing a socket with unread input sends a reset, which can cost the
 * other side the very error that it should read.
 */
export function endGently(stream: Duplex, graceMs = 5_000): void {
  if (stream.destroyed) return;
  if (stream.listenerCount('error') === 0) stream.on('error', () => undefined);
  const timer = setTimeout(() => stream.destroy(), graceMs);
  timer.unref();
  stream.once('close', () => clearTimeout(timer));
  stream.removeAllListeners('data');
  let dropped = 0;
  stream.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > mostDropped) stream.destroy();
  });
  stream.end();
  stream.resume();
}
