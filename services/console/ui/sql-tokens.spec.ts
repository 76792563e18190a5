import { describe, expect, it } from 'vitest';
import { sqlTokens } from './sql-tokens.js';

/** `kind:text` of what is more than space and signs. */
const told = (sql: string) =>
  sqlTokens(sql)
    .filter(({ kind }) => kind !== 'other')
    .map(({ kind, text }) => `${kind}:${text}`);

describe('a statement to its reader', () => {
  it('has keywords, names, strings, numbers and parameters', () => {
    expect(told(`UPDATE "Orders" SET total = 1.5e3, note = 'it''s' WHERE id = $1`)).toEqual([
      'keyword:UPDATE',
      'quoted:"Orders"',
      'keyword:SET',
      'name:total',
      'number:1.5e3',
      'name:note',
      "string:'it''s'",
      'keyword:WHERE',
      'name:id',
      'parameter:$1',
    ]);
  });

  it.each([
    ['/* a /* b */ DROP */ SELECT', ['comment:/* a /* b */ DROP */', 'keyword:SELECT'], 'comments nest'],
    ['/* open DROP', ['comment:/* open DROP'], 'a comment without an end goes to the end'],
    ['-- DROP\nSELECT', ['comment:-- DROP', 'keyword:SELECT'], 'a line is a line'],
    ["'-- no comment' SELECT", ["string:'-- no comment'", 'keyword:SELECT'], 'a string is no comment'],
    [String.raw`E'it\'s' SELECT`, [String.raw`string:E'it\'s'`, 'keyword:SELECT'], 'escapes in E strings'],
    [String.raw`'\' SELECT`, [String.raw`string:'\'`, 'keyword:SELECT'], 'and in no others'],
    ['$x$ DROP $y$ $x$ SELECT', ['string:$x$ DROP $y$ $x$', 'keyword:SELECT'], 'dollars with a tag'],
    ["'open DROP", ["string:'open DROP"], 'a string without an end'],
    ['select_1 sеlect', ['name:select_1', 'name:sеlect'], 'a Cyrillic e makes no keyword'],
  ])('%s', (sql, expected) => {
    expect(told(sql)).toEqual(expected);
  });

  it('is whole: the pieces joined are the text, whatever it is', () => {
    const texts = [
      '',
      '\u0000\u202e',
      '$',
      '$$',
      "'",
      '"',
      "E'\\",
      '/*/',
      '\ud800 x',
      '日本 = 👍',
      'a$1$b$',
      '.5.',
      '1_0',
    ];
    for (const text of texts)
      expect(
        sqlTokens(text)
          .map((token) => token.text)
          .join(''),
      ).toBe(text);
  });

  it('takes time that grows with the text', () => {
    const started = performance.now();
    for (const part of ["E'\\\\", "''", '/*', '$a$', '(', 'x ', '"', '1e'])
      sqlTokens(part.repeat(20_000 / part.length));
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
