import { createServer, type Server, type Socket } from 'node:net';
import { ExactReader, endGently, tie } from '#wire';
import { dialGate, type GateAddress } from './gate.dial.js';
import { fatalError, passwordMessage, readOpening, startupMessage, type Opening } from './startup.js';

/** Milliseconds a local client has to say who it is. */
const startupPatience = 15_000;

export interface LocalListenerOptions {
  readonly connection: string;
  readonly gate: GateAddress;
  /** Called for every client: a token that has not expired. */
  readonly token: () => Promise<string>;
  /** Told what went wrong with one client; the listener goes on. */
  readonly onError: (message: string) => void;
}

/** PostgreSQL clients on loopback, without passwords; each gets a session of its own at the gate. */
export function createLocalListener(options: LocalListenerOptions): Server {
  return createServer((client) => {
    client.setNoDelay(true);
    client.on('error', () => client.destroy());
    serve(client, options).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      options.onError(message);
      if (!client.destroyed) client.write(fatalError('08001', message));
      endGently(client);
    });
  });
}

async function serve(client: Socket, options: LocalListenerOptions): Promise<void> {
  const reader = new ExactReader(client, AbortSignal.timeout(startupPatience));
  const opening = await readOpening(reader).finally(() => reader.release());
  const gate = await dialGate(options.gate);
  if (opening.kind === 'cancel') {
    gate.on('error', () => gate.destroy());
    gate.end(opening.packet);
    client.end();
    return;
  }
  tie(client, gate, () => undefined);
  gate.write(startupFor(opening, options.connection));
  if (await passwordIsAsked(gate, client)) gate.write(passwordMessage(await options.token()));
  client.pipe(gate);
  gate.pipe(client);
}

/** The gate knows a connection by the database's name; `user` is free text there, for people. */
function startupFor({ version, parameters }: Opening & { kind: 'startup' }, connection: string): Buffer {
  return startupMessage(version, new Map([...parameters, ['database', connection]]));
}

/* Authentication (R): 'R' length:int32 kind:int32 …   kind 3 asks for the password in the clear, inside TLS */

/** Hands the client whatever comes before the gate asks for the password; false if it never does. */
async function passwordIsAsked(gate: Socket, client: Socket): Promise<boolean> {
  const reader = new ExactReader(gate, AbortSignal.timeout(startupPatience));
  try {
    for (;;) {
      const head = await reader.read(5);
      const type = String.fromCharCode(head[0] ?? 0);
      const body = await reader.read(Math.min(Math.max(head.readInt32BE(1) - 4, 0), 65_536));
      if (type === 'R' && body.readInt32BE(0) === 3) return true;
      client.write(Buffer.concat([head, body]));
      if (type === 'R' || type === 'E') return false; // in already, or refused
    }
  } finally {
    reader.release();
  }
}
