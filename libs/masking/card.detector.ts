import { ALNUM, DIGIT, groupSeparator, kindAt } from './bytes.js';

const shortest = 13;
const longest = 19;

/**
 * A payment card number that begins with the digit run at `at`; returns its end, or -1.
 * Digits may be grouped by one separator each, as cards are printed: by fours, or 4-6-5 and 4-6-4. The number
 * must have an issuer's prefix and length and pass Luhn, and must not be a part of a longer word or a fraction.
 */
export function findCard(bytes: Uint8Array, at: number, start: number, end: number): number {
  if (!startsNumber(bytes, at, start, end)) return -1;
  let count = 0;
  let prefix = 0;
  let found = -1;
  let i = at;
  for (let groups = 0, bySix = false; ; groups++) {
    const group = i;
    while (i < end && kindAt(bytes, i, at, end) & DIGIT) {
      if (count < 6) prefix = prefix * 10 + bytes[i]! - 0x30;
      count++;
      i++;
      if (count > longest) return found;
    }
    const size = i - group;
    if (groups === 1) bySix = size === 6;
    if (groups > 0 && size > largestGroup(groups, bySix)) return found;
    const ends = endsNumber(bytes, i, start, end);
    if (ends && count >= shortest && isIssued(prefix, count) && passesLuhn(bytes, at, i)) {
      if (count !== shortest || groups > 0 || !isEan13(bytes, at)) found = i;
    }
    const separator = groupSeparator(bytes, i, end);
    const goesOn = separator > 0 && (kindAt(bytes, i + separator, at, end) & DIGIT) !== 0;
    if (!goesOn || size !== (bySix && groups === 1 ? 6 : 4)) return found;
    i += separator;
  }
}

/** By fours, or 4-6-5: how many digits the next group may have, counted from 0. */
function largestGroup(groups: number, bySix: boolean): number {
  if (!bySix) return 4;
  return groups === 1 ? 6 : groups === 2 ? 5 : 0;
}

/** Not glued to a word before it, nor the fraction of a decimal. */
function startsNumber(bytes: Uint8Array, at: number, start: number, end: number): boolean {
  const before = at > start ? bytes[at - 1]! : 0;
  if (kindAt(bytes, at - 1, start, end) & ALNUM || before === 0x5f) return false;
  return before !== 0x2e || !(kindAt(bytes, at - 2, start, end) & DIGIT);
}

/** Not glued to a word after it, nor the integer part of a decimal. */
function endsNumber(bytes: Uint8Array, at: number, start: number, end: number): boolean {
  if (at >= end) return true;
  if (kindAt(bytes, at, start, end) & ALNUM || bytes[at] === 0x5f) return false;
  return bytes[at] !== 0x2e || !(kindAt(bytes, at + 1, start, end) & DIGIT);
}

/** Prefixes as the networks publish them (ISO/IEC 7812); `prefix` is the first six digits. */
function isIssued(prefix: number, count: number): boolean {
  const four = Math.floor(prefix / 100);
  const three = Math.floor(four / 10);
  const two = Math.floor(three / 10);
  switch (Math.floor(two / 10)) {
    case 1:
      return four === 1800 && count === 15; // JCB, of old
    case 2:
      if (four === 2131) return count === 15; // JCB, of old
      return count === 16 && ((four >= 2221 && four <= 2720) || (four >= 2200 && four <= 2204)); // Mastercard, Mir
    case 3:
      if (two === 34 || two === 37) return count === 15; // American Express
      if (two === 36 || two === 38 || two === 39 || (three >= 300 && three <= 305)) return count === 14; // Diners
      return four >= 3528 && four <= 3589 && count >= 16; // JCB
    case 4:
      return count === 13 || count === 16 || count === 19; // Visa
    case 5:
      if (two >= 51 && two <= 55) return count === 16; // Mastercard
      return maestro.has(four);
    case 6:
      if (four === 6011 || two === 65 || (three >= 644 && three <= 649)) return count === 16 || count === 19; // Discover
      return (two === 62 && count >= 16) || maestro.has(four); // UnionPay
    case 8:
      return four >= 8100 && four <= 8171 && count >= 16; // UnionPay
    default:
      return false;
  }
}

const maestro = new Set([5018, 5020, 5038, 5893, 6304, 6759, 6761, 6762, 6763]);

/** ISO/IEC 7812-1, Annex B, over the digits in [start, end); anything else there is a separator. */
export function passesLuhn(bytes: Uint8Array, start: number, end: number): boolean {
  let sum = 0;
  let double = false;
  for (let i = end - 1; i >= start; i--) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) continue;
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
    double = !double;
  }
  return sum % 10 === 0;
}

/** Bar codes of goods from GS1's 400-499 have 13 digits and begin with 4, as the oldest Visa numbers did. */
function isEan13(bytes: Uint8Array, at: number): boolean {
  let sum = 0;
  for (let i = 0; i < 13; i++) sum += (bytes[at + i]! - 0x30) * (i % 2 === 0 ? 1 : 3);
  return sum % 10 === 0;
}
