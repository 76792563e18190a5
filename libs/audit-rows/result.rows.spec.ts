import { describe, expect, it } from 'vitest';
import { recordedRows } from './result.rows.js';

// DataRow of (text 'Ana', int4 7 in binary, NULL)
const row = Buffer.from('440000001900030000000' + '3416e61' + '0000000400000007' + 'ffffffff', 'hex');
const copy = Buffer.from('640000000a317c416e610a', 'hex');

describe('recordedRows', () => {
  it('reads text, binary and NULL', () => {
    expect(recordedRows(row, [0, 1, 0])).toEqual([
      { values: [{ text: 'Ana' }, { text: '\\x00000007' }, {}] },
    ]);
  });

  it('reads several messages, CopyData among them', () => {
    const rows = recordedRows(Buffer.concat([row, copy, row]), [0, 1, 0]);
    expect(rows?.map(({ values }) => values.length)).toEqual([3, 1, 3]);
    expect(rows?.[1]).toEqual({ values: [{ text: '1|Ana\n' }] });
  });

  it('gives bytes that are not UTF-8 as hex', () => {
    const latin1 = Buffer.from('44000000' + '0b' + '0001' + '00000001' + 'e9', 'hex');
    expect(recordedRows(latin1, [0])).toEqual([{ values: [{ text: '\\xe9' }] }]);
  });

  it('gives up, and does not throw, at any cut and at any wrong byte', () => {
    for (let end = 1; end < row.length; end++) expect(recordedRows(row.subarray(0, end), [])).toBeUndefined();
    for (let at = 0; at < row.length; at++) {
      const wrong = Buffer.from(row);
      wrong[at] = (wrong[at] ?? 0) ^ 0x80;
      expect(() => recordedRows(wrong, [0, 1, 0])).not.toThrow();
    }
  });

  it('of nothing is nothing', () => expect(recordedRows(Buffer.alloc(0), [])).toEqual([]));
});
