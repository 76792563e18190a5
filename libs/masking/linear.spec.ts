import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findBuiltin } from './classifier.js';

/** How many bytes the classifiers look at, counted: a clock says more about the machine than about them. */
function looks(text: string): number {
  const bytes = Buffer.from(text);
  let count = 0;
  const counting = new Proxy(bytes, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) {
        count++;
        return target[Number(key)];
      }
      return Reflect.get(target, key) as unknown;
    },
  });
  findBuiltin(counting, 0, bytes.length);
  return count;
}

/** Looks a byte, at most: an `@` may be followed by 253 bytes of host, which further ones may share. */
const most = 700;

function isLinear(piece: string): void {
  const times = Math.ceil(400 / piece.length);
  const [short, long] = [piece.repeat(times), piece.repeat(times * 8)];
  const [few, many] = [looks(short), looks(long)];
  expect([piece, many / Buffer.byteLength(long) <= most]).toEqual([piece, true]);
  expect([piece, many <= few * 8 * 1.5 + 4000]).toEqual([piece, true]);
}

describe('the classifiers cost as much as a value is long', () => {
  it.each([
    '020 7946 0958 ', '0', '4111', '4111-', '1 ', '1-', '+1', '(1', '123-45-6789 ', 'a@', 'a@b', '@', 'a@b.', 'eyJ', 'eyJ.', 'eyJa.eyJ ',
    'AKIA', 'AKIA_', 'AIza', 'AIza-', 'ghp_', ' ghp_', 'sk-', 'xoxb-1', 'key-', 'AGE-SECRET-KEY-', '-----BEGIN ', '-----BEGIN PRIVATE KEY',
    '://', 'a://b:c', 'a://', 'password=', 'password=*', 'password:', 'token: ', 'token:a', 'secret"="', '=', ':', 'DE89', 'GB29 ',
    'phone: ', 'call me at on to the ', 'phone 1234567x', '1234567 office ', 'tel0123456', '12345678 ', '(0123) ', '2024-11-20 ', 'x123 ext. ',
    'pwd:pwd', 'Authorization: Bearer ',
  ])('%j, over and over', isLinear); // prettier-ignore

  it('whatever is repeated', () => {
    const pieces = [
      '0', '12', '4111', '+', '(', ')', ' ', '-', '.', '/', '@', 'a', 'eyJ', 'AIza', 'AKIA', 'ghp_', 'sk-', 'token', 'password', '=', ':',
      '://', '"', '*', '-----BEGIN ', 'PRIVATE KEY', 'phone', 'ext', 'x', 'DE', 'é', '\n', 'Bearer',
    ]; // prettier-ignore
    const text = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(text, (parts) => isLinear(parts.join(''))),
      { numRuns: 200 },
    );
  }, 60_000);
});
