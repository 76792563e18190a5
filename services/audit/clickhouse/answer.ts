import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliCompress, createDeflate, createGzip, constants } from 'node:zlib';

/** Bytes that are handed on at once. */
const piece = 64 * 1024;
/** Milliseconds that a client may take nothing before it is let go. */
const patience = 60_000;

const packers: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', () => createGzip({ level: 3 })],
  ['br', () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 3 } })],
  ['deflate', () => createDeflate({ level: 3 })],
] as [string, () => Transform][]);

/** The first encoding of ours that the client takes; a list of qualities is not weighed, but `q=0` means no. */
export function encodingFor(request: IncomingMessage): string | undefined {
  const taken = String(request.headers['accept-encoding'] ?? '')
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter((each) => !/;\s*q=0(?:\.0*)?$/.test(each))
    .map((each) => each.split(';')[0]?.trim());
  return [...packers.keys()].find((encoding) => taken.includes(encoding));
}

/** Sends a body at the client's pace, packed if `encoding` says so. Resolves once it is sent or the client is gone. */
export async function sendBody(response: ServerResponse, body: Buffer, encoding?: string): Promise<void> {
  const packer = encoding === undefined ? undefined : packers.get(encoding)?.();
  if (packer && encoding !== undefined) response.setHeader('content-encoding', encoding);
  else response.setHeader('content-length', body.length);
  response.setHeader('vary', 'accept-encoding');
  response.setTimeout(patience, () => response.destroy());
  const source = Readable.from(pieces(body), { objectMode: false });
  await (packer ? pipeline(source, packer, response) : pipeline(source, response)).catch(() => undefined);
}

function* pieces(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += piece) yield body.subarray(at, at + piece);
}
