import { ALNUM, DIGIT, kindAt } from './bytes.js';
import { DigitGroups } from './digit-groups.js';
import { areaGroups, beginsWithDate, isDecimal, trunkGroups } from './phone.shapes.js';
import { findExtension, saidBehind, saysPhone } from './phone.words.js';
import type { Range } from './span.js';

const mostDigits = 15;
const fewestDigits = 7;
const groups = new DigitGroups();

/**
 * A telephone number whose first digit stands at `at`, or undefined:
 * - international: `+`, 8 to 15 digits, groups apart by one of space, hyphen, dot, or in parentheses; or `00`;
 * - North American: (415) 555-2671, 415-555-2671, 1-415-555-2671, by the plan's rules for area and exchange;
 * - national with trunk 0, in groups: 020 7946 0958, 01632 960617, (0362) 175122, 0412-379 0446;
 * - any 7 to 15 digits beside a word that says so: `phone: 08081570508`.
 * An extension (`x123`) belongs to it. Digits in a row, with neither plus nor word, are never taken for one.
 */
export function findPhone(bytes: Uint8Array, at: number, start: number, end: number): Range | undefined {
  const found = findNumber(bytes, at, start, end);
  if (found === undefined) return undefined;
  const last = findExtension(bytes, found.end, end);
  return continues(bytes, last, start, end) ? undefined : { start: found.start, end: last };
}

function findNumber(bytes: Uint8Array, at: number, start: number, end: number): Range | undefined {
  const before = at > start ? bytes[at - 1]! : 0;
  if (before === 0x2b) return international(bytes, at, start, end);
  const first = before === 0x28 ? at - 1 : at;
  if (glued(bytes, first, start, end)) return undefined;
  if (bytes[at] !== 0x30) {
    const last = northAmerican(bytes, at, first, end);
    if (last >= 0) return { start: first, end: last };
  }
  groups.read(bytes, at, end, mostDigits);
  const shaped =
    first < at
      ? areaGroups(groups, bytes[at]!)
      : bytes[at] === 0x30
        ? trunkGroups(groups, zerosAt(bytes, at, end))
        : 0;
  if (shaped > 0) return { start: withEight(bytes, first, start), end: groups.end(shaped) };
  return toldByWord(bytes, first, start, end);
}

/** The same of a row of digits [at, next) with nothing but a word to tell it. */
export function findToldPhone(
  bytes: Uint8Array,
  at: number,
  next: number,
  start: number,
  end: number,
): Range | undefined {
  if (next - at > mostDigits || glued(bytes, at, start, end) || bytes[at - 1] === 0x2f) return undefined;
  if (!saysPhone(bytes, at, next, start, end)) return undefined;
  const last = findExtension(bytes, next, end);
  return continues(bytes, last, start, end) ? undefined : { start: at, end: last };
}

function toldByWord(bytes: Uint8Array, first: number, start: number, end: number): Range | undefined {
  const { count } = groups;
  if (count === 0 || groups.digits(count) < fewestDigits || beginsWithDate(groups) || isDecimal(groups))
    return undefined;
  // A version or an address: `CriOS/40.0.884.0 Mobile/…`.
  if (bytes[first - 1] === 0x2f || (count === 4 && groups.separatedBy(0x2e, 0, count))) return undefined;
  const last = groups.end(count);
  return saysPhone(bytes, first, last, start, end) ? { start: first, end: last } : undefined;
}

/** Russia's trunk digit stands before the area's parentheses: `8 (926) …`. */
function withEight(bytes: Uint8Array, first: number, start: number): number {
  const eight = first - 2;
  const is = bytes[first] === 0x28 && eight >= start && bytes[eight] === 0x38 && bytes[first - 1] === 0x20;
  return is && !glued(bytes, eight, start, first) ? eight : first;
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
  return count < 8 ? undefined : { start: plus, end: last };
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

function zerosAt(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && i - at < 3 && bytes[i] === 0x30) i++;
  return i - at;
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
  if ((bytes[at] !== 0x2d && bytes[at] !== 0x2e) || !(kindAt(bytes, at + 1, start, end) & ALNUM))
    return false;
  return !saidBehind(bytes, at, end);
}
