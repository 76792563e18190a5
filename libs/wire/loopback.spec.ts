import { expect, it } from 'vitest';
import { isLoopback, isLoopbackHost } from './loopback.js';

it.each(['127.0.0.1', '127.8.9.1', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1', '/tmp'])(
  '%s is loopback',
  (address) => expect(isLoopback(address)).toBe(true),
);

it.each([
  undefined,
  '',
  '10.0.0.1',
  '128.0.0.1',
  '::',
  '::2',
  '::11',
  '::ffff:10.0.0.1',
  'fe80::1',
  '127.0.0.1.evil.example',
  'localhost',
])('%s is not', (address) => expect(isLoopback(address)).toBe(false));

it('takes localhost as a configured name, and no other name', () => {
  expect(['localhost', 'LOCALHOST', '[::1]'].map(isLoopbackHost)).toEqual([true, true, true]);
  expect(['localhost.example', 'db', '127.0.0.1.nip.io'].map(isLoopbackHost)).toEqual([false, false, false]);
});
