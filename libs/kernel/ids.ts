import { randomFillSync } from 'node:crypto';

// Crockford's base 32: sorts like the number it encodes and has no letters that read alike.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const pool = Buffer.allocUnsafe(10 * 256);
let used = pool.length;

/**
 * A time-ordered id, `prefix_` and 26 characters: 48 bits of milliseconds, 80 random bits (the ULID layout).
 * Sorts by time as a string, so it serves as a primary key in ClickHouse (whose UUID type does not).
 */
export function newId(prefix: string, now: number = Date.now()): string {
  return `${prefix}_${encodeTime(now)}${encodeRandom()}`;
}

/** The milliseconds since the epoch that an id of `newId` carries. */
export function timeOfId(id: string): number {
  const text = id.slice(id.indexOf('_') + 1, id.indexOf('_') + 11);
  let time = 0;
  for (const letter of text) time = time * 32 + alphabet.indexOf(letter);
  return time;
}

function encodeTime(now: number): string {
  let text = '';
  for (let i = 0, left = now; i < 10; i++, left = Math.floor(left / 32)) text = alphabet[left % 32] + text;
  return text;
}

function encodeRandom(): string {
  if (used + 10 > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  let text = '';
  for (const half of [0, 5]) {
    // 40 bits fit a double exactly; eight letters of five bits each.
    let bits = pool.readUIntBE(used + half, 5);
    let part = '';
    for (let i = 0; i < 8; i++, bits = Math.floor(bits / 32)) part = alphabet[bits % 32] + part;
    text += part;
  }
  used += 10;
  return text;
}
