import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';

/* kafkajs brings gzip alone. Ours is Snappy's own format; Java's producers frame it:
     82 'SNAPPY' 00 version:int32 compatible:int32 [ size:int32 bytes ]*                                      */
const frame = Buffer.from('82534e4150505900', 'hex');
const frameHeaderBytes = 16;

interface Snappy {
  compress(bytes: Buffer): Buffer;
  uncompress(bytes: Buffer): Buffer;
}

const snappy = createRequire(import.meta.url)('snappyjs') as Snappy;

export const snappyCodec = {
  compress: async ({ buffer }: { readonly buffer: Buffer }): Promise<Buffer> => snappy.compress(buffer),
  decompress: async (bytes: Buffer): Promise<Buffer> =>
    bytes.subarray(0, frame.length).equals(frame) ? unframe(bytes) : snappy.uncompress(bytes),
};

/** What is read is of whatever was configured when it was written: every process must know each. */
export function installSnappy(): void {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.Snappy] = () => snappyCodec;
}

function unframe(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = frameHeaderBytes; at < bytes.length;) {
    const end = at + 4 + bytes.readInt32BE(at);
    parts.push(snappy.uncompress(bytes.subarray(at + 4, end)));
    at = end;
  }
  return Buffer.concat(parts);
}
