import { ALNUM, DIGIT, kind, kindAt, LETTER, LOWER, SPACE, TOKEN, UPPER } from './bytes.js';
import type { Range } from './span.js';

/** How a key that holds a secret ends: `db_password`, `clientSecret`, `X-Api-Key`. */
const keyNames = [
  'password', 'passwd', 'pwd', 'passphrase', 'secret', 'token', 'apikey', 'accesskey', 'secretkey', 'privatekey',
  'signingkey', 'encryptionkey', 'accountkey', 'authkey', 'credentials', 'authorization',
]; // prettier-ignore
/** By their last byte, so that most words are told by one look. */
const namesBy: (string[] | undefined)[] = [];
for (const name of keyNames) (namesBy[name.charCodeAt(name.length - 1)] ??= []).push(name);

const leastTight = 4;
const leastLoose = 8;
/** Told by so many bytes, or not at all: a row of keys must not be read to its end from each of them. */
const enoughLoose = 256;
const looseMarks = 3;

/**
 * The value of `password=…`, `"api_key": "…"`, `token := '…'` and their like; `at` is the equals sign or the colon.
 * Behind `=` with nothing between, four bytes are a secret; elsewhere, where prose may stand (`password: required`),
 * only what looks like none of it does.
 */
export function findKeyValue(bytes: Uint8Array, at: number, start: number, end: number): Range | undefined {
  const keyEnd = skipBack(bytes, at, start);
  if (!namesSecret(bytes, keyEnd, start)) return undefined;
  const isTight = keyEnd === at && bytes[at] === 0x3d;
  const first = isTight ? afterQuote(bytes, at + 1) : skipAhead(bytes, at + 1, end);
  // A placeholder, or a mask's own output.
  if (bytes[first] === 0x2a) return undefined;
  return isTight ? tight(bytes, first, end) : loose(bytes, first, end);
}

function tight(bytes: Uint8Array, first: number, end: number): Range | undefined {
  let last = first;
  while (last < end && !endsValue(bytes[last]!)) last++;
  return last - first >= leastTight ? { start: first, end: last } : undefined;
}

/** One word of eight or more, with a digit and a letter, or sixteen and more with letters of both cases. */
function loose(bytes: Uint8Array, from: number, end: number): Range | undefined {
  const first = afterScheme(bytes, from, end);
  const enough = Math.min(end, first + enoughLoose);
  let last = first;
  let seen = 0;
  for (; last < enough && isToken(bytes[last]!); last++) seen |= kind[bytes[last]!]!;
  const length = last - first;
  if (length < leastLoose || !(seen & LETTER)) return undefined;
  const isMixed = seen & DIGIT || (length >= 16 && seen & UPPER && seen & LOWER);
  if (!isMixed) return undefined;
  while (last < end && isToken(bytes[last]!)) last++;
  // What calls or indexes something is code: `token = makeToken2(…)`.
  return bytes[last] !== 0x28 && bytes[last] !== 0x5b ? { start: first, end: last } : undefined;
}

/** `Bearer …`, `Basic …` */
function afterScheme(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && i - at < 7 && kind[bytes[i]!]! & LETTER) i++;
  return i - at >= 5 && i - at <= 6 && bytes[i] === 0x20 ? i + 1 : at;
}

/** base64, base64url, hex, and the marks of passwords that people choose. */
function isToken(byte: number): boolean {
  return (kind[byte]! & TOKEN) !== 0 || (byte > 0x20 && byte < 0x7f && !forbidden.has(byte));
}

const forbidden = new Set(Array.from('"\'`<>(){}[],;&\\', (mark) => mark.charCodeAt(0)));

/** Over spaces and quotes, back to the key's last byte; at most three of them. */
function skipBack(bytes: Uint8Array, at: number, start: number): number {
  let i = at;
  for (let marks = 0; marks < looseMarks && i > start; marks++, i--) if (!isLoose(bytes[i - 1]!)) break;
  return i;
}

function skipAhead(bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  // `:=`, `::=`, `=>`
  while (i - from < 3 && (bytes[i] === 0x3a || bytes[i] === 0x3d || bytes[i] === 0x3e)) i++;
  for (let marks = 0; marks < looseMarks && i < end; marks++, i++) if (!isLoose(bytes[i]!)) break;
  return i;
}

function isLoose(byte: number): boolean {
  return byte === 0x20 || byte === 0x22 || byte === 0x27 || byte === 0x60 || byte === 0x5c;
}

function afterQuote(bytes: Uint8Array, at: number): number {
  return bytes[at] === 0x22 || bytes[at] === 0x27 ? at + 1 : at;
}

/** True if the word that ends at `last` ends as a secret's key does; underscores and hyphens in it do not count. */
function namesSecret(bytes: Uint8Array, last: number, start: number): boolean {
  if (last <= start || !(kind[bytes[last - 1]!]! & ALNUM)) return false;
  for (const name of namesBy[bytes[last - 1]! | 0x20] ?? [])
    if (endsWith(bytes, last, start, name)) return true;
  return false;
}

function endsWith(bytes: Uint8Array, last: number, start: number, name: string): boolean {
  let i = last - 1;
  for (let n = name.length - 1; n >= 0; n--, i--) {
    if (n < name.length - 1 && i >= start && (bytes[i] === 0x5f || bytes[i] === 0x2d)) i--;
    if (!(kindAt(bytes, i, start, last) & LETTER) || (bytes[i]! | 0x20) !== name.charCodeAt(n)) return false;
  }
  return true;
}

function endsValue(byte: number): boolean {
  return (
    (kind[byte]! & SPACE) !== 0 ||
    byte === 0x26 ||
    byte === 0x3b ||
    byte === 0x2c ||
    byte === 0x22 ||
    byte === 0x27
  );
}
