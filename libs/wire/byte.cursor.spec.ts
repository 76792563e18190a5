import { describe, expect, it } from 'vitest';
import { ByteCursor } from './byte.cursor.js';

const over = (bytes: string, start = 0, end = bytes.length) =>
  new ByteCursor(Buffer.from(bytes, 'latin1'), start, end);

describe('ByteCursor', () => {
  it('reads fields in order, to the end', () => {
    const cursor = over('\x01\x00\x02\xff\xff\xff\xfeab\0xyz');
    expect([
      cursor.uint8(),
      cursor.int16(),
      cursor.int32(),
      cursor.cstring(),
      cursor.bytes(3).toString(),
    ]).toEqual([1, 2, -2, 'ab', 'xyz']);
    cursor.done();
  });

  it.each<[string, (cursor: ByteCursor) => unknown]>([
    ['an integer past the end', (cursor) => cursor.int32()],
    ['bytes past the end', (cursor) => cursor.bytes(3)],
    ['a negative number of bytes', (cursor) => cursor.bytes(-1)],
    ['a string that ends in the next message', (cursor) => cursor.cstring()],
    ['a count that its message can not hold', (cursor) => cursor.count(4)],
    ['an end before the end', (cursor) => cursor.done()],
  ])('refuses %s', (_, read) => {
    expect(() => read(over('__\x02\x02\0__', 2, 4))).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }),
    );
  });

  it('refuses text that is not UTF-8, and takes what is', () => {
    expect(() => over('\xff\0').cstring()).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
    expect(new ByteCursor(Buffer.from('größe\0'), 0, 8).cstring()).toBe('größe');
  });

  it('reads text up to its NUL, whatever its length and its letters', () => {
    for (const letter of ['a', 'ß'])
      for (let length = 0; length < 200; length++) {
        const text = 'x'.repeat(length) + letter;
        const bytes = Buffer.from(`__${text}\0next\0`);
        const cursor = new ByteCursor(bytes, 2, bytes.length);
        expect([cursor.cstring(), cursor.cstring()]).toEqual([text, 'next']);
        expect(() => new ByteCursor(bytes, 2, 2 + Buffer.byteLength(text)).cstring()).toThrow(
          /not terminated/,
        );
      }
    expect(over('\0').cstring()).toBe('');
  });
});
