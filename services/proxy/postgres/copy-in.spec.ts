import { describe, expect, it } from 'vitest';
import { AppError } from '#kernel';
import { CopyInCheck } from './copy-in.js';

const secret = '4111111111111111';
const problem = (value: Buffer) =>
  value.includes(secret) ? new AppError('STATEMENT_DENIED', 'it carries a value of class card') : undefined;
const marks = { quote: 0x22, escape: 0x22 };
const of = (format: 'text' | 'csv' | 'binary') =>
  new CopyInCheck({ format, delimiter: format === 'csv' ? 0x2c : 9, ...marks }, problem);

/** All that goes on, in pieces of `size` bytes. */
function sent(check: CopyInCheck, bytes: Buffer, size = bytes.length): Buffer {
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size)
    out.push(Buffer.from(check.data(bytes.subarray(at, at + size))));
  return Buffer.concat([...out, check.done()]);
}

function binary(...rows: string[][]): Buffer {
  const int = (size: 2 | 4, value: number) => {
    const bytes = Buffer.alloc(size);
    bytes.writeIntBE(value, 0, size);
    return bytes;
  };
  return Buffer.concat([
    Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1'),
    ...rows.flatMap((row) => [int(2, row.length), ...row.flatMap((v) => [int(4, v.length), Buffer.from(v)])]),
    int(2, -1),
  ]);
}

describe('values in COPY data', () => {
  it.each<['text' | 'csv' | 'binary', Buffer]>([
    ['text', Buffer.from('1\tone\n2\t\\N\n3\ta\\tb\\\\\n')],
    ['text', Buffer.from('1\tone\r\n2\ttwo\r\n\\.\r\n')],
    ['text', Buffer.from('1\tno line end')],
    ['csv', Buffer.from('1,"a ""quoted"" one\nin two lines"\n2,\n')],
    ['binary', binary(['1', 'one'], ['2', ''])],
  ])('pass as they are: %s %#', (format, bytes) => {
    for (const size of [1, 3, bytes.length]) expect(sent(of(format), bytes, size)).toEqual(bytes);
  });

  it.each<['text' | 'csv' | 'binary', Buffer]>([
    ['text', Buffer.from(`1\tok\n2\t${secret}\n`)],
    ['text', Buffer.from(`1\tok\n2\t${secret}`)],
    ['text', Buffer.from('1\tok\n2\t\\x34111111111111111\n')],
    ['text', Buffer.from('1\tok\n2\t\\064111111111111111\n')],
    ['text', Buffer.from(`1\tok\r2\t${secret}\r3\tx\r4`)],
    ['csv', Buffer.from(`1,ok\n2,4111"1111"11111111\n`)],
    ['csv', Buffer.from(`1,ok\n2,"a\n${secret}"\n`)],
    ['binary', binary(['1', secret])],
  ])('are found however they are written: %s %#', (format, bytes) => {
    for (const size of [1, 5, bytes.length])
      expect(() => sent(of(format), bytes, size)).toThrow(/line 2 of COPY's data: .*card/);
  });

  it('sends nothing of a row before all of it was looked at', () => {
    const check = of('text');
    expect(check.data(Buffer.from('1\tok\n2\t4111')).toString()).toBe('1\tok\n');
  });

  it('holds no row without a bound', () => {
    const check = of('csv');
    expect(() => {
      for (let i = 0; i < 40; i++) check.data(Buffer.alloc(1024 * 1024, '"a'));
    }).toThrow(/longer than/);
  });
});
