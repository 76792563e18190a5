import { ALNUM, kind, kindAt, LETTER, LOWER, SPACE, standsAt, TOKEN, UPPER, DIGIT } from './bytes.js';
import type { Range } from './span.js';

// Each detector is called at the rarest byte of its secret's fixed part, so that prose costs nothing.

/** JSON Web Token: `eyJ…` and at least two dots; `at` is the J. */
export function findJwt(bytes: Uint8Array, at: number, start: number, end: number): Range | undefined {
  const first = at - 2;
  if (first < start || bytes[first] !== 0x65 || bytes[at - 1] !== 0x79) return undefined;
  if (kindAt(bytes, first - 1, start, end) & TOKEN) return undefined;
  let dots = 0;
  let last = at;
  for (; last < end; last++) {
    if (bytes[last] === 0x2e) dots++;
    else if (!(kind[bytes[last]!]! & TOKEN)) break;
  }
  return dots >= 2 && last - first >= 36 ? { start: first, end: last } : undefined;
}

/** AWS access key id: AKIA or ASIA and 16 of A-Z, 0-9; `at` is the I. */
export function findAwsKey(bytes: Uint8Array, at: number, start: number, end: number): Range | undefined {
  const first = at - 2;
  const isPrefix = standsAt(bytes, first, end, 'AKIA') || standsAt(bytes, first, end, 'ASIA');
  if (first < start || !isPrefix || kindAt(bytes, first - 1, start, end) & ALNUM) return undefined;
  const last = endOf(bytes, first, end, UPPER | DIGIT);
  return last - first === 20 && !(kindAt(bytes, last, start, end) & LOWER)
    ? { start: first, end: last }
    : undefined;
}

/** Google API key: AIza and 35 of base64url; `at` is the z. */
export function findGoogleKey(bytes: Uint8Array, at: number, start: number, end: number): Range | undefined {
  const first = at - 2;
  if (first < start || !standsAt(bytes, first, end, 'AIza')) return undefined;
  const last = endOf(bytes, first, end, TOKEN);
  return last - first === 39 ? { start: first, end: last } : undefined;
}

/** Prefix and least length of what follows it. The prefix ends in the byte that triggers the look. */
const underscored: readonly (readonly [string, number])[] = [
  ['ghp_', 30], ['gho_', 30], ['ghu_', 30], ['ghs_', 30], ['ghr_', 30], ['github_pat_', 40],
  ['sk_live_', 16], ['sk_test_', 16], ['rk_live_', 16], ['rk_test_', 16], ['whsec_', 20], ['npm_', 36],
]; // prettier-ignore
const hyphenated: readonly (readonly [string, number])[] = [
  ['xoxb-', 10], ['xoxp-', 10], ['xoxa-', 10], ['xoxr-', 10], ['xoxs-', 10], ['xapp-', 10],
  ['glpat-', 20], ['sk-', 32],
]; // prettier-ignore

/** Tokens of GitHub, Stripe, npm (`at` is an underscore) or Slack, GitLab, OpenAI (a hyphen). */
export function findPrefixedToken(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
): Range | undefined {
  if (!(kindAt(bytes, at - 1, start, end) & LOWER)) return undefined;
  for (const [prefix, least] of bytes[at] === 0x5f ? underscored : hyphenated) {
    const first = at + 1 - prefix.length;
    if (first < start || !standsAt(bytes, first, end, prefix)) continue;
    if (kindAt(bytes, first - 1, start, end) & TOKEN) continue;
    const last = endOf(bytes, at + 1, end, TOKEN);
    if (last - at > least) return { start: first, end: last };
  }
  return undefined;
}

const pemBegin = '-----BEGIN ';
const pemEnd = '-----END ';

/** A private key in PEM, to the end of its END line, or of the value if that is missing; `at` is the first hyphen. */
export function findPem(bytes: Uint8Array, at: number, end: number): Range | undefined {
  if (!standsAt(bytes, at, end, pemBegin) || !isPrivate(bytes, at + pemBegin.length, end)) return undefined;
  for (let i = at + pemBegin.length; i < end; i++) {
    if (bytes[i] !== 0x2d || !standsAt(bytes, i, end, pemEnd)) continue;
    let last = i + pemEnd.length;
    while (last < end && bytes[last] !== 0x2d) last++;
    while (last < end && bytes[last] === 0x2d) last++;
    return { start: at, end: last };
  }
  return { start: at, end };
}

function isPrivate(bytes: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i < from + 24 && i < end; i++) if (standsAt(bytes, i, end, 'PRIVATE KEY')) return true;
  return false;
}

/** `scheme://user:password@host`: the password; `at` is the colon of `://`. */
export function findUrlPassword(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
): Range | undefined {
  if (!standsAt(bytes, at, end, '://') || !(kindAt(bytes, at - 1, start, end) & ALNUM)) return undefined;
  let colon = 0;
  for (let i = at + 3; i < end && i < at + 515; i++) {
    const byte = bytes[i]!;
    if (byte === 0x40) return colon > 0 && i > colon + 1 ? { start: colon + 1, end: i } : undefined;
    if (byte === 0x3a && colon === 0) colon = i;
    if (byte === 0x2f || byte === 0x3f || byte === 0x23 || byte === 0x22 || kind[byte]! & SPACE)
      return undefined;
  }
  return undefined;
}

const keyNames = [
  'password', 'passwd', 'pwd', 'secret', 'token', 'api_key', 'apikey', 'api-key', 'access_key', 'accesskey',
  'private_key',
]; // prettier-ignore
const leastSecret = 4;

/** `password=…` and its like in URLs, connection strings and settings: the value; `at` is the equals sign. */
export function findKeyValue(bytes: Uint8Array, at: number, start: number, end: number): Range | undefined {
  const before = bytes[at - 1]! | 0x20;
  if (
    at <= start ||
    !(kind[before]! & LETTER) ||
    !keyNames.some((name) => namesKey(bytes, at, start, name))
  ) {
    return undefined;
  }
  const quote = bytes[at + 1] === 0x22 || bytes[at + 1] === 0x27 ? 1 : 0;
  const first = at + 1 + quote;
  let last = first;
  while (last < end && !endsValue(bytes[last]!)) last++;
  return last - first >= leastSecret && bytes[first] !== 0x2a ? { start: first, end: last } : undefined;
}

function namesKey(bytes: Uint8Array, at: number, start: number, name: string): boolean {
  const first = at - name.length;
  if (first < start) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[first + i]!;
    if ((kind[byte]! & UPPER ? byte | 0x20 : byte) !== name.charCodeAt(i)) return false;
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

function endOf(bytes: Uint8Array, from: number, end: number, bits: number): number {
  let last = from;
  while (last < end && kind[bytes[last]!]! & bits) last++;
  return last;
}
