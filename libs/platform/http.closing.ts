import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** What requests under way get once the server closes. Milliseconds. */
const graceMs = 5_000;
const lookEvery = 100;

/**
 * Call what it gives when the server closes: then no client holds it for longer than the grace. Browsers open connections
 * ahead, and Node counts one that never had a request among the busy; a kept-alive one that falls idle only afterwards, too.
 */
export function closingInTime(server: Server): () => void {
  const silent = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }) => silent.delete(socket));
  return () => {
    const look = setInterval(() => {
      server.closeIdleConnections();
      for (const socket of silent) socket.destroy();
    }, lookEvery);
    const late = setTimeout(() => server.closeAllConnections(), graceMs);
    server.once('close', () => {
      clearInterval(look);
      clearTimeout(late);
    });
  };
}
