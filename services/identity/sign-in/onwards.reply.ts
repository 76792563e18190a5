import type { Onwards } from './sign-in.desk.js';

/** The parts of Fastify's reply that are used here. */
export interface Reply {
  status(code: number): Reply;
  header(name: string, value: string | readonly string[]): Reply;
  send(body?: string): unknown;
}

/** Sends the browser on, with its cookies. */
export function goOn(reply: Reply, status: 302 | 303, { to, cookies }: Onwards): void {
  reply.header('cache-control', 'no-store');
  if (cookies.length > 0) reply.header('set-cookie', cookies);
  reply.status(status).header('location', to).send();
}
