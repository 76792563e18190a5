import { ALNUM, DIGIT, groupSeparator, kindAt, sameBytes } from './bytes.js';

/**
 * A United States social security number (or ITIN) that begins with the three digits at `at`; returns its
 * end, or -1. Only the grouped form ddd-dd-dddd: nine digits in a row are far more often something else.
 */
export function findSsn(bytes: Uint8Array, at: number, start: number, end: number): number {
  const separator = groupSeparator(bytes, at + 3, end);
  const second = at + 3 + separator;
  const third = second + 2 + separator;
  if (separator === 0 || third + 4 > end) return -1;
  if (!allDigits(bytes, at, 3) || !allDigits(bytes, second, 2) || !allDigits(bytes, third, 4)) return -1;
  if (!sameBytes(bytes, at + 3, second + 2, separator)) return -1;
  if (glued(bytes, at - 1, -1, start, end) || glued(bytes, third + 4, 1, start, end)) return -1;
  const area = number(bytes, at, 3);
  const group = number(bytes, second, 2);
  if (area === 0 || area === 666 || group === 0 || number(bytes, third, 4) === 0) return -1;
  // 9xx: taxpayer numbers (ITIN) have groups from 50 up; below that nothing was ever issued.
  return area >= 900 && group < 50 ? -1 : third + 4;
}

function glued(bytes: Uint8Array, at: number, step: number, start: number, end: number): boolean {
  if (kindAt(bytes, at, start, end) & ALNUM) return true;
  const byte = at < start || at >= end ? 0x20 : bytes[at]!;
  if (byte !== 0x2d && byte !== 0x2e && byte !== 0x2f && byte !== 0x5f && byte !== 0x20) return false;
  return byte === 0x5f || (kindAt(bytes, at + step, start, end) & DIGIT) !== 0;
}

function allDigits(bytes: Uint8Array, at: number, count: number): boolean {
  for (let i = at; i < at + count; i++) if (bytes[i]! < 0x30 || bytes[i]! > 0x39) return false;
  return true;
}

function number(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) value = value * 10 + bytes[i]! - 0x30;
  return value;
}
