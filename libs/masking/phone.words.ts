import { ALNUM, DIGIT, kind, kindAt, LETTER, standsAt } from './bytes.js';

/** Words that say that the digits beside them are a telephone's. */
const telling = words([
  'phone', 'phones', 'telephone', 'tel', 'telefon', 'telefono', 'mobile', 'mobil', 'movil', 'cell', 'cellphone',
  'cellular', 'handy', 'landline', 'fax', 'gsm', 'msisdn', 'whatsapp', 'sms', 'call', 'dial', 'phonenumber', 'phoneno',
  'mobileno', 'cellnumber', 'faxnumber', 'homephone', 'workphone', 'mobilephone',
]); // prettier-ignore
/** Words that may stand between: `call me at`, `phone number is`. */
const between = words([
  'number', 'numbers', 'no', 'nr', 'num', 'is', 'at', 'on', 'to', 'me', 'us', 'my', 'our', 'your', 'the', 'or', 'via',
  'office', 'home', 'work', 'personal', 'business', 'new', 'old', 'back', 'under', 'direct',
]); // prettier-ignore
/** Behind the digits: `555 2671 office`. */
const behind = words(['office', 'fax', 'mobile', 'cell', 'home', 'work', 'phone', 'landline']);

const mostWords = 5;
/** A double holds eleven letters as digits to the base 27. */
const longestWord = 11;
const mostMarks = 4;

/** True if a word near [first, last) says that it is a telephone number. Looks at some 80 bytes at most. */
export function saysPhone(
  bytes: Uint8Array,
  first: number,
  last: number,
  start: number,
  end: number,
): boolean {
  return saidBefore(bytes, first, start) || saidBehind(bytes, last, end);
}

function saidBefore(bytes: Uint8Array, first: number, start: number): boolean {
  let i = first - 1;
  for (let words = 0; words < mostWords; words++) {
    for (let marks = 0; i >= start && isMark(bytes[i]!); marks++, i--) if (marks === mostMarks) return false;
    const last = i;
    while (i >= start && kind[bytes[i]!]! & LETTER && last - i <= longestWord) i--;
    if (i === last || last - i > longestWord || isPartOfWord(bytes, i, start, last)) return false;
    const word = wordOf(bytes, i + 1, last + 1);
    if (telling.has(word)) return true;
    if (!between.has(word)) return false;
  }
  return false;
}

/** `… office`, `…-Fax`, `… (mobile)` */
export function saidBehind(bytes: Uint8Array, last: number, end: number): boolean {
  const from = last + 1;
  if (from >= end || (bytes[last] !== 0x20 && bytes[last] !== 0x28 && bytes[last] !== 0x2d)) return false;
  const first = bytes[from] === 0x28 ? from + 1 : from;
  let i = first;
  while (i < end && kind[bytes[i]!]! & LETTER && i - first <= longestWord) i++;
  return !isPartOfWord(bytes, i, first, end) && behind.has(wordOf(bytes, first, i));
}

/** Neither letter nor digit, nor a piece of a multibyte letter. */
function isMark(byte: number): boolean {
  return byte < 0x80 && !(kind[byte]! & ALNUM);
}

function isPartOfWord(bytes: Uint8Array, at: number, start: number, end: number): boolean {
  return at >= start && at < end && !isMark(bytes[at]!);
}

function words(list: readonly string[]): ReadonlySet<number> {
  return new Set(list.map((word) => wordOf(Buffer.from(word), 0, word.length)));
}

/** A word of letters as a number, whatever its case: compared without making a string. */
function wordOf(bytes: Uint8Array, from: number, to: number): number {
  let word = 0;
  for (let i = from; i < to; i++) word = word * 27 + (bytes[i]! & 0x1f);
  return word;
}

const longestExtension = 6;

/** Where an extension that follows at `at` ends (`x123`, ` ext. 123`), or `at`. */
export function findExtension(bytes: Uint8Array, at: number, end: number): number {
  let i = bytes[at] === 0x20 ? at + 1 : at;
  if (i >= end) return at;
  if ((bytes[i]! | 0x20) === 0x78) i++;
  else if (standsAt(bytes, i, end, 'ext')) i += 3;
  else return at;
  if (bytes[i] === 0x2e) i++;
  if (bytes[i] === 0x20) i++;
  const first = i;
  while (kindAt(bytes, i, first, end) & DIGIT && i - first <= longestExtension) i++;
  return i > first && i - first <= longestExtension ? i : at;
}
