import { readFile } from 'node:fs/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, rootCertificates, type TLSSocket } from 'node:tls';
import { AppError } from '#kernel';
import { ConnectionClosed, ExactReader } from '#wire';
import type { TargetAddress } from '../gate/gate.js';
import { int32 } from './codec.js';

/* SSLRequest (F): 8 80877103     the answer is one byte: 'S' go on with TLS, 'N' there is none */
const sslRequest = Buffer.concat([int32(8), int32(80877103)]);

/** A socket to the target, under TLS where the connection says so. */
export interface TargetSocket {
  readonly stream: Socket;
  /** DER of the server's certificate; absent without TLS. */
  readonly certificate?: Buffer;
  /** The address that the name led to: a cancel request must reach the same server. */
  readonly remoteAddress: string | undefined;
}

/** `at`: an address to use in the name's place. Throws TARGET_UNREACHABLE, TARGET_UNTRUSTED, or the signal's reason. */
export async function openTargetSocket(
  address: TargetAddress,
  signal: AbortSignal,
  at?: string,
): Promise<TargetSocket> {
  const socket = await openTcp(address, signal, at);
  const { remoteAddress } = socket;
  try {
    if (address.tls === 'disable') return { stream: socket, remoteAddress };
    await askForTls(socket, address, signal);
    const stream = await wrap(socket, address, signal);
    const certificate = stream.getPeerX509Certificate()?.raw;
    return { stream, remoteAddress, ...(certificate && { certificate }) };
  } catch (error) {
    socket.destroy();
    if (error instanceof ConnectionClosed) throw unreachable(address, error);
    throw error;
  }
}

function openTcp(address: TargetAddress, signal: AbortSignal, at?: string): Promise<Socket> {
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    const socket = host.startsWith('/')
      ? connectTcp({ path: `${host}/.s.PGSQL.${port}` })
      : connectTcp({ host: at ?? host, port, keepAlive: true, keepAliveInitialDelay: 60_000, noDelay: true });
    const abort = () => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    // Stays: an error after the handshake must find a listener even while nobody reads.
    socket.on('error', (error) => reject(unreachable(address, error)));
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
  });
}

async function askForTls(socket: Socket, address: TargetAddress, signal: AbortSignal): Promise<void> {
  const reader = new ExactReader(socket, signal);
  try {
    socket.write(sslRequest);
    const answer = String.fromCharCode((await reader.read(1))[0]!);
    if (answer === 'N')
      throw untrusted(
        address,
        'it does not offer TLS, and this connection demands it (tls: disable takes it without)',
      );
    if (answer !== 'S') throw untrusted(address, 'it did not answer the request for TLS');
    // Sent in the clear by whoever sits between, to be taken for the server's own: CVE-2021-23222.
    if (socket.readableLength > 0) throw untrusted(address, 'unencrypted data came before TLS was up');
  } finally {
    reader.release();
  }
}

/**
 * `verify-full`: the chain and the name. `require`: any certificate, or, as libpq does it, the chain without
 * the name where a CA is configured.
 */
async function wrap(socket: Socket, address: TargetAddress, signal: AbortSignal): Promise<TLSSocket> {
  const ca = await authorities(address);
  const verify = address.tls === 'verify-full' || ca !== undefined;
  return new Promise((resolve, reject) => {
    const tls = connectTls({
      socket,
      host: address.host,
      ...(isIP(address.host) === 0 && { servername: address.host }),
      ...(ca !== undefined && { ca }),
      ALPNProtocols: ['postgresql'],
      minVersion: 'TLSv1.2',
      rejectUnauthorized: verify,
      ...(address.tls === 'require' && { checkServerIdentity: () => undefined }),
    });
    const abort = () => {
      tls.destroy();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    tls.on('error', (error: NodeJS.ErrnoException) =>
      reject(untrusted(address, `its certificate is not accepted (${error.code ?? 'TLS failed'})`, error)),
    );
    tls.once('close', () => reject(new ConnectionClosed(0)));
    tls.once('secureConnect', () => {
      signal.removeEventListener('abort', abort);
      resolve(tls);
    });
  });
}

/** `tlsCa` is a path, or the PEM text itself; absent: the system's for verify-full. */
async function authorities({ tlsCa, tls, name }: TargetAddress): Promise<string | string[] | undefined> {
  if (tlsCa === undefined || tlsCa === '') return tls === 'verify-full' ? [...rootCertificates] : undefined;
  if (tlsCa.includes('-----BEGIN')) return tlsCa;
  return readFile(tlsCa, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('TARGET_UNTRUSTED', `the CA file of connection "${name}" can't be read`, { cause });
  });
}

export function unreachable(address: TargetAddress, cause?: unknown): AppError {
  return new AppError('TARGET_UNREACHABLE', `the target of connection "${address.name}" can't be reached`, {
    cause,
  });
}

export function untrusted(address: TargetAddress, why: string, cause?: unknown): AppError {
  return new AppError(
    'TARGET_UNTRUSTED',
    `the target of connection "${address.name}" is not trusted: ${why}`,
    {
      cause,
    },
  );
}
