import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { TargetAddress } from '../gate/gate.js';
import { int32, type BackendKey } from './codec.js';
import { openTargetSocket } from './target-tls.js';

const CANCEL_TIMEOUT = 10_000;

/* CancelRequest (F): length:int32 80877102 pid:int32 secret:bytes */
const cancelRequest = ({ pid, secret }: BackendKey): Buffer =>
  Buffer.concat([int32(12 + secret.length), int32(80877102), int32(pid), secret]);

/**
 * Sends a target's own key to it, under TLS where the connection has it; resolves when the server closes, by
 * when the signal has been sent to the process. Throws TARGET_UNREACHABLE, TARGET_UNTRUSTED.
 */
export async function sendCancel(address: TargetAddress, key: BackendKey, at?: string): Promise<void> {
  const signal = AbortSignal.timeout(CANCEL_TIMEOUT);
  const { stream } = await openTargetSocket(address, signal, at);
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => stream.destroy());
    stream.once('close', () => resolve());
    stream.resume();
    stream.write(cancelRequest(key));
  });
}

interface Entry {
  readonly secret: Buffer;
  readonly cancel: () => Promise<void>;
}

/**
 * Each cancel opens a connection to the target, so a client's thousand of them must not open a thousand: one runs, one
 * waits, and who asks meanwhile shares the one that waits (it begins after they asked, so it reaches what runs then).
 */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let waiting: Promise<void> | undefined;
  const start = (): Promise<void> => {
    waiting = undefined;
    running = work().finally(() => (running = undefined));
    return running;
  };
  return () => (running === undefined ? start() : (waiting ??= running.then(start, start)));
}

/** A session's place in the registry. */
export interface Registration {
  /** What the client is told as its BackendKeyData. */
  readonly key: BackendKey;
  release(): void;
}

/** This process among those that share the port. */
export interface CancelPlace {
  readonly index: number;
  /** Whether the key was one of that process's. */
  forwardCancel(index: number, key: BackendKey): Promise<boolean>;
}

/* Our pid: index:7 random:24. A cancel comes on a connection of its own, which any process may get. */
const indexShift = 24;

/** Our own cancel keys: a client never sees the target's. */
export class CancelRegistry {
  private readonly entries = new Map<number, Entry>();

  constructor(private readonly place: CancelPlace) {}

  /** `cancel` is the session's: it may answer for a held statement without touching the target. */
  register(cancel: () => Promise<void>): Registration {
    let pid = this.anyPid();
    while (this.entries.has(pid)) pid = this.anyPid();
    const secret = randomBytes(4);
    this.entries.set(pid, { secret, cancel: oneAtATime(cancel) });
    return { key: { pid, secret }, release: () => this.entries.delete(pid) };
  }

  /** True if the key was one of ours; resolves once its session has done what it does. Never says why not. */
  async cancel(key: BackendKey): Promise<boolean> {
    const { pid, secret } = key;
    const owner = pid >>> indexShift;
    if (owner !== this.place.index) return this.place.forwardCancel(owner, key);
    const entry = this.entries.get(pid);
    // Compared in constant time, against something even where there is no such session.
    const expected = entry?.secret ?? randomBytes(4);
    const same = secret.length === expected.length && timingSafeEqual(secret, expected);
    if (entry === undefined || !same) return false;
    await entry.cancel();
    return true;
  }

  private anyPid(): number {
    return (this.place.index << indexShift) | randomInt(1, 2 ** indexShift);
  }

  get size(): number {
    return this.entries.size;
  }
}
