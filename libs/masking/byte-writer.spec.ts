import { expect, it } from 'vitest';
import { ByteWriter } from './index.js';

it('grows, keeping what was written', () => {
  const out = new ByteWriter(4);
  const long = Buffer.alloc(100, 0x61);
  out.ascii('ab');
  out.int32(-1);
  out.copy(long, 0, 100);
  out.byte(1);
  out.int16(258);
  out.patchInt32(7, 2);
  const expected = [Buffer.from('ab'), Buffer.from([0, 0, 0, 7]), long, Buffer.from([1, 1, 2])];
  expect(out.view()).toEqual(Buffer.concat(expected));
});

it('keeps a large buffer no longer than until it is reset, and a small one for ever', () => {
  const out = new ByteWriter(4);
  out.ascii('ab');
  const small = out.raw.length;
  out.reset();
  expect([out.position, out.raw.length]).toEqual([0, small]);
  out.copy(Buffer.alloc(100_000), 0, 100_000);
  out.reset();
  expect(out.raw.length).toBe(0);
});

it.each([0, 1, 11, 12, 13, 14, 15, 16, 17, 143, 144, 145, 1000])(
  'copies %i bytes from anywhere to anywhere',
  (length) => {
    const source = Buffer.from(Array.from({ length: 1100 }, (_, i) => (i * 31) & 0xff));
    for (const [from, to] of [
      [0, 0],
      [3, 5],
      [64, 1],
    ] as const) {
      const out = new ByteWriter(8);
      out.ascii('x'.repeat(to));
      out.copy(source, from, from + length);
      const again = new ByteWriter(8);
      again.append(out);
      const expected = Buffer.concat([Buffer.alloc(to, 'x'), source.subarray(from, from + length)]);
      expect([out.view(), again.view()]).toEqual([expected, expected]);
    }
  },
);

it('a source of the same length in another place of one ArrayBuffer is another source', () => {
  const both = Buffer.concat([Buffer.alloc(20, 'a'), Buffer.alloc(20, 'b')]);
  const out = new ByteWriter(8);
  out.copy(both.subarray(0, 20), 0, 20);
  out.copy(both.subarray(20), 0, 20);
  expect(out.view().toString()).toBe('a'.repeat(20) + 'b'.repeat(20));
});
