import type { ByteWriter, MaskingSet, Span, ValueTransform } from '#masking';
import type { ValueCounts } from './masking-counts.js';

const quote = 0x22;
const backslash = 0x5c;

/** A transform whose output is a JSON string. A JSON string's own text is what is transformed, else the whole. */
export function jsonOf(transform: ValueTransform): ValueTransform {
  return (value, start, end, out) => {
    const isPlain = end - start >= 2 && value[start] === quote && endOfString(value, start, end) === end;
    out.byte(quote);
    // With escapes inside, the text is not taken apart: its shape then fits no `partial`.
    if (isPlain) transform(value, start + 1, end - 1, out);
    else transform(value, start, end, out);
    out.byte(quote);
  };
}

/**
 * Runs the classifiers on every string (keys too) and number of a JSON text and writes it with what they find
 * replaced; false if they find nothing. Spans are replaced in place, so all else keeps its bytes; a number
 * becomes a string.
 */
export function classifyJson(
  set: MaskingSet,
  counts: ValueCounts,
  value: Buffer,
  start: number,
  end: number,
  out: ByteWriter,
): boolean {
  let kept = start;
  for (let i = start; i < end;) {
    const byte = value[i]!;
    if (byte === quote) {
      const last = endOfString(value, i, end);
      const spans = spansOfString(set, value, i + 1, last - 1);
      if (spans !== undefined) kept = replace(set, counts, spans, value, kept, out);
      i = last;
    } else if (isNumeric(byte)) {
      const last = endOfNumber(value, i, end);
      const spans = set.findSpans(value, i, last);
      if (spans !== undefined) {
        out.copy(value, kept, i);
        out.byte(quote);
        kept = replace(set, counts, spans, value, i, out);
        out.copy(value, kept, last);
        out.byte(quote);
        kept = last;
      }
      i = last;
    } else {
      i++;
    }
  }
  if (kept === start) return false;
  out.copy(value, kept, end);
  return true;
}

interface RawSpan extends Span {
  /** What the span says where it holds escapes: its unescaped bytes. */
  readonly text?: Buffer;
}

/** Writes from `kept` through the last span, replaced; returns where that span ends. */
function replace(
  set: MaskingSet,
  counts: ValueCounts,
  spans: readonly RawSpan[],
  value: Buffer,
  kept: number,
  out: ByteWriter,
): number {
  let from = kept;
  for (const span of spans) {
    counts.add(span.class);
    out.copy(value, from, span.start);
    if (span.text === undefined) set.writeSpan(span, value, out);
    else set.writeSpan({ class: span.class, start: 0, end: span.text.length }, span.text, out);
    from = span.end;
  }
  return from;
}

/** Spans in raw offsets of a string's inside. Escapes are undone first: `bob\u0040example.com` is an address. */
function spansOfString(
  set: MaskingSet,
  value: Buffer,
  start: number,
  end: number,
): readonly RawSpan[] | undefined {
  if (!hasEscape(value, start, end)) return set.findSpans(value, start, end);
  const { text, rawAt } = unescape(value, start, end);
  return set.findSpans(text, 0, text.length)?.map((span) => ({
    class: span.class,
    start: rawAt[span.start]!,
    end: rawAt[span.end]!,
    text: text.subarray(span.start, span.end),
  }));
}

function hasEscape(value: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (value[i] === backslash) return true;
  return false;
}

/** The text of a string's inside, and for each of its bytes (and its end) where that stands in the raw value. */
function unescape(value: Buffer, start: number, end: number): { text: Buffer; rawAt: Int32Array } {
  const text = Buffer.allocUnsafe(end - start);
  const rawAt = new Int32Array(end - start + 1);
  let length = 0;
  for (let i = start; i < end;) {
    const size = value[i] === backslash ? (value[i + 1] === 0x75 ? 6 : 2) : 1;
    // A surrogate pair gives two sequences of three bytes here: no classifier looks inside such characters.
    const bytes = size === 1 ? undefined : escaped(value, i, size, end);
    if (bytes === undefined) {
      rawAt[length] = i;
      text[length++] = value[i]!;
      i++;
      continue;
    }
    for (const byte of bytes) {
      rawAt[length] = i;
      text[length++] = byte;
    }
    i += size;
  }
  rawAt[length] = end;
  return { text: text.subarray(0, length), rawAt };
}

const shortEscapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function escaped(value: Buffer, at: number, size: number, end: number): readonly number[] | undefined {
  if (at + size > end) return undefined;
  const letter = String.fromCharCode(value[at + 1]!);
  if (size === 2) return [(shortEscapes[letter] ?? letter).charCodeAt(0)];
  const code = Number.parseInt(value.toString('latin1', at + 2, at + 6), 16);
  if (Number.isNaN(code)) return undefined;
  if (code < 0x80) return [code];
  if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)];
  return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
}

/** Past the closing quote; the value's end if there is none. */
function endOfString(value: Uint8Array, start: number, end: number): number {
  for (let i = start + 1; i < end; i++) {
    if (value[i] === backslash) i++;
    else if (value[i] === quote) return i + 1;
  }
  return end;
}

function isNumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d;
}

/** Past digits, sign, point and exponent. */
function endOfNumber(value: Buffer, start: number, end: number): number {
  let i = start + 1;
  while (
    i < end &&
    (isNumeric(value[i]!) || value[i] === 0x2e || value[i] === 0x2b || (value[i]! | 0x20) === 0x65)
  )
    i++;
  return i;
}
