import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** One message that a client was sent: type:byte length:int32 body. */
export interface Frame {
  /** The type byte as a letter: D is a DataRow, E an ErrorResponse, … */
  readonly type: string;
  readonly body: Buffer;
}

/** Every byte that one connection's client was sent. */
export class TappedConnection {
  readonly openedAt = Date.now();
  isOpen = true;
  private readonly chunks: Buffer[] = [];

  constructor(private readonly onBytes: () => void) {}

  add(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.onBytes();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** The whole messages, and what is left behind the last of them: nothing, unless the connection was cut. */
  get frames(): { readonly frames: readonly Frame[]; readonly rest: Buffer } {
    const { bytes } = this;
    const frames: Frame[] = [];
    let at = 0;
    while (at + 5 <= bytes.length) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      if (end > bytes.length) break;
      frames.push({ type: String.fromCharCode(bytes[at]!), body: bytes.subarray(at + 5, end) });
      at = end;
    }
    return { frames, rest: bytes.subarray(at) };
  }
}

/**
 * Stands between clients and a server on loopback and keeps what the clients are sent. Clients must not ask for
 * TLS (sslmode=disable, gssencmode=disable): the bytes are read as PostgreSQL's messages.
 */
export class WireTap {
  /** In the order in which they were opened. */
  connections: TappedConnection[] = [];
  private cleared: TappedConnection[] = [];
  /** The most connections that were open at one time, since `clear`. */
  peak = 0;
  private readonly sockets = new Set<Socket>();
  private readonly waiting = new Set<() => void>();
  private server!: Server;

  private constructor(private readonly target: { readonly host: string; readonly port: number }) {}

  static async start(target: { readonly host: string; readonly port: number }): Promise<WireTap> {
    const tap = new WireTap(target);
    tap.server = createServer({ noDelay: true }, (client) => tap.join(client));
    await new Promise<void>((listening) => tap.server.listen(0, '127.0.0.1', listening));
    return tap;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get open(): number {
    return this.connections.filter(({ isOpen }) => isOpen).length;
  }

  /** All that any client was sent since `forget`, `clear` or not. */
  get everyByte(): Buffer {
    return Buffer.concat([...this.cleared, ...this.connections].map(({ bytes }) => bytes));
  }

  /** All connections' messages, one connection after the other. */
  get frames(): readonly Frame[] {
    return this.connections.flatMap(({ frames }) => frames.frames);
  }

  /** From here on `frames` are of connections opened later. */
  clear(): void {
    this.cleared.push(...this.connections);
    this.connections = [];
    this.peak = 0;
  }

  forget(): void {
    this.clear();
    this.cleared = [];
  }

  /** Resolves once what the clients were sent satisfies `test`. */
  async until(test: (frames: readonly Frame[]) => boolean, timeoutMs = 15_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!test(this.frames)) {
      if (Date.now() > end) throw new Error(`not sent within ${timeoutMs} ms; so far: ${this.summary()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 250);
        this.waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Types of all messages: what a failing test shows. */
  summary(): string {
    return this.connections
      .map(({ frames }) => frames.frames.map(({ type }) => type).join(''))
      .join(' | ')
      .slice(0, 400);
  }

  stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private join(client: Socket): void {
    const connection = new TappedConnection(() => this.wake());
    this.connections.push(connection);
    this.peak = Math.max(this.peak, this.open);
    const server = connect({ ...this.target, noDelay: true });
    server.on('data', (chunk: Buffer) => connection.add(chunk));
    client.pipe(server).pipe(client);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        connection.isOpen = false;
        other.end();
        this.wake();
      });
    }
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
