import type { Duplex } from 'node:stream';
import { AppError, isAppError } from '#kernel';
import { endGently } from '#wire';
import type { TargetAddress } from '../gate/gate.js';
import { sendCancel } from './cancel.js';
import { frontend, message, type BackendKey } from './codec.js';
import { TargetChannel, type Row } from './target-channel.js';
import { logIn } from './target-login.js';
import { privileges, privilegesQuery } from './target-privileges.js';
import { openTargetSocket, unreachable, untrusted } from './target-tls.js';

const CONNECT_TIMEOUT = 10_000;
/** The server's own statement_timeout ends our queries after 30 s; one that does not keep it is not waited for. */
const QUERY_TIMEOUT = 45_000;

/** A logged-in connection to a target, idle, with nothing read past its ReadyForQuery. */
export interface Target {
  /** For the session: attach 'data' (or a Lane) when ready. Errors already have a listener. */
  readonly stream: Duplex;
  /** The server's ParameterStatus values as of now. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly tls: boolean;
  /** The server's process; 0 where it names none. */
  readonly pid: number;
  /** Runs a query of our own; text values. Only while no session has attached to the stream. */
  query(text: string): Promise<Row[]>;
  /** Asks the server to cancel what runs; resolves once the server has closed that request's connection. */
  cancel(): Promise<void>;
  /** Terminate, and close. */
  close(): void;
}

/** Settings that hold whatever a client or the role's own defaults say. */
const pinned = [
  ['client_encoding', 'UTF8'],
  ['standard_conforming_strings', 'on'],
] as const;

/**
 * Connects and logs in, within 10 s if not told otherwise. `settings` go into the StartupMessage (see startup-parameters).
 * Throws TARGET_UNREACHABLE, TARGET_UNTRUSTED, TARGET_REFUSED; their messages are fit for a client and name
 * neither address nor user, their causes are for the operator's log.
 */
export async function connectTarget(
  address: TargetAddress,
  settings: ReadonlyMap<string, string> = new Map(),
  queryTimeout = QUERY_TIMEOUT,
  connectTimeout = CONNECT_TIMEOUT,
): Promise<Target> {
  return withinTime(address, connectTimeout, async (signal) => {
    const socket = await openTargetSocket(address, signal);
    try {
      const channel = new TargetChannel(socket.stream, signal);
      const key = await logIn(channel, address, socket, new Map([...settings, ...pinned]));
      requirePinned(address, channel.parameters);
      if (!address.allowPrivileged) await requireUnprivileged(address, channel);
      channel.release();
      return new OpenTarget(
        address,
        socket.stream,
        socket.remoteAddress,
        channel.parameters,
        key,
        queryTimeout,
      );
    } catch (error) {
      socket.stream.destroy();
      throw isAppError(error, 'PROTOCOL_VIOLATION')
        ? untrusted(address, 'it broke the protocol', error)
        : error;
    }
  });
}

async function withinTime<T>(
  address: TargetAddress,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(unreachable(address, new Error('timed out'))), milliseconds);
  try {
    return await work(abort.signal);
  } catch (error) {
    throw isAppError(error) ? error : unreachable(address, error);
  } finally {
    clearTimeout(timer);
  }
}

function requirePinned(address: TargetAddress, parameters: ReadonlyMap<string, string>): void {
  for (const [name, value] of pinned)
    if (parameters.get(name) !== value)
      throw new AppError(
        'TARGET_REFUSED',
        `the target of connection "${address.name}" does not keep ${name} = ${value}`,
      );
}

async function requireUnprivileged(address: TargetAddress, channel: TargetChannel): Promise<void> {
  const found = privileges(await channel.query(privilegesQuery));
  if (found === undefined) return;
  throw new AppError('TARGET_REFUSED', `connection "${address.name}" uses a privileged role (${found})`, {
    hint: 'Give the connection a role of its own with no more than it needs, or set allowPrivileged: true.',
  });
}

class OpenTarget implements Target {
  private channel: TargetChannel | undefined;

  constructor(
    private readonly address: TargetAddress,
    readonly stream: Duplex,
    private readonly remoteAddress: string | undefined,
    readonly parameters: Map<string, string>,
    private readonly key: BackendKey | undefined,
    private readonly queryTimeout: number,
  ) {}

  get tls(): boolean {
    return this.address.tls !== 'disable';
  }

  get pid(): number {
    return this.key?.pid ?? 0;
  }

  async query(text: string): Promise<Row[]> {
    if (this.channel !== undefined) throw new Error('a query of our own is already running');
    this.channel = new TargetChannel(this.stream, AbortSignal.timeout(this.queryTimeout), this.parameters);
    try {
      return await this.channel.query(text);
    } finally {
      this.channel.release();
      this.channel = undefined;
    }
  }

  async cancel(): Promise<void> {
    if (this.key !== undefined) await sendCancel(this.address, this.key, this.remoteAddress);
  }

  close(): void {
    if (this.stream.writable) this.stream.write(message(frontend.terminate));
    endGently(this.stream, 2_000);
  }
}
