import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localPath } from './local-path.js';

describe('a local path', () => {
  it.each(['/', '/approvals/apr_1', '/sessions?table=a.b&since=1h#row', '/a%20b', '/a/../b'])(
    'is %s',
    (text) => {
      expect(localPath(text)).toBe(text);
    },
  );

  it.each([
    undefined,
    null,
    7,
    ['/a'],
    'a',
    '//a',
    '/\\a',
    '\\\\a',
    '/\t/a',
    '/a\n',
    ' /a',
    '/ a',
    '/é',
    '/a\u0000',
  ])('is not %j', (text) => expect(localPath(text)).toBe('/'));

  it('never leads elsewhere, whatever browsers make of it', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '%2f',
      '%5C',
      '@',
      ':',
      'https:',
      'evil.example',
      '\t',
      '?',
      '#',
    );
    const base = 'https://weir.example';
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const to = localPath(`/${pieces.join('')}`);
        const url = new URL(to, base);
        expect(url.origin).toBe(base);
        expect(url.pathname.startsWith('//')).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });
});
