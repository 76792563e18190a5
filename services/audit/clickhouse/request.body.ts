import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { badArgument, notImplemented, ProtocolException } from './exception.js';

/** Bytes, packed and unpacked; a query is shorter, this leaves it room for blanks around. */
const maxBody = 128 * 1024;

type Unpack = (packed: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const unpackers: ReadonlyMap<string, Unpack> = new Map([
  ['identity', (plain: Buffer) => Promise.resolve(plain)],
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
] as [string, Unpack][]);

/** The body as text, unpacked; bounded at every step, so that a small body can't become a large one. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const unpack = unpackers.get(request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity');
  if (!unpack) throw notImplemented('Content-Encoding may be gzip, deflate or br here');
  if (/^multipart\//i.test(request.headers['content-type'] ?? ''))
    throw notImplemented('external tables and multipart forms are not taken here');
  const packed = await readBounded(request);
  const body = await unpack(packed, { maxOutputLength: maxBody }).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong();
    throw badArgument('the body cannot be unpacked');
  });
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw badArgument('the query is not UTF-8');
  }
}

/** By its events: an iterator that is left early would close the socket before the refusal is told. */
function readBounded(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBody) chunks.push(chunk);
      else reject(tooLong());
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => reject(badArgument('the body is cut off')));
  });
}

const tooLong = () =>
  new ProtocolException(
    62,
    'SYNTAX_ERROR',
    413,
    `Max query size exceeded: a body has at most ${maxBody} bytes`,
  );
