import { describe, expect, it } from 'vitest';
import { piecesOf, visible } from './visible.js';

const mark = (code: number) => String.fromCodePoint(code);

describe('a text that somebody else wrote', () => {
  it.each([
    [0x202e, '\\u202e', 'right-to-left override'],
    [0x2066, '\\u2066', 'left-to-right isolate'],
    [0x200b, '\\u200b', 'zero-width space'],
    [0x00ad, '\\xad', 'soft hyphen'],
    [0x1b, '\\x1b', 'escape'],
    [0x00, '\\x00', 'null'],
    [0x0d, '\\r', 'carriage return'],
    [0x85, '\\x85', 'next line'],
    [0x2028, '\\u2028', 'line separator'],
    [0xfeff, '\\ufeff', 'byte order mark'],
    [0x00a0, '\\xa0', 'no-break space: a letter to PostgreSQL'],
    [0x3164, '\\u3164', 'hangul filler: a letter that is not seen'],
    [0xfe0f, '\\ufe0f', 'variation selector'],
    [0xe0041, '\\u{e0041}', 'tag letter'],
    [0xd800, '\\ud800', 'half a character'],
  ])('shows U+%s as %s (%s)', (code, escape) => {
    expect(piecesOf(`a${mark(code)}b`)).toEqual([
      { kind: 'text', text: 'a' },
      { kind: 'escape', text: escape },
      { kind: 'text', text: 'b' },
    ]);
  });

  it.each(['SELECT 1', 'Zürich, Łódź', '日本', 'שלום', '👍', 'a\nb\tc', '\\u202e', '<b>&amp;</b>'])(
    'leaves %j as it is',
    (text) => {
      expect(piecesOf(text)).toEqual([{ kind: 'text', text }]);
    },
  );

  it('is one line where it stands in one', () => {
    expect(visible('a\nb\tc\u202e')).toBe('a\\nb\\tc\\u202e');
    expect(visible('')).toBe('');
  });
});
