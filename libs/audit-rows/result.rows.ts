import { isUtf8 } from 'node:buffer';

/** A row as protobuf JSON has it: `{ values: [{ text: 'a' }, {}] }`; a value without text is NULL. */
export interface RecordedRow {
  readonly values: readonly { readonly text?: string }[];
}

/* DataRow  (B): 'D' length:int32 count:int16 [ size:int32 bytes ]*   size = -1 is NULL
   CopyData (B): 'd' length:int32 bytes                               length includes itself, not the type byte */
const dataRow = 0x44;
const copyData = 0x64;

/**
 * Reads the messages of a recorded result into rows for people. `formats` has 0 (text) or 1 (binary) per
 * column; binary values, and text that is not UTF-8, come as hex with `\x` before.
 * Returns undefined where the bytes are not whole messages: the record then keeps them as they are.
 */
export function recordedRows(frames: Uint8Array, formats: readonly number[]): RecordedRow[] | undefined {
  const bytes = Buffer.from(frames.buffer, frames.byteOffset, frames.byteLength);
  const rows: RecordedRow[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 5 > bytes.length) return undefined;
    const end = at + 1 + bytes.readInt32BE(at + 1);
    if (end < at + 5 || end > bytes.length) return undefined;
    const row = recordedRow(bytes.subarray(at, end), formats);
    if (!row) return undefined;
    rows.push(row);
    at = end;
  }
  return rows;
}

function recordedRow(message: Buffer, formats: readonly number[]): RecordedRow | undefined {
  if (message[0] === copyData) return { values: [{ text: asText(message.subarray(5), formats[0] ?? 0) }] };
  return message[0] === dataRow ? dataRowValues(message, formats) : undefined;
}

function dataRowValues(message: Buffer, formats: readonly number[]): RecordedRow | undefined {
  if (message.length < 7) return undefined;
  const count = message.readInt16BE(5);
  const values: { text?: string }[] = [];
  let at = 7;
  for (let i = 0; i < count; i++) {
    if (at + 4 > message.length) return undefined;
    const size = message.readInt32BE(at);
    at += 4;
    if (size < -1 || at + Math.max(size, 0) > message.length) return undefined;
    values.push(size === -1 ? {} : { text: asText(message.subarray(at, at + size), formats[i] ?? 0) });
    at += Math.max(size, 0);
  }
  return at === message.length ? { values } : undefined;
}

function asText(bytes: Buffer, format: number): string {
  return format === 0 && isUtf8(bytes) ? bytes.toString('utf8') : `\\x${bytes.toString('hex')}`;
}
