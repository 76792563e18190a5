import fc from 'fast-check';
import { expect, it } from 'vitest';
import { snappyCodec } from './snappy.codec.js';

const { compress, decompress } = snappyCodec;

it('gives back what it was given', async () => {
  const bytes = fc.uint8Array({ maxLength: 200_000, size: 'max' }).map((array) => Buffer.from(array));
  await fc.assert(
    fc.asyncProperty(bytes, async (buffer) => {
      expect((await decompress(await compress({ buffer }))).equals(buffer)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

it("reads what Java's producers frame", async () => {
  const [first, second] = [Buffer.from('first '.repeat(20)), Buffer.from('second')];
  const block = async (buffer: Buffer) => {
    const bytes = await compress({ buffer });
    const size = Buffer.alloc(4);
    size.writeInt32BE(bytes.length);
    return Buffer.concat([size, bytes]);
  };
  const header = Buffer.from('82534e415050590000000001' + '00000001', 'hex');
  const framed = Buffer.concat([header, await block(first), await block(second)]);
  expect(await decompress(framed)).toEqual(Buffer.concat([first, second]));
});

it('throws at bytes that are none', async () => {
  await expect(decompress(Buffer.from('ff'.repeat(20), 'hex'))).rejects.toThrow('Snappy');
});
