import { describe, expect, it } from 'vitest';
import { ByteWriter, compileMasking, isMaskOutput, shippedMasking, type TransformName } from './index.js';

const key = Buffer.alloc(32, 7);
const set = compileMasking(shippedMasking, { pseudonymKey: key });

function mask(value: string, className: string, transform: TransformName): string {
  const padded = Buffer.from(`<<${value}>>`);
  const out = new ByteWriter(8);
  set.transformOf({ class: className, transform })!(padded, 2, padded.length - 2, out);
  return out.view().toString();
}

describe('partial', () => {
  it.each([
    ['email', 'alice@example.com', 'a***@example.com'],
    ['email', '  alice@example.com  ', 'a***@example.com'],
    ['email', 'a@example.com', '***@example.com'],
    ['email', 'łukasz@example.pl', '***@example.pl'],
    ['card', '4111 1111 1111 1234', '****1234'],
    ['card', '4111111111111234', '****1234'],
    ['iban', 'DE89370400440532013000', 'DE****3000'],
    ['iban', 'DE89 3704 0044 0532 0130 00', 'DE****3000'],
    ['phone', '+44 20 7946 0958', '****58'],
  ])('%s %j becomes %s', (className, value, expected) => {
    expect(mask(value, className, 'partial')).toBe(expected);
    expect(isMaskOutput(expected)).toBe(true);
  });

  it.each([
    ['email', 'not an address'],
    ['email', 'a@b.c, d@e.f'],
    ['email', 'Alice <alice@example.com>'],
    ['email', 'alice@localhost'],
    ['email', ''],
    ['card', '1234'],
    ['card', 'card ending 4111111111111234'],
    ['phone', '112'],
    ['iban', 'secret of some length here'],
    ['ssn', '078-05-1120'],
    ['salary', '100000'],
  ])('%s %j has not the shape, or has no partial form: whole', (className, value) => {
    expect(mask(value, className, 'partial')).toBe('****');
  });
});

describe('whole and hash', () => {
  it('whole says nothing of the length', () => {
    expect(mask('x', 'secret', 'whole')).toBe(mask('x'.repeat(5000), 'secret', 'whole'));
  });
  it('hash is the same for the same value and class, differs by value, class and key, and ignores padding', () => {
    const one = mask('alice@example.com', 'email', 'hash');
    expect(one).toMatch(/^hash:[a-z2-7]{21}$/);
    expect(mask('alice@example.com   ', 'email', 'hash')).toBe(one);
    expect(mask('alice@example.org', 'email', 'hash')).not.toBe(one);
    expect(mask('alice@example.com', 'account_id', 'hash')).not.toBe(one);
    expect(isMaskOutput(one)).toBe(true);
    const other = compileMasking(shippedMasking, { pseudonymKey: Buffer.alloc(32, 8) });
    const out = new ByteWriter(8);
    other.transformOf({ class: 'email', transform: 'hash' })!(Buffer.from('alice@example.com'), 0, 17, out);
    expect(out.view().toString()).not.toBe(one);
  });
  it('null writes no value', () => {
    expect(set.transformOf({ class: 'email', transform: 'null' })).toBeUndefined();
  });
  it('what a client may well write itself is no mask output', () => {
    for (const text of [
      'alice@example.com',
      'hash',
      '***',
      'DE89370400440532013000',
      'a*b',
      'hash:short',
      '',
    ]) {
      expect(isMaskOutput(text)).toBe(false);
    }
  });
});
