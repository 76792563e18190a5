import { connect, type Socket } from 'node:net';
import { byte, cstring, frontend, int16, int32, message } from '../../services/proxy/postgres/codec.js';
import { errorsIn, of } from './wire-reading.js';
import { TappedConnection, type Frame } from './wire-tap.js';

export interface RawAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string;
  /** What it calls itself; default: raw client. */
  readonly application?: string;
}

/** A PostgreSQL client that sends exactly the bytes it is told to. */
export class RawClient {
  private readonly received = new TappedConnection(() => this.wake());
  private readonly waiting = new Set<() => void>();
  private closed = false;

  private constructor(
    private readonly socket: Socket,
    private readonly address: { readonly host: string; readonly port: number },
  ) {
    socket.on('data', (chunk: Buffer) => this.received.add(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  /** An open socket, nothing said yet. */
  static async open(address: { readonly host: string; readonly port: number }): Promise<RawClient> {
    const socket = connect({ host: address.host, port: address.port, noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawClient(socket, address);
  }

  /** Signed in, or refused: see `frames`. */
  static async signIn(whom: RawAddress): Promise<RawClient> {
    const { user, database, password, application = 'raw client', ...address } = whom;
    const client = await RawClient.open(address);
    client.write(startup({ user, database, application_name: application }));
    await client.until((frames) => frames.length > 0);
    client.write(message(frontend.password, password));
    await client.until((frames) => of('Z', frames).length > 0 || of('E', frames).length > 0);
    return client;
  }

  get frames(): readonly Frame[] {
    return this.received.frames.frames;
  }

  get bytes(): Buffer {
    return this.received.bytes;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  write(...bytes: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** Sends, and resolves with what was answered up to the next ReadyForQuery. */
  async ask(...bytes: readonly Buffer[]): Promise<readonly Frame[]> {
    const before = this.frames.length;
    this.write(...bytes);
    await this.until((frames) => of('Z', frames.slice(before)).length > 0);
    return this.frames.slice(before);
  }

  async until(test: (frames: readonly Frame[]) => boolean, timeoutMs = 15_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!test(this.frames)) {
      if (this.closed)
        throw new Error(`the gate closed the connection: ${JSON.stringify(errorsIn(this.frames))}`);
      if (Date.now() > end) throw new Error(`not answered within ${timeoutMs} ms`);
      await this.change(250);
    }
  }

  async untilClosed(timeoutMs = 15_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!this.closed) {
      if (Date.now() > end) throw new Error(`still open after ${timeoutMs} ms`);
      await this.change(250);
    }
  }

  /** A CancelRequest on a connection of its own, with the key that this one was given. */
  async cancel(): Promise<void> {
    const [key] = of('K', this.frames);
    if (!key) throw new Error('no key was given');
    const other = await RawClient.open(this.address);
    other.write(Buffer.concat([int32(8 + key.body.length), int32(80877102), key.body]));
    await other.untilClosed();
  }

  /** Says good-bye. */
  async end(): Promise<void> {
    if (this.closed) return;
    this.write(message(frontend.terminate));
    await this.untilClosed();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.waiting.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

/* StartupMessage (F): length:int32 196608 [ name:cstring value:cstring ]* 0 */
export function startup(parameters: Readonly<Record<string, string>>, version = 196608): Buffer {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [cstring(name), cstring(value)]);
  const body = Buffer.concat([int32(version), ...pairs, byte(0)]);
  return Buffer.concat([int32(body.length + 4), body]);
}

/** Parse, Bind, Describe and Execute of one text, without the Sync. */
export function execution(text: string, resultFormat: 0 | 1 = 0): Buffer {
  return Buffer.concat([
    message(frontend.parse, '', text, int16(0)),
    message(frontend.bind, '', '', int16(0), int16(0), int16(1), int16(resultFormat)),
    message(frontend.describe, byte(0x50), ''),
    message(frontend.execute, '', 0),
  ]);
}

export const sync = message(frontend.sync);
export const query = (text: string): Buffer => message(frontend.query, text);
