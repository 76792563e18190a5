import { createHmac } from 'node:crypto';
import { type ByteWriter } from './byte-writer.js';
import { DIGIT, HOST, kind, LETTER, LOCAL, SPACE } from './bytes.js';
import type { ColumnMask } from './plan.js';

/**
 * Writes the masked form of value[start, end). What it writes is ASCII without quotes, backslashes, braces,
 * commas or line ends, apart from an e-mail's host, whose other bytes are those of multibyte characters: so
 * it needs no escaping in JSON or an array.
 */
export type ValueTransform = (value: Uint8Array, start: number, end: number, out: ByteWriter) => void;

/** Fixed: its length says nothing about the value's. */
export const wholeMask = '****';
const emailMask = '***';
const hashPrefix = 'hash:';

/** The transform of a mask; undefined for `null`, which writes no value at all. */
export function valueTransform(mask: ColumnMask, key: Uint8Array): ValueTransform | undefined {
  switch (mask.transform) {
    case 'null':
      return undefined;
    case 'whole':
      return whole;
    case 'hash':
      return pseudonym(mask.class, key);
    case 'partial':
      return partials[mask.class] ?? whole;
  }
}

function whole(_value: Uint8Array, _start: number, _end: number, out: ByteWriter): void {
  out.ascii(wholeMask);
}

/** Per class; a value that has not the class's shape is masked whole. */
const partials: Record<string, ValueTransform | undefined> = {
  email: partialEmail,
  card: (value, start, end, out) => lastDigits(value, start, end, out, 12, 4),
  phone: (value, start, end, out) => lastDigits(value, start, end, out, 7, 2),
  iban: partialIban,
};

/** `a***@example.com`: first letter and host. A local part of one letter keeps nothing of it. */
function partialEmail(value: Uint8Array, start: number, end: number, out: ByteWriter): void {
  const first = skipSpace(value, start, end);
  const last = trimSpace(value, first, end);
  let at = first;
  while (at < last && kind[value[at]!]! & LOCAL) at++;
  if (at === first || value[at] !== 0x40 || !isHost(value, at + 1, last)) {
    out.ascii(wholeMask);
    return;
  }
  if (at - first > 1 && value[first]! < 0x80) out.byte(value[first]!);
  out.ascii(emailMask);
  out.copy(value, at, last);
}

function isHost(value: Uint8Array, start: number, end: number): boolean {
  let dotted = false;
  for (let i = start; i < end; i++) {
    if (!(kind[value[i]!]! & HOST)) return false;
    if (value[i] === 0x2e) dotted = true;
  }
  return dotted;
}

/** `****1111`, if there are at least `least` digits and nothing but digits and punctuation of numbers. */
function lastDigits(
  value: Uint8Array,
  start: number,
  end: number,
  out: ByteWriter,
  least: number,
  keep: number,
): void {
  // prettier-ignore
  let digits = 0;
  let from = end;
  let shaped = true;
  for (let i = end - 1; i >= start; i--) {
    const byte = value[i]!;
    if (kind[byte]! & DIGIT) {
      digits++;
      if (digits <= keep) from = i;
    } else if (kind[byte]! & LETTER) {
      shaped = false;
    }
  }
  out.ascii(wholeMask);
  if (!shaped || digits < least) return;
  for (let i = from; i < end; i++) if (kind[value[i]!]! & DIGIT) out.byte(value[i]!);
}

const shortestIban = 15;

/** `DE****3000`: country and the last four. */
function partialIban(value: Uint8Array, start: number, end: number, out: ByteWriter): void {
  const first = skipSpace(value, start, end);
  const last = trimSpace(value, first, end);
  const shaped =
    last - first >= shortestIban &&
    allOf(value, first, first + 2, LETTER) &&
    allOf(value, first + 2, first + 4, DIGIT) &&
    allOf(value, first + 4, last, DIGIT | LETTER | SPACE);
  if (!shaped) {
    out.ascii(wholeMask);
    return;
  }
  out.copy(value, first, first + 2);
  out.ascii(wholeMask);
  // The last four of a printed IBAN may hold a space: count letters and digits only.
  let from = last;
  for (let kept = 0; kept < 4;) if (!(kind[value[--from]!]! & SPACE)) kept++;
  for (let i = from; i < last; i++) if (!(kind[value[i]!]! & SPACE)) out.byte(value[i]!);
}

/**
 * `hash:` and 104 bits of HMAC-SHA-256 over class and value, in lower-case base 32: equal values of one class
 * have equal pseudonyms, in every column, while the key stays. Trailing spaces do not count: char(n) pads.
 */
function pseudonym(className: string, key: Uint8Array): ValueTransform {
  return (value, start, end, out) => {
    const digest = createHmac('sha256', key)
      .update(className)
      .update(separator)
      .update(value.subarray(start, trimSpace(value, start, end)))
      .digest();
    out.ascii(hashPrefix);
    for (let bit = 0; bit < 105; bit += 5) {
      const pair = (digest[bit >> 3]! << 8) | digest[(bit >> 3) + 1]!;
      out.byte(base32.charCodeAt((pair >> (11 - (bit & 7))) & 31));
    }
  };
}

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';
const separator = Buffer.from([0]);

/** True for text that looks like a mask's own output: an agent that writes it back would destroy the value. */
export function isMaskOutput(text: string): boolean {
  return maskOutput.test(text);
}

const maskOutput = /^(?:.?\*{3}@\S+|(?:[A-Za-z]{2})?\*{4}[A-Za-z0-9]{0,4}|hash:[a-z2-7]{21})$/u;

function allOf(value: Uint8Array, start: number, end: number, bits: number): boolean {
  for (let i = start; i < end; i++) if (!(kind[value[i]!]! & bits)) return false;
  return true;
}

function skipSpace(value: Uint8Array, start: number, end: number): number {
  let first = start;
  while (first < end && kind[value[first]!]! & SPACE) first++;
  return first;
}

function trimSpace(value: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && kind[value[last - 1]!]! & SPACE) last--;
  return last;
}
