import type { Socket } from 'node:net';
import pg from 'pg';
import { MessageScanner } from '#wire';
import type { Contender } from './contender.js';

export interface ReadResult {
  /** From the query's last byte sent to ReadyForQuery. */
  readonly ms: number;
  readonly rows: number;
  readonly bytes: number;
}

const [dataRow, errorResponse, readyForQuery] = [0x44, 0x45, 0x5a];

/**
 * Reads a result as fast as Node can: frames are counted, values never looked at. A client that did more would
 * hide a slower way behind its own work. node-postgres logs in, then hands its socket over.
 */
export async function rawRead(contender: Contender, text: string): Promise<ReadResult> {
  const { host, port, user, password, database } = contender;
  const client = new pg.Client({ host, port, user, password, database, connectionTimeoutMillis: 20_000 });
  await client.connect();
  client.on('error', () => undefined);
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners('data');
  try {
    return await query(stream, text);
  } finally {
    stream.destroy();
  }
}

/* Query (F): 'Q' length:int32 text NUL */
function query(stream: Socket, text: string): Promise<ReadResult> {
  const body = Buffer.from(`${text}\0`);
  const message = Buffer.concat([Buffer.from([0x51, 0, 0, 0, 0]), body]);
  message.writeInt32BE(body.length + 4, 1);
  const scanner = new MessageScanner({ maxLength: 64 * 1024 * 1024 });
  let [rows, bytes] = [0, 0];
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    stream.once('close', () => reject(new Error(`the connection closed after ${rows} rows`)));
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      scanner.push(chunk, (type, buffer, start, end) => {
        if (type === dataRow) rows++;
        else if (type === readyForQuery) resolve({ ms: performance.now() - begun, rows, bytes });
        else if (type === errorResponse)
          reject(new Error(buffer.toString('utf8', start + 5, end).replaceAll('\0', ' ')));
      });
    });
    stream.write(message);
  });
}
