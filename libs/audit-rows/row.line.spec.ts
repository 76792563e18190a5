import { describe, expect, it } from 'vitest';
import { rowLine } from './row.line.js';

describe('rowLine', () => {
  it('joins parts, empty ones too', () => {
    expect(rowLine([{ a: 1 }, {}, { b: ['x'] }])).toBe('{"a":1,"b":["x"]}');
    expect(rowLine([{}, { a: undefined }, { b: 2 }])).toBe('{"b":2}');
  });

  it('cleans lone surrogates in values, lists, keys and in a payload', () => {
    const payload = JSON.stringify({ text: 'a\ud83d' });
    const line = rowLine([{ text: '\udc00b', list: ['\ud800'], map: { '\ud800': '1' } }, { payload }]);
    expect(line).not.toMatch(/\\ud[89a-f]/i);
    expect(JSON.parse(line)).toEqual({
      text: '\ufffdb',
      list: ['\ufffd'],
      map: { '\ufffd': '1' },
      payload: '{"text":"a\ufffd"}',
    });
  });

  it('leaves pairs and the letters of an escape alone', () => {
    const row = { text: '😀 \\ud83d', payload: JSON.stringify({ text: '😀 \\ud83d' }) };
    expect(JSON.parse(rowLine([row]))).toEqual(row);
  });
});
