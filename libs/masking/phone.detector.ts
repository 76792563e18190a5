import { ALNUM, DIGIT, kindAt } from './bytes.js';
import type { Range } from './span.js';

/**
 * A telephone number whose first digit stands at `at`, or undefined:
 * - international: `+`, 8 to 15 digits, groups apart by one of space, hyphen, dot, or in parentheses;
 * - North American: (415) 555-2671, 415-555-2671, 1-415-555-2671, by the plan's rules for area and exchange;
 * - national with trunk 0: ten or eleven digits in three or more groups by one and the same separator.
 * Digits in a row without a plus are never taken for a telephone.
 */
export function findPhone(bytes: Uint8Array, at: number, start: number, end: number): Range | undefined {
  const before = at > start ? bytes[at - 1]! : 0;
  if (before === 0x2b) return international(bytes, at, start, end);
  const first = before === 0x28 ? at - 1 : at;
  if (glued(bytes, first, start, end)) return undefined;
  const last = bytes[at] === 0x30 ? trunk(bytes, at, first, end) : northAmerican(bytes, at, first, end);
  return last < 0 || continues(bytes, last, start, end) ? undefined : { start: first, end: last };
}

function international(bytes: Uint8Array, at: number, start: number, end: number): Range | undefined {
  const plus = at - 1;
  if (bytes[at] === 0x30 || kindAt(bytes, plus - 1, start, end) & ALNUM) return undefined;
  let count = 0;
  let last = at;
  for (let i = at; i < end;) {
    if (kindAt(bytes, i, start, end) & DIGIT) {
      count++;
      last = ++i;
      if (count > 15) return undefined;
    } else {
      const gap = gapLength(bytes, i, end);
      if (gap === 0) break;
      i += gap;
    }
  }
  return count < 8 || continues(bytes, last, start, end) ? undefined : { start: plus, end: last };
}

/** One or two of space, hyphen, dot, slash, parentheses with a digit (or an opening parenthesis) after them. */
function gapLength(bytes: Uint8Array, at: number, end: number): number {
  for (let length = 0; length <= 3; length++) {
    if (kindAt(bytes, at + length, at, end) & DIGIT) return length;
    if (!isGap(bytes[at + length])) return 0;
  }
  return 0;
}

function isGap(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x2d || byte === 0x2e || byte === 0x28 || byte === 0x29 || byte === 0x2f;
}

/** [1 sep] area sep exchange sep line, area and exchange from 200 up. Returns the end, or -1. */
function northAmerican(bytes: Uint8Array, at: number, first: number, end: number): number {
  let i = at;
  let separator = 0;
  if (bytes[i] === 0x31 && first === at && (bytes[i + 1] === 0x2d || bytes[i + 1] === 0x2e)) {
    separator = bytes[i + 1]!;
    i += 2;
  }
  if (!isNanpTriple(bytes, i, end)) return -1;
  i += 3;
  if (first < at) {
    if (bytes[i] !== 0x29) return -1;
    i += bytes[i + 1] === 0x20 ? 2 : 1;
  } else {
    if (bytes[i] !== 0x2d && bytes[i] !== 0x2e) return -1;
    if (separator !== 0 && bytes[i] !== separator) return -1;
    separator = bytes[i]!;
    i++;
  }
  if (!isNanpTriple(bytes, i, end)) return -1;
  const middle = bytes[i + 3];
  const fits = first < at ? middle === 0x2d || middle === 0x2e || middle === 0x20 : middle === separator;
  return fits && digitsAt(bytes, i + 4, end) >= 4 ? i + 8 : -1;
}

function isNanpTriple(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 3 <= end && bytes[at]! >= 0x32 && digitsAt(bytes, at, end) === 3;
}

/** 0d…: groups of two or more digits. Returns the end, or -1. */
function trunk(bytes: Uint8Array, at: number, first: number, end: number): number {
  if (first < at || at + 1 >= end || bytes[at + 1] === 0x30) return -1;
  let i = at;
  let count = 0;
  let groups = 0;
  let separator = 0;
  for (;;) {
    const size = digitsAt(bytes, i, end);
    if (size < 2) return -1;
    groups++;
    count += size;
    if (count > 11) return -1; // or a long row of groups would be read again from each of them
    i += size;
    const next = i < end ? bytes[i]! : 0;
    if (separator === 0 && (next === 0x20 || next === 0x2d || next === 0x2e || next === 0x2f))
      separator = next;
    if (next !== separator || separator === 0 || digitsAt(bytes, i + 1, end) === 0) break;
    i++;
  }
  return groups >= 3 && (count === 10 || count === 11) ? i : -1;
}

function digitsAt(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  const last = Math.min(end, at + 20);
  while (i < last && bytes[i]! >= 0x30 && bytes[i]! <= 0x39) i++;
  return i - at;
}

function glued(bytes: Uint8Array, at: number, start: number, end: number): boolean {
  if (at <= start) return false;
  const before = bytes[at - 1]!;
  return (
    (kindAt(bytes, at - 1, start, end) & ALNUM) !== 0 || before === 0x2d || before === 0x2e || before === 0x5f
  );
}

/** What follows makes it a part of something longer. */
function continues(bytes: Uint8Array, at: number, start: number, end: number): boolean {
  if (at >= end) return false;
  if (kindAt(bytes, at, start, end) & ALNUM || bytes[at] === 0x5f) return true;
  return (bytes[at] === 0x2d || bytes[at] === 0x2e) && (kindAt(bytes, at + 1, start, end) & ALNUM) !== 0;
}
