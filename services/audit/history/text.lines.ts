import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** One line of a file, without its end; or why it cannot be read, nor, where the file breaks off, any that follows. */
export interface TextLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  readonly problem?: string;
  /** Bytes of the file that were read so far, compressed where it is. */
  readonly read: number;
}

/** Of one line; an event has 2 MiB at most, its JSON some more. */
const mostBytes = 16 * 1024 * 1024;
const newline = 0x0a;

/** The lines of a file, or of what is read already; unpacked where it is gzip. */
export async function* linesOf(file: string | Readable, most = mostBytes): AsyncGenerator<TextLine> {
  const source = typeof file === 'string' ? createReadStream(file, { highWaterMark: 1 << 20 }) : file;
  const read = () => ('bytesRead' in source ? Number(source.bytesRead) : 0);
  yield* numbered(await unpacked(source), most, read);
}

type Chunks = AsyncIterable<Buffer>;

/** By its first bytes: a name says nothing of what comes through a pipe. */
async function unpacked(source: Chunks): Promise<Chunks> {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done === true) return Readable.from([]);
  const all = withFirst(first.value, { [Symbol.asyncIterator]: () => chunks });
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) return all;
  // Its errors come out of the end that is read.
  return pipeline(Readable.from(all, { objectMode: false }), createGunzip(), () => undefined);
}

async function* withFirst(first: Buffer, rest: Chunks): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

async function* numbered(source: Chunks, most: number, read: () => number): AsyncGenerator<TextLine> {
  let number = 0;
  try {
    for await (const bytes of split(source, most)) {
      number++;
      const known = { number, read: read() };
      yield bytes
        ? { ...known, text: decoded(bytes, number) }
        : { ...known, text: '', problem: `longer than ${most / 1024} KiB` };
    }
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    yield { number: number + 1, text: '', problem: `the file cannot be read on: ${says}`, read: read() };
  }
}

/** Undefined: what is longer than `most` is counted, not kept. */
async function* split(source: Chunks, most: number): AsyncGenerator<Buffer | undefined> {
  let [parts, length]: [Buffer[], number] = [[], 0];
  const keep = (part: Buffer) => {
    length += part.length;
    parts = length <= most ? [...parts, part] : [];
  };
  for await (const chunk of source) {
    let from = 0;
    for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
      keep(chunk.subarray(from, to));
      yield length <= most ? Buffer.concat(parts) : undefined;
      [parts, length] = [[], 0];
      from = to + 1;
    }
    if (from < chunk.length) keep(chunk.subarray(from));
  }
  if (length > 0) yield length <= most ? Buffer.concat(parts) : undefined;
}

/** Without the byte order mark that some programs begin a file with. */
function decoded(bytes: Buffer, number: number): string {
  const text = bytes.toString('utf8');
  return number === 1 && text.startsWith('\ufeff') ? text.slice(1) : text;
}
