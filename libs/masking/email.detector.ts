import { DIGIT, HOST, kind, kindAt, LETTER, LOCAL, standsAt } from './bytes.js';
import type { Range } from './span.js';

const longestLocal = 64;
const longestHost = 253;

/** An e-mail address around the `@` at `at`, or undefined. The host needs a dot and a top level of letters. */
export function findEmail(bytes: Uint8Array, at: number, start: number, end: number): Range | undefined {
  let first = at;
  while (first > start && at - first <= longestLocal && kind[bytes[first - 1]!]! & LOCAL) first--;
  while (first < at && bytes[first] === 0x2e) first++;
  if (first === at || at - first > longestLocal || bytes[at - 1] === 0x2e) return undefined;
  const last = endOfHost(bytes, at + 1, end);
  if (last < 0 || isRemote(bytes, first, at, last, end) || isPixelRatio(bytes, at, end)) return undefined;
  return { start: first, end: last };
}

function endOfHost(bytes: Uint8Array, from: number, end: number): number {
  let last = from;
  while (last < end && last - from < longestHost && kind[bytes[last]!]! & HOST) last++;
  // Trailing dots and hyphens end a sentence, not a host.
  while (last > from && (bytes[last - 1] === 0x2e || bytes[last - 1] === 0x2d)) last--;
  let label = last;
  while (label > from && bytes[label - 1] !== 0x2e) label--;
  if (label <= from + 1) return -1;
  return isTopLevel(bytes, label, last) ? last : -1;
}

function isTopLevel(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < 2) return false;
  if (standsAt(bytes, from, to, 'xn--')) return true;
  for (let i = from; i < to; i++) if (!(kind[bytes[i]!]! & LETTER) && bytes[i]! < 0x80) return false;
  return true;
}

/** `git@host:path`: nobody's address. */
function isRemote(bytes: Uint8Array, first: number, at: number, last: number, end: number): boolean {
  return at - first === 3 && standsAt(bytes, first, end, 'git') && last < end && bytes[last] === 0x3a;
}

/** `logo@2x.png`: an image for screens of twice the density. */
function isPixelRatio(bytes: Uint8Array, at: number, end: number): boolean {
  return (kindAt(bytes, at + 1, at, end) & DIGIT) !== 0 && standsAt(bytes, at + 2, end, 'x.');
}
