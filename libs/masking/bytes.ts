/** Byte classes, as bits, so that one table look-up answers several questions. */
export const DIGIT = 1;
export const UPPER = 2;
export const LOWER = 4;
export const LETTER = UPPER | LOWER;
export const ALNUM = DIGIT | LETTER;
/** May stand in the local part of an e-mail address; bytes of multibyte characters too. */
export const LOCAL = 8;
/** May stand in a host name; bytes of multibyte characters too. */
export const HOST = 16;
/** base64url. */
export const TOKEN = 32;
export const SPACE = 64;

export const kind = new Uint8Array(256);

function mark(characters: string, bit: number): void {
  for (const character of characters) kind[character.charCodeAt(0)]! |= bit;
}

const digits = '0123456789';
const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const lower = upper.toLowerCase();
mark(digits, DIGIT);
mark(upper, UPPER);
mark(lower, LOWER);
mark(digits + upper + lower + "._%+-'&", LOCAL);
mark(digits + upper + lower + '.-', HOST);
mark(digits + upper + lower + '_-', TOKEN);
mark(' \t\r\n\f\v', SPACE);
for (let byte = 0x80; byte < 0x100; byte++) kind[byte]! |= LOCAL | HOST;

/** The class of a byte; 0 for a position outside [start, end). */
export function kindAt(bytes: Uint8Array, at: number, start: number, end: number): number {
  return at < start || at >= end ? 0 : kind[bytes[at]!]!;
}

/** True if the ASCII text stands at this position, in this case. */
export function standsAt(bytes: Uint8Array, at: number, end: number, text: string): boolean {
  if (at < 0 || at + text.length > end) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/**
 * Length in bytes of one separator between digit groups, 0 if none stands here: space, hyphen, and their
 * UTF-8 look-alikes (no-break spaces, U+2010 to U+2015, minus).
 */
export function groupSeparator(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at];
  if (at >= end) return 0;
  if (first === 0x20 || first === 0x2d) return 1;
  if (first === 0xc2) return at + 1 < end && bytes[at + 1] === 0xa0 ? 2 : 0;
  if (first !== 0xe2 || at + 2 >= end) return 0;
  const second = bytes[at + 1];
  const third = bytes[at + 2]!;
  if (second === 0x80) return (third >= 0x90 && third <= 0x95) || third === 0xaf ? 3 : 0;
  return second === 0x88 && third === 0x92 ? 3 : 0;
}

export function sameBytes(bytes: Uint8Array, one: number, other: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[one + i] !== bytes[other + i]) return false;
  return true;
}
