import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { eventually } from '../support/house.js';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly path: string;
  readonly at: number;
}

/** What a webhook's URL stands for: a real HTTP server that keeps what it gets and answers as it is told. */
export class Receiver {
  readonly received: Received[] = [];
  /** What it answers; 200 unless told otherwise. The body was read before. */
  answer: RequestListener = (_, response) => void response.end();
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { headers, url: path = '' } = request;
      this.received.push({ headers, path, body: Buffer.concat(chunks).toString(), at: Date.now() });
      this.answer(request, response);
    });
  });
  readonly #sockets = new Set<Socket>();

  static async open(host = '127.0.0.1'): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.on('connection', (socket) => receiver.#sockets.add(socket));
    await new Promise<void>((done) => receiver.#server.listen(0, host, done));
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  get ids(): string[] {
    return this.received.map(({ headers }) => String(headers['webhook-id']));
  }

  get bodies(): { type: string; timestamp: string; data: Record<string, unknown> }[] {
    return this.received.map(({ body }) => JSON.parse(body));
  }

  async until(count: number, timeoutMs = 10_000): Promise<void> {
    await eventually(() => this.received.length >= count, timeoutMs);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }
}
