import { ALNUM, DIGIT, groupSeparator, kindAt, LETTER } from './bytes.js';

/** Total length per country: the IBAN registry (ISO 13616). */
const lengths: Record<string, number> = {
  AD: 24, AE: 23, AL: 28, AT: 20, AZ: 28, BA: 20, BE: 16, BG: 22, BH: 22, BI: 27, BR: 29, BY: 28, CH: 21,
  CR: 22, CY: 28, CZ: 24, DE: 22, DJ: 27, DK: 18, DO: 28, EE: 20, EG: 29, ES: 24, FI: 18, FK: 18, FO: 18,
  FR: 27, GB: 22, GE: 22, GI: 23, GL: 18, GR: 27, GT: 28, HN: 28, HR: 21, HU: 28, IE: 22, IL: 23, IQ: 23,
  IS: 26, IT: 27, JO: 30, KW: 30, KZ: 20, LB: 28, LC: 32, LI: 21, LT: 20, LU: 20, LV: 21, LY: 25, MC: 27,
  MD: 24, ME: 22, MK: 19, MN: 20, MR: 27, MT: 31, MU: 30, NI: 28, NL: 18, NO: 15, OM: 23, PK: 24, PL: 28,
  PS: 29, PT: 25, QA: 29, RO: 24, RS: 22, RU: 33, SA: 24, SC: 31, SD: 18, SE: 24, SI: 19, SK: 24, SM: 27,
  SO: 23, ST: 25, SV: 28, TL: 23, TN: 24, TR: 26, UA: 29, VA: 22, VG: 24, XK: 20, YE: 30,
}; // prettier-ignore

const lengthOf = new Uint8Array(26 * 26);
for (const [country, length] of Object.entries(lengths)) {
  lengthOf[letter(country.charCodeAt(0)) * 26 + letter(country.charCodeAt(1))] = length;
}

function letter(byte: number): number {
  return (byte & 0xdf) - 0x41;
}

/**
 * An IBAN whose check digits are the two digits at `at` (so it begins two bytes before); returns its end,
 * or -1. In one piece, or in groups of four with one separator each.
 */
export function findIban(bytes: Uint8Array, at: number, start: number, end: number): number {
  const first = at - 2;
  if (first < start || !(kindAt(bytes, first, start, end) & kindAt(bytes, at - 1, start, end) & LETTER))
    return -1;
  if (kindAt(bytes, first - 1, start, end) & ALNUM || !(kindAt(bytes, at + 1, start, end) & DIGIT)) return -1;
  const length = lengthOf[letter(bytes[first]!) * 26 + letter(bytes[at - 1]!)]!;
  if (length === 0) return -1;
  const last = endOfGroups(bytes, first, end, length);
  if (last < 0 || kindAt(bytes, last, start, end) & ALNUM) return -1;
  return remainder(bytes, first, last) === 1 ? last : -1;
}

/** Where `length` letters and digits end, or -1; separators only after each fourth, at all of them or at none. */
function endOfGroups(bytes: Uint8Array, first: number, end: number, length: number): number {
  const grouped = groupSeparator(bytes, first + 4, end) > 0;
  let i = first;
  for (let count = 0; count < length; count++) {
    if (grouped && count > 0 && count % 4 === 0) {
      const separator = groupSeparator(bytes, i, end);
      if (separator === 0) return -1;
      i += separator;
    }
    if (!(kindAt(bytes, i, first, end) & ALNUM)) return -1;
    i++;
  }
  return i;
}

/** ISO 7064 MOD 97-10: the first four characters go last, a letter counts as two digits. */
function remainder(bytes: Uint8Array, first: number, last: number): number {
  return fold(bytes, first, first + 4, fold(bytes, first + 4, last, 0));
}

function fold(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let rest = seed;
  for (let i = from; i < to; i++) {
    const class_ = kindAt(bytes, i, from, to);
    if (class_ & DIGIT) rest = (rest * 10 + bytes[i]! - 0x30) % 97;
    else if (class_ & LETTER) rest = (rest * 100 + letter(bytes[i]!) + 10) % 97;
  }
  return rest;
}
