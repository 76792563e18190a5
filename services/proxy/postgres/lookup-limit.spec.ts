import { describe, expect, it } from 'vitest';
import { lookupProblem } from './lookup-limit.js';

const lookup = { column: 'email', class: 'email', constants: ['a'], parameters: [1], arrayParameters: [2] };
const text = (n: number) => ({
  value: `{${Array.from({ length: n }, (_, i) => `"v${i}"`).join(',')}}`,
  format: 0 as const,
});
const binary = (n: number) => {
  const bytes = Buffer.alloc(20);
  bytes.writeInt32BE(1, 0);
  bytes.writeInt32BE(n, 12);
  return { value: `\\x${bytes.toString('hex')}`, format: 1 as const };
};
const one = { value: 'x', format: 0 as const };

describe('values compared with masked columns', () => {
  it.each([
    ['text', text(18)],
    ['binary', binary(18)],
    ['NULL', { value: null, format: 0 as const }],
  ])('takes 20 in all (%s)', (_, array) => expect(lookupProblem([lookup], [one, array])).toBeUndefined());

  it.each([
    ['text', text(19)],
    ['binary', binary(19)],
    ['binary of false shape', { value: '\\x00', format: 1 as const }],
    [
      'binary of two dimensions',
      {
        value: `\\x${'00000002' + '0'.repeat(16) + '00000005' + '00000001' + '00000005' + '00000001'}`,
        format: 1 as const,
      },
    ],
  ])('refuses more (%s)', (_, array) =>
    expect(lookupProblem([lookup], [one, array])).toContain('20 a statement'),
  );
});
