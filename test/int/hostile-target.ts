import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { MessageScanner } from '#wire';
import { frontend } from '../../services/proxy/postgres/codec.js';
import type { PostgresServer } from '../support/peers.js';

/** What a hostile target does with one statement: it gets the socket to the gate, and the server's in its place. */
export type Deed = (gate: Socket) => void | Promise<void>;

/**
 * A PostgreSQL that turns on the gate: a real server stands behind it, so logging in, the catalog and every harmless
 * statement are real; a statement that says `'deed:NAME'` is answered by the deed of that name instead. This is the
 * one server that tests make up, since no real one can be had that misbehaves on demand.
 */
export class HostileTarget {
  /** Every message that reached it after the login, as type letter and text: what the gate let through. */
  readonly received: string[] = [];
  /** CancelRequests. */
  cancels = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer({ noDelay: true }, (gate) => this.serve(gate));

  private constructor(
    private readonly real: PostgresServer,
    private readonly deeds: ReadonlyMap<string, Deed>,
  ) {}

  static async start(real: PostgresServer, deeds: Readonly<Record<string, Deed>>): Promise<HostileTarget> {
    const target = new HostileTarget(real, new Map(Object.entries(deeds)));
    await new Promise<void>((listening) => target.server.listen(0, '127.0.0.1', listening));
    return target;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Connections from the gate that are open now. */
  get open(): number {
    return this.sockets.size;
  }

  stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private serve(gate: Socket): void {
    this.sockets.add(gate);
    const server = connect({ host: this.real.host, port: this.real.port, noDelay: true });
    for (const [one, other] of [
      [gate, server],
      [server, gate],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
    gate.on('close', () => this.sockets.delete(gate));
    server.on('data', (chunk: Buffer) => gate.write(chunk));
    this.listen(gate, server);
  }

  /** The StartupMessage or CancelRequest has no type byte; everything after it has. */
  private listen(gate: Socket, server: Socket): void {
    let opening: Buffer | undefined = Buffer.alloc(0);
    const scanner = new MessageScanner({ maxLength: 2 ** 31 - 1 });
    gate.on('data', (chunk: Buffer) => {
      if (opening) {
        opening = Buffer.concat([opening, chunk]);
        const length = opening.length < 4 ? Infinity : opening.readInt32BE(0);
        if (opening.length < length) return;
        if (opening.readInt32BE(4) === 80877102) this.cancels++;
        server.write(opening.subarray(0, length));
        chunk = opening.subarray(length);
        opening = undefined;
      }
      scanner.push(chunk, (type, buffer, start, end) =>
        this.message(gate, server, type, buffer.subarray(start, end)),
      );
    });
  }

  private message(gate: Socket, server: Socket, type: number, bytes: Buffer): void {
    const text = bytes.toString('latin1', 5);
    if (type !== frontend.password) this.received.push(String.fromCharCode(type) + text);
    const name =
      type === frontend.query || type === frontend.parse ? /deed:([\w-]+)/.exec(text)?.[1] : undefined;
    const deed = name === undefined ? undefined : this.deeds.get(name);
    if (!deed) return void server.write(bytes);
    // From here on this connection is the deed's: the server behind it says nothing more.
    server.removeAllListeners('data');
    server.resume();
    void deed(gate);
  }
}
