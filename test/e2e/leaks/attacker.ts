import { connect, type Socket } from 'node:net';
import { byte, cstring, frontend, int16, int32, message } from '../../../services/proxy/postgres/codec.js';
import { startup, sync, query, type RawAddress } from '../../support/raw-client.js';
import type { Frame } from '../../support/wire-tap.js';

export const protocols = ['simple', 'text', 'binary'] as const;
/** The simple protocol, or the extended one with results in text or binary. */
export type Protocol = (typeof protocols)[number];

/** One statement with its parameters, as text. */
export interface Ask {
  readonly text: string;
  readonly params?: readonly (string | null)[];
}

/** A client that keeps every byte it was sent, and answers COPY FROM STDIN with nothing. */
export class Attacker {
  private buffered: Buffer = Buffer.alloc(0);
  private frames: Frame[] = [];
  private chunks: Buffer[] = [];
  private wake: () => void = () => undefined;
  closed = false;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  static async signIn(
    { host, port, password, ...who }: RawAddress,
    settings: Record<string, string> = {},
  ): Promise<Attacker> {
    const socket = connect({ host, port, noDelay: true });
    await new Promise<void>((done, fail) => socket.once('connect', done).once('error', fail));
    const attacker = new Attacker(socket);
    attacker.write(startup({ user: who.user, database: who.database, ...settings }));
    await attacker.until((frame) => 'RE'.includes(frame.type));
    attacker.write(message(frontend.password, password));
    await attacker.until((frame) => 'ZE'.includes(frame.type));
    return attacker;
  }

  write(...bytes: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** Sends, and returns all that was answered up to the given number of ReadyForQuery. */
  async send(bytes: Buffer, ready = 1): Promise<readonly Frame[]> {
    this.frames = [];
    this.write(bytes);
    let left = ready;
    let looked = 0;
    await this.until(() => {
      for (; looked < this.frames.length; looked++) {
        const { type } = this.frames[looked]!;
        if (type === 'Z') left -= 1;
        // While it waits for data a server ignores Sync; it is told that there is none, and synchronised again.
        if (type === 'G') this.write(message(frontend.copyFail, 'none'), sync);
      }
      return left <= 0;
    });
    const answer = this.frames;
    this.frames = [];
    return answer;
  }

  /** One statement by one of the protocols. */
  ask({ text, params = [] }: Ask, protocol: Protocol): Promise<readonly Frame[]> {
    return this.send(protocol === 'simple' ? query(text) : extended(text, params, protocol));
  }

  /** What came without being asked for, for so long. */
  async idle(ms: number): Promise<readonly Frame[]> {
    await new Promise((done) => setTimeout(done, ms));
    const answer = this.frames;
    this.frames = [];
    return answer;
  }

  /** Every byte since the beginning, and forgets them. */
  drain(): Buffer {
    const bytes = Buffer.concat(this.chunks);
    this.chunks = [];
    return bytes;
  }

  end(): void {
    this.socket.end(message(frontend.terminate));
  }

  private async until(test: (frame: Frame) => boolean, timeoutMs = 15_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      if (this.frames.length > 0 && test(this.frames.at(-1)!)) return;
      if (this.closed) return;
      if (Date.now() > end) throw new Error(`not answered within ${timeoutMs} ms`);
      await new Promise<void>((done) => {
        const timer = setTimeout(done, 500);
        this.wake = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
  }

  private take(chunk: Buffer): void {
    this.chunks.push(chunk);
    let bytes = this.buffered.length > 0 ? Buffer.concat([this.buffered, chunk]) : chunk;
    while (bytes.length >= 5) {
      const end = 1 + bytes.readInt32BE(1);
      if (bytes.length < end) break;
      this.frames.push({ type: String.fromCharCode(bytes[0]!), body: bytes.subarray(5, end) });
      bytes = bytes.subarray(end);
    }
    this.buffered = bytes;
    this.wake();
  }
}

/** Parse, Bind, Describe, Execute and Sync; parameters as text. */
export function extended(text: string, params: readonly (string | null)[], protocol: Protocol): Buffer {
  return Buffer.concat([
    message(frontend.parse, '', text, int16(0)),
    bind('', '', params, protocol),
    message(frontend.describe, byte(0x50), ''),
    message(frontend.execute, '', 0),
    sync,
  ]);
}

/*
 * Bind (F): portal:cstring statement:cstring formats:int16[] count:int16 [ size:int32 bytes ]* result formats:int16[]
 */
export function bind(
  portal: string,
  statement: string,
  params: readonly (string | null)[],
  protocol: Protocol,
): Buffer {
  const values = params.flatMap((each) => {
    if (each === null) return [int32(-1)];
    const bytes = Buffer.from(each);
    return [int32(bytes.length), bytes];
  });
  const body = Buffer.concat([
    cstring(portal),
    cstring(statement),
    int16(0),
    int16(params.length),
    ...values,
    int16(1),
    int16(protocol === 'binary' ? 1 : 0),
  ]);
  return Buffer.concat([Buffer.from('B'), int32(body.length + 4), body]);
}
