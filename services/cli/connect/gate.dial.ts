import { X509Certificate } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type ConnectionOptions } from 'node:tls';
import { ExactReader, isLoopbackHost } from '#wire';
import { sslRequestMessage } from './startup.js';

/** Milliseconds until the gate's listener must have answered. */
const patience = 10_000;

export interface GateAddress {
  readonly host: string;
  readonly port: number;
  /** PEM: the certificate that the gate must show; absent: one that this machine's authorities vouch for. */
  readonly pinned: string | undefined;
}

/** A TLS connection to the gate's PostgreSQL listener, with the certificate verified. */
export async function dialGate(gate: GateAddress): Promise<Socket> {
  const plain = await dial(gate);
  try {
    plain.write(sslRequestMessage());
    const reader = new ExactReader(plain, AbortSignal.timeout(patience));
    const answer = (await reader.read(1)).toString();
    reader.release();
    if (answer === 'S') return await secure(plain, gate);
    if (answer === 'N' && isLoopbackHost(gate.host) && gate.pinned === undefined) return plain;
    throw new Error('the gate offers no TLS');
  } catch (error) {
    plain.destroy();
    throw error;
  }
}

function dial({ host, port }: GateAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, timeout: patience });
    const fail = (error: Error) => {
      socket.destroy();
      reject(new Error(`the gate's listener at ${host}:${port} cannot be reached: ${error.message}`));
    };
    socket.once('error', fail);
    socket.once('timeout', () => fail(new Error('no answer')));
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.setNoDelay(true);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/* Where the gate makes its own. */
const nameIt =
  'name it with --tls-ca FILE; what a gate made itself is tls/server.crt in its WEIR_SHARED, else WEIR_DATA';

function secure(socket: Socket, { host, pinned }: GateAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const tls = connectTls({
      socket,
      ...(pinned === undefined ? { host, servername: nameOf(host) } : pin(pinned)),
    });
    tls.once('error', (error) =>
      reject(new Error(`the gate's certificate is not accepted: ${error.message} (${nameIt})`)),
    );
    tls.once('secureConnect', () => resolve(tls));
  });
}

/** Trusts this one certificate, whatever name the gate is reached by. */
function pin(pinned: string): ConnectionOptions {
  const { raw } = new X509Certificate(pinned);
  return {
    ca: pinned,
    checkServerIdentity: (host, peer) => (peer.raw.equals(raw) ? undefined : checkServerIdentity(host, peer)),
  };
}

/** TLS names hosts, not addresses. */
function nameOf(host: string): string {
  return /^[\d.:]+$/.test(host) ? '' : host;
}
