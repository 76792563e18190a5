import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { installConnection, type KafkaConnection } from './kafkajs.connection.js';

installConnection();

interface Answer {
  readonly size: number;
  readonly correlationId: number;
  readonly payload: Buffer;
}

type Own = KafkaConnection & { requestQueue: { fulfillRequest: (answer: Answer) => void } };

const Connection = createRequire(import.meta.url)('kafkajs/src/network/connection') as new (
  options: object,
) => Own;
const quiet = { debug() {}, info() {}, warn() {}, error() {}, namespace: () => quiet };

let server: Server;
let connection: Own;
let answers: Answer[];
/** By connection: what the broker (a stand-in: a real one dies in the middle of an answer only by chance) does. */
let plays: ((socket: Socket) => void)[];

beforeEach(async () => {
  plays = [];
  server = createServer((socket) => plays.shift()?.(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  connection = new Connection({
    ...{ host: '127.0.0.1', port, logger: quiet, requestTimeout: 1000, connectionTimeout: 1000 },
    socketFactory: ({ host, onConnect }: { host: string; onConnect: () => void }) =>
      connect(port, host, onConnect),
  });
  answers = [];
  connection.requestQueue.fulfillRequest = (answer) => answers.push(answer);
});
afterEach(() => {
  connection.socket?.destroy();
  server.close();
});

const frame = (correlationId: number, text: string) => {
  const head = Buffer.alloc(8);
  head.writeInt32BE(4 + text.length, 0);
  head.writeInt32BE(correlationId, 4);
  return Buffer.concat([head, Buffer.from(text)]);
};
const gone = () => vi.waitFor(() => expect(connection.isConnected()).toBe(false));

it('reads answers from their beginning after a broker has died in the middle of one', async () => {
  plays = [
    (socket) => socket.end(frame(1, 'half of it never comes').subarray(0, 13)),
    (socket) => socket.write(frame(2, 'whole')),
  ];
  await connection.connect();
  await gone();
  await connection.connect();
  await vi.waitFor(() => expect(answers).toMatchObject([{ correlationId: 2 }]));
});

it('ends a connection that says what is no answer, and this process goes on', async () => {
  plays = [
    (socket) => socket.write(Buffer.from([0, 0, 0, 1, 7])),
    (socket) => socket.write(frame(3, 'whole')),
  ];
  await connection.connect();
  await gone();
  await connection.connect();
  await vi.waitFor(() => expect(answers).toMatchObject([{ correlationId: 3 }]));
});

it('is made once, however many wait for it', async () => {
  const sockets: Socket[] = [];
  plays = [1, 2, 3].map(() => (socket: Socket) => void sockets.push(socket));
  expect(await Promise.all([1, 2, 3].map(() => connection.connect()))).toEqual([true, true, true]);
  await vi.waitFor(() => expect(sockets.length).toBeGreaterThan(0));
  sockets[0]!.write(frame(4, 'whole'));
  await vi.waitFor(() => expect(answers).toMatchObject([{ correlationId: 4 }]));
  expect(sockets).toHaveLength(1);
});

it('is made anew after nobody answered at its door', async () => {
  const { port } = server.address() as AddressInfo;
  server.close();
  await expect(Promise.all([connection.connect(), connection.connect()])).rejects.toThrow('ECONNREFUSED');
  server = createServer((socket) => void socket.write(frame(5, 'whole'))).listen(port, '127.0.0.1');
  await once(server, 'listening');
  await connection.connect();
  await vi.waitFor(() => expect(answers).toMatchObject([{ correlationId: 5 }]));
});
