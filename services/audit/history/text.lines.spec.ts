import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { linesOf } from './text.lines.js';

/** In pieces of so many bytes. */
function pieces(bytes: Buffer, size: number): Readable {
  const count = Math.ceil(bytes.length / size);
  return Readable.from(Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size)));
}

async function read(text: string | Buffer, size = 3, most = 20) {
  const lines: (readonly [number, string])[] = [];
  const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text);
  for await (const { number, text: line, problem } of linesOf(pieces(bytes, size), most))
    lines.push([number, problem ?? line]);
  return lines;
}

describe('the lines of a file', () => {
  it.each([1, 2, 3, 7, 1000])('are those that it has, in pieces of %i bytes', async (size) => {
    expect(await read('grün\n\n€ 12\nlast', size)).toEqual([
      [1, 'grün'],
      [2, ''],
      [3, '€ 12'],
      [4, 'last'],
    ]);
    expect(await read('', size)).toEqual([]);
    expect(await read('one\n', size)).toEqual([[1, 'one']]);
  });

  it('are unpacked, and end where what is packed breaks off', async () => {
    const packed = gzipSync('one\ntwo\n');
    expect(await read(packed)).toEqual([
      [1, 'one'],
      [2, 'two'],
    ]);
    const [last] = (await read(packed.subarray(0, -6))).slice(-1);
    expect(last?.[1]).toBe('the file cannot be read on: unexpected end of file');
  });

  it('are left out where they are too long, and counted', async () => {
    expect(await read(`a\n${'x'.repeat(21)}\nb\n${'y'.repeat(20)}\n`)).toEqual([
      [1, 'a'],
      [2, 'longer than 0.01953125 KiB'],
      [3, 'b'],
      [4, 'y'.repeat(20)],
    ]);
  });

  it('begin without the mark that a file may begin with', async () => {
    expect(await read('\ufeffone\n\ufefftwo')).toEqual([
      [1, 'one'],
      [2, '\ufefftwo'],
    ]);
  });
});
