import { describe, expect, it } from 'vitest';
import { compileMasking } from './compile.js';
import { shippedMasking } from './shipped.js';

const set = compileMasking(shippedMasking);
const masked = (text: string): string => set.maskText(Buffer.from(text))?.toString() ?? text;

describe('values of keys that name a secret', () => {
  it.each([
    ['"api_key": "a1b2c3d4e5"', '"api_key": "****"'],
    ["token := 'a1b2c3d4e5'", "token := '****'"],
    ['dbPassword = hunter22!x', 'dbPassword = ****'],
    ['X-Api-Key: a1b2c3d4e5', 'X-Api-Key: ****'],
    ['Authorization: Bearer a1b2c3d4e5', 'Authorization: Bearer ****'],
    ['AccountKey=abc+/def==;x', 'AccountKey=****;x'],
    ['client_secret => "AbCdEfGhIjKlMnOpQr"', 'client_secret => "****"'],
    ['{\\"token\\": \\"a1b2c3d4e5\\"}', '{\\"token\\": \\"****\\"}'],
  ])('%j', (text, expected) => expect(masked(text)).toBe(expected));
});

describe('prose and code that speak of secrets stay', () => {
  it.each([
    'password: required',
    'Password: at least 8 characters',
    'token = makeToken2(user)',
    'secret: true',
    'token: null',
    'The secret: patience',
    'password: ********1a',
    'time: 12:30:45',
    'monkey: banana12345',
    'tokens: 123456789',
    'token: 123456789',
  ])('%j', (text) => expect(masked(text)).toBe(text));
});
