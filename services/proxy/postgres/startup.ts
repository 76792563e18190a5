import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket, type SecureContext } from 'node:tls';
import { AppError } from '#kernel';
import {
  ByteCursor,
  ConnectionClosed,
  ExactReader,
  endGently,
  isLoopback,
  plainAddress,
  utf8,
  violation,
} from '#wire';
import { fatal } from './auth.js';
import {
  authenticationCleartextPassword,
  frontend,
  negotiateProtocolVersion,
  type BackendKey,
} from './codec.js';
import { readParameters, type StartupParameters } from './startup-parameters.js';

/*
 * The server's side of the way in. https://www.postgresql.org/docs/current/protocol-flow.html
 *
 *   client                                   gate
 *   TLS ClientHello (ALPN postgresql) ...    straight into TLS, or
 *   GSSENCRequest                            N
 *   SSLRequest                               S, then TLS
 *   CancelRequest                            (no answer; the connection closes)
 *   StartupMessage                           [NegotiateProtocolVersion] AuthenticationCleartextPassword
 *   PasswordMessage                          the caller's: AuthenticationOk ... ReadyForQuery, or an error
 *
 * StartupMessage (F): length:int32 version:int32 [ name:cstring value:cstring ]* 0
 * SSLRequest (F): 8 80877103   GSSENCRequest (F): 8 80877104   CancelRequest (F): 16 80877102 pid:int32 secret:int32
 */
const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;
const VERSION_3_0 = 196608;
const TLS_HANDSHAKE = 0x16;
// Where a length should stand: 'X' and the beginning of its own. A client that gave up before it began; node-postgres does so.
const EARLY_TERMINATE = 0x58000000;
const MAX_STARTUP = 10_000;
const MAX_PASSWORD = 16 * 1024;
/** The registered ALPN name; asked for so that no other protocol's client can be led here (ALPACA). */
const ALPN = 'postgresql';

export interface DoorOptions {
  /** Loaded once and shared: loading keys for each client would cost milliseconds. */
  readonly secureContext: SecureContext;
  /** Milliseconds from connect to password. */
  readonly timeoutMs: number;
}

export type Arrival =
  /** Closed before it asked for anything: a health check, psql going to ask for a password. */
  | { readonly kind: 'gone' }
  /** The caller cancels, then ends the socket; no answer is sent. */
  | { readonly kind: 'cancel'; readonly socket: Duplex; readonly key: BackendKey }
  | {
      readonly kind: 'startup';
      /** TLS or raw; everything after the password is still in it. */
      readonly socket: Duplex;
      readonly parameters: StartupParameters;
      readonly password: string;
      readonly tls: boolean;
      /** `address:port`. */
      readonly remoteAddress: string;
    };

/**
 * Takes a client from its first byte to its password. A client that breaks a rule is told why, its socket is
 * ended, and the AppError is thrown for the log. Waits for nothing but this client.
 */
export async function receiveClient(socket: Socket, options: DoorOptions): Promise<Arrival> {
  const abort = new AbortController();
  const timer = setTimeout(
    () => abort.abort(new AppError('TIMEOUT', 'no startup message and password arrived in time')),
    options.timeoutMs,
  );
  socket.on('error', () => undefined);
  const door = new Door(socket, options, abort.signal);
  try {
    return await door.receive();
  } catch (error) {
    if (error instanceof ConnectionClosed || socket.destroyed) {
      door.close();
      return { kind: 'gone' };
    }
    door.refuse(error);
    throw error;
  } finally {
    clearTimeout(timer);
    door.release();
  }
}

class Door {
  private stream: Duplex;
  private reader: ExactReader;
  private tls = false;
  private gssRefused = false;

  constructor(
    private readonly socket: Socket,
    private readonly options: DoorOptions,
    private readonly signal: AbortSignal,
  ) {
    this.stream = socket;
    this.reader = new ExactReader(socket, signal);
  }

  async receive(): Promise<Arrival> {
    const first = await this.reader.read(1);
    if (first[0] === TLS_HANDSHAKE) {
      await this.startTls(first);
      if ((this.stream as TLSSocket).alpnProtocol !== ALPN)
        throw violation('a direct TLS connection must name the protocol "postgresql" by ALPN');
      return this.packets(await this.packet());
    }
    return this.packets(await this.packet(first));
  }

  refuse(error: unknown): void {
    if (this.stream.writable) this.stream.write(fatal(error));
    this.close();
  }

  close(): void {
    endGently(this.stream, 2_000);
  }

  release(): void {
    this.reader.release();
  }

  private async packets(packet: Buffer): Promise<Arrival> {
    const code = packet.readInt32BE(0);
    if (code === SSL_REQUEST) return this.onSslRequest(packet);
    if (code === GSSENC_REQUEST) return this.onGssRequest(packet);
    if (code === CANCEL_REQUEST) return this.onCancel(packet);
    return this.onStartup(packet);
  }

  private async onSslRequest(packet: Buffer): Promise<Arrival> {
    if (packet.length !== 4) throw violation('an SSLRequest of a false length');
    if (this.tls) throw violation('TLS was asked for twice');
    // What came with the request is not encrypted and would be taken for what is: CVE-2021-23214.
    if (this.socket.readableLength > 0) throw violation('unencrypted data came after the SSLRequest');
    this.socket.write('S');
    await this.startTls();
    return this.packets(await this.packet());
  }

  private async onGssRequest(packet: Buffer): Promise<Arrival> {
    if (packet.length !== 4) throw violation('a GSSENCRequest of a false length');
    if (this.tls || this.gssRefused) throw violation('GSSAPI encryption was asked for twice or inside TLS');
    this.gssRefused = true;
    this.stream.write('N');
    return this.packets(await this.packet());
  }

  private onCancel(packet: Buffer): Arrival {
    if (packet.length !== 12) throw violation('a CancelRequest of a false length');
    const key = { pid: packet.readInt32BE(4), secret: Buffer.from(packet.subarray(8, 12)) };
    return { kind: 'cancel', socket: this.stream, key };
  }

  private async onStartup(packet: Buffer): Promise<Arrival> {
    const version = packet.readInt32BE(0);
    if (version >>> 16 !== 3)
      throw violation(`protocol version ${version >>> 16}.${version & 0xffff} is not served; 3.0 is`);
    const pairs = readPairs(packet);
    const unknown = [...pairs.keys()].filter((name) => name.startsWith('_pq_.'));
    for (const name of unknown) pairs.delete(name);
    const parameters = readParameters(pairs);
    this.requireTls();
    if (version !== VERSION_3_0 || unknown.length > 0)
      this.stream.write(negotiateProtocolVersion(VERSION_3_0, unknown));
    this.stream.write(authenticationCleartextPassword);
    const password = await this.password();
    const remoteAddress = `${plainAddress(this.socket.remoteAddress ?? '')}:${this.socket.remotePort ?? 0}`;
    return { kind: 'startup', socket: this.stream, parameters, password, tls: this.tls, remoteAddress };
  }

  private requireTls(): void {
    if (this.tls || isLoopback(this.socket.remoteAddress)) return;
    throw new AppError('TLS_REQUIRED', 'a password is taken over TLS only', {
      hint: 'Connect with sslmode=require, or through `weir connect`.',
    });
  }

  /** length:int32 and as much; returned without its length. `first`: its first byte, already read. */
  private async packet(first?: Buffer): Promise<Buffer> {
    const rest = await this.reader.read(first === undefined ? 4 : 3);
    const length = (first === undefined ? rest : Buffer.concat([first, rest])).readInt32BE(0);
    if (length === EARLY_TERMINATE) throw new ConnectionClosed(0);
    if (length < 8 || length > MAX_STARTUP) throw violation('a startup packet of a false length');
    return this.reader.read(length - 4);
  }

  private async password(): Promise<string> {
    const header = await this.reader.read(5);
    if (header[0] === frontend.terminate) throw new ConnectionClosed(0);
    const length = header.readInt32BE(1);
    if (header[0] !== frontend.password) throw violation('a password was expected');
    if (length < 5 || length > MAX_PASSWORD + 5) throw violation('a password message of a false length');
    const cursor = new ByteCursor(await this.reader.read(length - 4), 0, length - 4);
    const password = utf8(cursor.cbytes());
    cursor.done();
    return password;
  }

  /** Wraps the socket; `first` is what was already read of the handshake. */
  private async startTls(first?: Buffer): Promise<void> {
    this.reader.release();
    if (first !== undefined) this.socket.unshift(first);
    const { secureContext } = this.options;
    const tls = new TLSSocket(this.socket, { isServer: true, secureContext, ALPNProtocols: [ALPN] });
    tls.on('error', () => undefined);
    this.stream = tls;
    await secured(tls, this.signal);
    this.tls = true;
    this.reader = new ExactReader(tls, this.signal);
  }
}

/** A failed handshake is the client's own doing (it has the alert): it counts as gone. */
function secured(tls: TLSSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    tls.once('secure', resolve);
    tls.once('close', () => reject(new ConnectionClosed(0)));
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
      tls.destroy();
    });
  });
}

function readPairs(packet: Buffer): Map<string, string> {
  const cursor = new ByteCursor(packet, 4, packet.length);
  const pairs = new Map<string, string>();
  for (let name = cursor.cstring(); name !== ''; name = cursor.cstring()) {
    if (pairs.has(name)) throw violation('a startup parameter was given twice');
    pairs.set(name, cursor.cstring());
  }
  cursor.done();
  return pairs;
}
