import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { AppError } from '#kernel';

/** Milliseconds that a refused client's socket may live on. */
const LINGER = 5_000;

export interface ListenerOptions {
  readonly host: string;
  /** 0: any free one; `Listener.port` tells. */
  readonly port: number;
  readonly maxConnections: number;
  /** Serves one client; what it throws goes to `onError` and costs this client alone its socket. */
  readonly serve: (socket: Socket) => Promise<void>;
  /** Tells a client over the limit so, and ends its socket. */
  readonly refuse: (socket: Socket) => void;
  readonly onError: (error: unknown, remoteAddress: string | undefined) => void;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Sockets that are open now. */
  readonly connections: number;
  /** Takes no more clients; resolves when those there are have gone, or were destroyed after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Listens for one protocol's clients. Throws CONFIG_INVALID where the address can't be had. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) =>
    take(socket, sockets, options),
  );
  await bind(server, options);
  // After the bind: running out of file descriptors must not end the process.
  server.on('error', (error) => options.onError(error, undefined));
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    get connections() {
      return sockets.size;
    },
    close: (graceMs) => drain(server, sockets, graceMs),
  };
}

function take(socket: Socket, sockets: Set<Socket>, options: ListenerOptions): void {
  // Stays for the socket's life: whoever serves it hears of errors by its close.
  socket.on('error', () => undefined);
  if (sockets.size >= options.maxConnections) {
    options.refuse(socket);
    return;
  }
  const { remoteAddress } = socket;
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  Promise.resolve()
    .then(() => options.serve(socket))
    .catch((error: unknown) => {
      // It may still be reading why; a socket under TLS must not be ended from below.
      setTimeout(() => socket.destroy(), LINGER).unref();
      options.onError(error, remoteAddress);
    });
}

function bind(server: Server, { host, port }: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new AppError('CONFIG_INVALID', `can't listen on ${host}:${port} (${cause.code})`, { cause })),
    );
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function drain(server: Server, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
