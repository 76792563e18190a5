import { crc32 } from 'node:zlib';

/* Record: length:u32 crc32:u32 [ kind:u8 body ]     big-endian; length and crc32 cover kind and body

   kind 1: an encoded envelope
   kind 2: a checkpoint (checkpoint.ts); the first record of every segment */

export const frameBytes = 9;
export const recordKinds = { event: 1, checkpoint: 2 } as const;

export interface JournalRecord {
  readonly kind: number;
  /** A view on the bytes that were read. */
  readonly body: Buffer;
  /** Where the next record begins. */
  readonly end: number;
}

/** Fills in the frame of a record whose body already stands at `at + frameBytes`, up to `end`. */
export function sealRecord(bytes: Buffer, at: number, end: number, kind: number): void {
  bytes[at + 8] = kind;
  bytes.writeUInt32BE(end - at - 8, at);
  bytes.writeUInt32BE(crc32(bytes.subarray(at + 8, end)), at + 4);
}

export function encodeRecord(kind: number, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(frameBytes + body.length);
  bytes.set(body, frameBytes);
  sealRecord(bytes, 0, bytes.length, kind);
  return bytes;
}

/** The record at `at`; undefined where there is no whole and sound one. */
export function readRecord(bytes: Buffer, at: number, limit = bytes.length): JournalRecord | undefined {
  const length = recordLength(bytes, at, limit);
  if (length === undefined || at + length > limit || length < frameBytes) return undefined;
  const end = at + length;
  if (crc32(bytes.subarray(at + 8, end)) !== bytes.readUInt32BE(at + 4)) return undefined;
  return { kind: bytes[at + 8] ?? 0, body: bytes.subarray(at + frameBytes, end), end };
}

/** The whole length of the record at `at`, frame included; undefined where even that is cut off. */
export function recordLength(bytes: Buffer, at: number, limit = bytes.length): number | undefined {
  return at + 4 > limit ? undefined : 8 + bytes.readUInt32BE(at);
}
