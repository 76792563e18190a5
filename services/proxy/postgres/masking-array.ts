import { ByteWriter } from '#masking';
import { type Rewritten, NULLED, UNCHANGED, type ValueRewriter, WRITTEN } from './masking-value.js';

/*
 * Array (text):  [lower:upper]…= { item , item … }      the bounds only where they are not 1
 * item:          {…} | NULL | word | "quoted, with \" and \\"
 * Array (binary): ndim:int32 hasNull:int32 elementOid:int32 [ size:int32 lower:int32 ]*ndim [ size:int32 bytes ]*
 */

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const open = 0x7b;
const close = 0x7d;
const maxDimensions = 6;

// Of one masked element, as it begins.
const usualElement = 256;

/** Rewrites each element of an array in text. An array that can't be read becomes NULL. */
export function rewriteTextArray(
  element: ValueRewriter,
  value: Buffer,
  start: number,
  end: number,
  out: ByteWriter,
): Rewritten {
  const masked = new ByteWriter(usualElement);
  let kept = start;
  let i = value.indexOf(open, start);
  if (i < 0 || i >= end) return NULLED;
  while (i < end) {
    const byte = value[i]!;
    if (byte === open || byte === close || byte === comma || byte === 0x20) {
      i++;
      continue;
    }
    const next = byte === quote ? endOfQuoted(value, i, end) : endOfWord(value, i, end);
    if (next < 0) return NULLED;
    const rewritten = isNullWord(value, i, next) ? UNCHANGED : rewriteItem(element, value, i, next, masked);
    if (rewritten !== UNCHANGED) {
      out.copy(value, kept, i);
      if (rewritten === WRITTEN) writeQuoted(masked.view(), out);
      else out.ascii('NULL');
      kept = next;
    }
    i = next;
  }
  if (kept === start) return UNCHANGED;
  out.copy(value, kept, end);
  return WRITTEN;
}

/** The new form of an item goes to `masked`. */
function rewriteItem(
  element: ValueRewriter,
  value: Buffer,
  start: number,
  end: number,
  masked: ByteWriter,
): Rewritten {
  const quoted = value[start] === quote ? 1 : 0;
  const from = start + quoted;
  const to = end - quoted;
  masked.reset();
  if (!hasEscape(value, from, to)) return element(value, from, to, masked);
  const item = unescape(value, from, to);
  return element(item, 0, item.length, masked);
}

function writeQuoted(item: Buffer, out: ByteWriter): void {
  out.byte(quote);
  for (const byte of item) {
    if (byte === quote || byte === backslash) out.byte(backslash);
    out.byte(byte);
  }
  out.byte(quote);
}

/** Past the closing quote, or -1. */
function endOfQuoted(value: Buffer, start: number, end: number): number {
  for (let i = start + 1; i < end; i++) {
    if (value[i] === backslash) i++;
    else if (value[i] === quote) return i + 1;
  }
  return -1;
}

function endOfWord(value: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end && value[i] !== comma && value[i] !== close && value[i] !== open && value[i] !== quote) {
    i += value[i] === backslash ? 2 : 1;
  }
  return i > end || value[i] === quote || value[i] === open ? -1 : i;
}

function isNullWord(value: Buffer, start: number, end: number): boolean {
  return end - start === 4 && value.toString('latin1', start, end).toUpperCase() === 'NULL';
}

function hasEscape(value: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (value[i] === backslash) return true;
  return false;
}

function unescape(value: Buffer, start: number, end: number): Buffer {
  const bytes = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let i = start; i < end; i++) {
    if (value[i] === backslash && i + 1 < end) i++;
    bytes[length++] = value[i]!;
  }
  return bytes.subarray(0, length);
}

/** Rewrites each element of an array in binary. An array that can't be read becomes NULL. */
export function rewriteBinaryArray(
  element: ValueRewriter,
  value: Buffer,
  start: number,
  end: number,
  out: ByteWriter,
): Rewritten {
  const first = firstElement(value, start, end);
  if (first < 0) return NULLED;
  const masked = new ByteWriter(usualElement);
  const before = out.position;
  let kept = start;
  let nulls = false;
  for (let i = first; i < end;) {
    const size = i + 4 <= end ? value.readInt32BE(i) : -2;
    const from = i + 4;
    if (size < -1 || from + size > end) return NULLED;
    i = size === -1 ? from : from + size;
    if (size === -1) continue;
    masked.reset();
    const rewritten = element(value, from, i, masked);
    if (rewritten === UNCHANGED) continue;
    out.copy(value, kept, from - 4);
    if (rewritten === WRITTEN) {
      out.int32(masked.position);
      out.append(masked);
    } else {
      out.int32(-1);
      nulls = true;
    }
    kept = i;
  }
  if (kept === start) return UNCHANGED;
  out.copy(value, kept, end);
  if (nulls) out.patchInt32(1, before + 4);
  return WRITTEN;
}

/** Where the first element stands, or -1; checks that the header's dimensions fit. */
function firstElement(value: Buffer, start: number, end: number): number {
  if (end - start < 12) return -1;
  const dimensions = value.readInt32BE(start);
  const first = start + 12 + dimensions * 8;
  return dimensions < 0 || dimensions > maxDimensions || first > end ? -1 : first;
}
