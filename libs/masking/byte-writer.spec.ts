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
