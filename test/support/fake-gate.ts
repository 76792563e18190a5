import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ExactReader, type ServerCertificate } from '#wire';
import { readOpening, startupMessage } from '../../services/cli/connect/startup.js';
import type { PostgresServer } from './postgres.js';

export interface FakeGate {
  readonly port: number;
  /** What came as passwords, in order. */
  readonly passwords: string[];
  /** The `database` of each session. */
  readonly databases: (string | undefined)[];
  readonly cancels: { count: number };
  close(): Promise<void>;
}

/** The gate's PostgreSQL door as `weir connect` sees it: TLS, a password in the clear, then a session of `target`. */
export async function startFakeGate(
  target: PostgresServer,
  certificate: ServerCertificate,
): Promise<FakeGate> {
  const passwords: string[] = [];
  const databases: (string | undefined)[] = [];
  const cancels = { count: 0 };
  const sockets = new Set<Socket>();

  const serve = async (plain: Socket) => {
    const first = new ExactReader(plain);
    await first.read(8); // SSLRequest
    first.release();
    plain.write('S');
    const client = new TLSSocket(plain, { isServer: true, ...certificate });
    client.on('error', () => plain.destroy());
    const reader = new ExactReader(client);
    const opening = await readOpening(reader);
    const server = connect(target.port, target.host);
    server.on('error', () => client.destroy());
    if (opening.kind === 'cancel') {
      cancels.count++;
      server.end(opening.packet);
      return;
    }
    databases.push(opening.parameters.get('database'));
    client.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])); // AuthenticationCleartextPassword
    const head = await reader.read(5);
    passwords.push((await reader.read(head.readInt32BE(1) - 4)).toString('utf8', 0, head.readInt32BE(1) - 5));
    reader.release();
    const parameters = new Map([
      ...opening.parameters,
      ['user', target.superuser],
      ['database', target.database],
    ]);
    server.write(startupMessage(opening.version, parameters));
    client.pipe(server).pipe(client);
  };

  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    serve(socket).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    passwords,
    databases,
    cancels,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
}
