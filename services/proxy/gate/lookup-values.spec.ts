import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MaskedColumn } from '#statement';
import type { Parameter } from './gate.js';
import { lookedUp, lookupProblem } from './lookup-values.js';
import { arrayElements } from './parameter-array.js';

const email: MaskedColumn = {
  schema: 'public',
  table: 'customers',
  column: 'email',
  class: 'email',
  lookup: true,
  tableOid: 16384,
  attnum: 3,
};
const lookup = { column: email, constants: [], parameters: [], arrayParameters: [], elementParameters: [] };
const text = (value: string | null): Parameter => ({ value, format: 0 });
const binary = (bytes: Buffer): Parameter => ({ value: `\\x${bytes.toString('hex')}`, format: 1 });

/** As the server's array_send writes it. */
function binaryArray(elements: readonly (string | null)[]): Buffer {
  const head = Buffer.alloc(20);
  for (const [i, word] of [1, 0, 25, elements.length, 1].entries()) head.writeInt32BE(word, 4 * i);
  const parts = elements.map((element) => {
    const bytes = Buffer.from(element ?? '');
    const size = Buffer.alloc(4);
    size.writeInt32BE(element === null ? -1 : bytes.length);
    return Buffer.concat([size, bytes]);
  });
  return Buffer.concat([head, ...parts]);
}

describe('what one execution looks up', () => {
  test('constants, parameters in either format, and the elements of arrays', () => {
    const found = lookedUp(
      [
        { ...lookup, constants: ['a'], parameters: [1, 2] },
        { ...lookup, arrayParameters: [3, 4] },
      ],
      [text('b'), binary(Buffer.from('c')), text('{d,"e,\\"f"}'), binary(binaryArray(['g', null, 'h']))],
    );
    expect(found).toEqual([{ column: email, values: ['a', 'b', 'c', 'd', 'e,"f', 'g', 'h'] }]);
    expect(lookupProblem(found)).toBeUndefined();
  });

  const inArray = { ...lookup, elementParameters: [1, 2] };
  const many = Array.from({ length: 20 }, (_, i) => `v${i}`);

  test('parameters within ARRAY are one value each', () => {
    const uuid = Buffer.from('4b1c0000000040008000000000000001', 'hex');
    for (const pair of [
      [text('a@x.org'), text(' b')],
      [binary(Buffer.from('a@x.org')), text(null)],
    ])
      expect(lookupProblem(lookedUp([inArray], pair))).toBeUndefined();
    expect(lookedUp([inArray], [text('a'), binary(Buffer.from('b'))])).toEqual([
      { column: email, values: ['a', 'b'] },
    ]);
    expect(lookedUp([inArray], [binary(uuid), text('b')])).not.toBe('unreadable');
  });

  test.each([
    text(`{${many.join(',')}}`),
    text(` \n{{${many.join(',')}}}`),
    text(`[2:21]={${many.join(',')}}`),
    binary(binaryArray(many)),
  ])('and where they may be arrays, all of their elements count: %j', (array) => {
    expect(lookupProblem(lookedUp([inArray], [text('a'), array]))).toContain('compares 22 values');
  });

  test.each([text('{"a'), text('[1:2'), binary(Buffer.from('000000010000000000000019ffffffff', 'hex'))])(
    'and what may be an array that cannot be read is refused: %j',
    (array) => expect(lookedUp([inArray], [array])).toBe('unreadable'),
  );

  test('NULL is no value, and a parameter that was not given neither', () => {
    expect(lookedUp([{ ...lookup, parameters: [1, 2], arrayParameters: [3] }], [text(null)])).toEqual([
      { column: email, values: [] },
    ]);
  });

  test('bytes that are no text are told apart', () => {
    const found = lookedUp(
      [{ ...lookup, parameters: [1, 2] }],
      [binary(Buffer.of(0x80)), binary(Buffer.of(0x81))],
    );
    expect(new Set(found === 'unreadable' ? [] : found[0]!.values).size).toBe(2);
  });

  test.each([
    ['twenty values pass', 20, undefined],
    ['twenty-one do not', 21, 'it compares 21 values with masked columns; 20 a statement may be looked up'],
  ])('%s', (_, count, problem) => {
    const values = Array.from({ length: count }, (_, i) => `v${i}`);
    for (const array of [text(`{${values.join(',')}}`), binary(binaryArray(values))])
      expect(lookupProblem(lookedUp([{ ...lookup, arrayParameters: [1] }], [array]))).toBe(problem);
  });

  test.each([text('a,b'), text('{"a'), text('{a"b}'), binary(Buffer.alloc(3)), binary(Buffer.alloc(200, 1))])(
    'what cannot be read is refused: %j',
    (parameter) => {
      expect(lookupProblem(lookedUp([{ ...lookup, arrayParameters: [1] }], [parameter]))).toContain(
        'cannot be read',
      );
    },
  );

  test.each([
    ['{}', []],
    ['{NULL,a,"NULL", null }', ['a', 'NULL']],
    ['[2:3]={a,b}', ['a', 'b']],
    ['{{a,b},{c,"d e"}}', ['a', 'b', 'c', 'd e']],
    ['{ a b , c\\,d }', ['a b', 'c,d']],
  ])('reads %s', (array, elements) => expect(arrayElements(text(array))).toEqual(elements));

  test('reads back any array that a driver writes', () => {
    const quoted = (value: string) => `"${value.replace(/[\\"]/g, '\\$&')}"`;
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (values) => {
        expect(arrayElements(text(`{${values.map(quoted).join(',')}}`))).toEqual(values);
        expect(arrayElements(binary(binaryArray(values)))).toEqual(values);
      }),
    );
  });
});
