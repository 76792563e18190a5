import { DIGIT, kindAt } from './bytes.js';

const mostGroups = 8;

/**
 * Digits in groups, as people write numbers: with one to three of space, hyphen, dot, slash and parentheses between
 * them. One is read over and over, so that a number costs no allocation.
 */
export class DigitGroups {
  /** Groups there are. */
  count = 0;
  readonly sizes = new Uint8Array(mostGroups);
  /** The first byte after a group that another follows; 0 after the last. */
  readonly separators = new Uint8Array(mostGroups);
  private readonly ends = new Float64Array(mostGroups);

  /** Reads the groups from `at`, a digit, as long as they have no more digits than `most`. Bounded, however long the row. */
  read(bytes: Uint8Array, at: number, end: number, most: number): void {
    let digits = 0;
    let i = at;
    for (this.count = 0; this.count < mostGroups;) {
      const size = digitsAt(bytes, i, end, most);
      digits += size;
      if (digits > most) break;
      i += size;
      const gap = gapLength(bytes, i, end);
      this.sizes[this.count] = size;
      this.ends[this.count] = i;
      this.separators[this.count] = gap === 0 ? 0 : bytes[i]!;
      this.count++;
      if (gap === 0) return;
      i += gap;
    }
  }

  /** Where the first `count` groups end. */
  end(count: number): number {
    return this.ends[count - 1]!;
  }

  /** Digits of the first `count` groups. */
  digits(count: number): number {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += this.sizes[i]!;
    return sum;
  }

  /** True if the separators between the first `count` groups, from the one after `first` on, are this byte. */
  separatedBy(byte: number, first: number, count: number): boolean {
    for (let i = first; i < count - 1; i++) if (this.separators[i] !== byte) return false;
    return true;
  }

  /** True if one of the first `count` groups is a single digit. */
  hasSingle(count: number): boolean {
    for (let i = 0; i < count; i++) if (this.sizes[i] === 1) return true;
    return false;
  }
}

/** How many digits stand here; counts no further than one more than `most`. */
function digitsAt(bytes: Uint8Array, at: number, end: number, most: number): number {
  let i = at;
  const last = Math.min(end, at + most + 1);
  while (i < last && bytes[i]! >= 0x30 && bytes[i]! <= 0x39) i++;
  return i - at;
}

/** Bytes between two digits, or 0. */
function gapLength(bytes: Uint8Array, at: number, end: number): number {
  for (let length = 0; length < 3; length++) {
    if (at + length >= end || !isGap(bytes[at + length]!)) return 0;
    if (kindAt(bytes, at + length + 1, at, end) & DIGIT) return length + 1;
  }
  return 0;
}

function isGap(byte: number): boolean {
  return byte === 0x20 || byte === 0x2d || byte === 0x2e || byte === 0x28 || byte === 0x29 || byte === 0x2f;
}
