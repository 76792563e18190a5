import { DIGIT, kind, LETTER } from './bytes.js';
import { findCard } from './card.detector.js';
import { findEmail } from './email.detector.js';
import { findIban } from './iban.detector.js';
import { findPhone, findToldPhone } from './phone.detector.js';
import { findKeyValue } from './key-value.detector.js';
import {
  findAwsKey,
  findGoogleKey,
  findJwt,
  findPem,
  findPrefixedToken,
  findUrlPassword,
} from './secret.detector.js';
import type { Range, Span } from './span.js';
import { findSsn } from './ssn.detector.js';

/**
 * The pre-filter: only a byte marked here starts a detector, so that most bytes of prose and identifiers
 * cost one table look-up. A trigger is the rarest byte of what it finds (the J of a JWT's `eyJ`).
 */
const trigger = new Uint8Array(256);
for (const byte of '0123456789@_-=:JIz') trigger[byte.charCodeAt(0)] = 1;

/** What the built-in classifiers find in value[start, end), in order and without overlap; undefined if nothing. */
export function findBuiltin(value: Uint8Array, start: number, end: number): Span[] | undefined {
  let spans: Span[] | undefined;
  let i = start;
  // Where the last span ended: nothing is looked for behind it.
  let free = start;
  for (;;) {
    while (i < end && trigger[value[i]!] === 0) i++;
    if (i >= end) return spans;
    const byte = value[i]!;
    let span: Span | undefined;
    let next = i + 1;
    if (kind[byte]! & DIGIT) {
      // A number is looked at once, from its first digit.
      while (next < end && kind[value[next]!]! & DIGIT) next++;
      const date = next - i === 4 ? skipDate(value, next, end) : next;
      if (date > next) next = date;
      else if (mayBeNumber(value, i, next, free, end)) span = inDigits(value, i, free, end);
      else if (next - i >= shortestPhone && (i - free >= shortestWord || end - next >= shortestWord))
        span = named('phone', findToldPhone(value, i, next, free, end));
    } else {
      span = atMark(value, i, free, end);
    }
    if (span !== undefined) {
      (spans ??= []).push(span);
      next = free = span.end;
    }
    i = next;
  }
}

const shortestCard = 13;
const shortestPhone = 7;
/** `tel` and a mark. */
const shortestWord = 4;

/**
 * What every detector of numbers needs of the digit run [at, next) and its neighbours: enough digits for a card,
 * a letter, plus or parenthesis before it, or a separator with another digit behind it.
 */
function mayBeNumber(value: Uint8Array, at: number, next: number, start: number, end: number): boolean {
  const length = next - at;
  if (length >= shortestCard) return true;
  const before = at > start ? value[at - 1]! : 0x20;
  if (before === 0x28) return true;
  const isJoined = mayGoOn(value, next, end);
  if (before === 0x2b) return isJoined || length >= shortestPhone;
  if (kind[before]! & LETTER) return length >= 2 && at - 2 >= start && (kind[value[at - 2]!]! & LETTER) !== 0;
  // The seconds of a time of day.
  if (before === 0x3a && at - 2 >= start && kind[value[at - 2]!]! & DIGIT) return false;
  return isJoined;
}

/** True if a separator stands at `next` and another digit, or a parenthesis, behind it. */
function mayGoOn(value: Uint8Array, next: number, end: number): boolean {
  if (next + 1 >= end) return false;
  const after = value[next]!;
  if (after === 0x20 || after === 0x2d || after === 0x2e || after === 0x2f)
    return (kind[value[next + 1]!]! & DIGIT) !== 0 || value[next + 1] === 0x28;
  return after === 0x28 || after === 0xc2 || after === 0xe2;
}

/** Where an ISO date that begins with the four digits before `next` ends, or `next`: rows are full of them. */
function skipDate(value: Uint8Array, next: number, end: number): number {
  const last = next + 6;
  if (last > end || value[next] !== 0x2d || value[next + 3] !== 0x2d) return next;
  if (value[next + 1]! > 0x31 || value[next + 4]! > 0x33) return next;
  if (
    !(
      kind[value[next + 1]!]! &
      kind[value[next + 2]!]! &
      kind[value[next + 4]!]! &
      kind[value[next + 5]!]! &
      DIGIT
    )
  )
    return next;
  const after = last < end ? value[last]! : 0x20;
  return after === 0x20 || after === 0x54 ? last : next;
}

/** `at` is the first digit of a run. */
function inDigits(value: Uint8Array, at: number, start: number, end: number): Span | undefined {
  const iban = findIban(value, at, start, end);
  if (iban >= 0) return { class: 'iban', start: at - 2, end: iban };
  const card = findCard(value, at, start, end);
  if (card >= 0) return { class: 'card', start: at, end: card };
  // Behind a plus, groups of three, two and four are a telephone's.
  const ssn = at > start && value[at - 1] === 0x2b ? -1 : findSsn(value, at, start, end);
  if (ssn >= 0) return { class: 'ssn', start: at, end: ssn };
  return named('phone', findPhone(value, at, start, end));
}

function atMark(value: Uint8Array, at: number, start: number, end: number): Span | undefined {
  switch (value[at]) {
    case 0x40: // @
      return named('email', findEmail(value, at, start, end));
    case 0x5f: // _
      return named('secret', findPrefixedToken(value, at, start, end));
    case 0x2d: // -
      return named('secret', findPem(value, at, end) ?? findPrefixedToken(value, at, start, end));
    case 0x3d: // =
      return named('secret', findKeyValue(value, at, start, end));
    case 0x3a: // :
      return named('secret', findUrlPassword(value, at, start, end) ?? findKeyValue(value, at, start, end));
    case 0x4a: // J
      return named('secret', findJwt(value, at, start, end));
    case 0x49: // I
      return named('secret', findAwsKey(value, at, start, end));
    default:
      return named('secret', findGoogleKey(value, at, start, end));
  }
}

function named(name: string, range: Range | undefined): Span | undefined {
  return range === undefined ? undefined : { class: name, start: range.start, end: range.end };
}
