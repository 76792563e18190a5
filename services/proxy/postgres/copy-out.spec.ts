import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileMasking, type ResultField, shippedMasking } from '#masking';
import { CopyOutMasker, copyOutOptions } from './copy-out.js';

const set = compileMasking(shippedMasking);
const fields: ResultField[] = [
  { name: 'id', typeOid: 23, format: 0, mask: 'unclassified' },
  { name: 'email', typeOid: 25, format: 0, mask: { class: 'email', transform: 'partial' } },
  { name: 'pin', typeOid: 23, format: 0, mask: { class: 'pin', transform: 'whole' } },
  { name: 'note', typeOid: 25, format: 0, mask: 'unclassified' },
];

/** The third column in the clear, and the fourth unclassified. */
const shown = fields.map((field): ResultField =>
  field.name === 'email' ? { ...field, mask: 'revealed', revealed: 'email' } : field,
);

function copyData(bytes: Buffer): Buffer {
  const header = Buffer.from([0x64, 0, 0, 0, 0]);
  header.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([header, bytes]);
}

const masker = (...options: [string, unknown][]) => new CopyOutMasker(fields, set, copyOutOptions(options));

function payload(output: Buffer): Buffer {
  if (output.length === 0) return output;
  if (output[0] !== 0x64 || output.readInt32BE(1) !== output.length - 1) throw new Error('no whole CopyData');
  return output.subarray(5);
}

/** The stream's bytes after masking, given in pieces; checks that the output is whole CopyData messages. */
function run(copy: CopyOutMasker, pieces: readonly Buffer[]): string {
  const payloads: Buffer[] = [];
  let rows = 0;
  for (const piece of pieces) {
    const frame = copyData(piece);
    const { output, rows: some } = copy.data(frame, 0, frame.length);
    rows += some;
    payloads.push(payload(output));
  }
  copy.done();
  expect(copy.rows).toBe(rows);
  return Buffer.concat(payloads).toString('latin1');
}

const text = '1\tbob@example.com\t1234\tto amy@example.com\\n\n2\t\\N\t\\N\t\\N\n3\tx\\ty\t1\t\\\\\n';
const maskedText = '1\tb***@example.com\t\\N\tto a***@example.com\\n\n2\t\\N\t\\N\t\\N\n3\t****\t\\N\t\\\\\n';
const csv = 'id,email,pin,"no\nte"\n1,bob@example.com,1234,"to ""amy@example.com"",\n"\n2,,,\n3,"x,y",1,""\n';
const maskedCsv =
  'id,email,pin,"no\nte"\n1,b***@example.com,,"to ""a***@example.com"",\n"\n2,,,\n3,"****",,""\n';
const binaryHead = 'PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0';
const binary = `${binaryHead}\0\x04\0\0\0\x04\0\0\0\x01\0\0\0\x0fbob@example.com\0\0\0\x04\0\0\x04\xd2\xff\xff\xff\xff\xff\xff`;
const maskedBinary = `${binaryHead}\0\x04\0\0\0\x04\0\0\0\x01\0\0\0\x10b***@example.com\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff`;

describe.each([
  ['text', text, maskedText, 3, []],
  [
    'csv',
    csv,
    maskedCsv,
    3,
    [
      ['format', 'csv'],
      ['header', true],
    ],
  ],
  ['binary', binary, maskedBinary, 1, [['format', 'binary']]],
] as [string, string, string, number, [string, unknown][]][])(
  '%s',
  (_format, clear, expected, rows, options) => {
    const bytes = Buffer.from(clear, 'latin1');

    it('masks, and counts rows and values', () => {
      const copy = masker(...options);
      expect(run(copy, [bytes])).toBe(expected);
      expect(copy.rows).toBe(rows);
      expect(copy.counts.get('pin')).toBeGreaterThan(0);
      expect(copy.counts.get('email')).toBeGreaterThan(0);
    });

    it('counts what is revealed, but no NULL', () => {
      const copy = new CopyOutMasker(shown, set, copyOutOptions(options));
      expect(run(copy, [bytes])).toContain('bob@example.com');
      const taken = new Map<string, number>();
      copy.takeRevealed(taken);
      copy.takeRevealed(taken);
      expect([copy.reveals, [...taken]]).toEqual([true, [['email', Math.min(rows, 2)]]]);
      expect(copy.counts.get('pin')).toBe(Math.min(rows, 2));
    });

    it('however the stream is split', () => {
      expect(
        run(
          masker(...options),
          Array.from(bytes, (byte) => Buffer.from([byte])),
        ),
      ).toBe(expected);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 6 }), (cuts) => {
          const ends = [...cuts.sort((a, b) => a - b), bytes.length];
          const pieces = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
          expect(run(masker(...options), pieces)).toBe(expected);
        }),
      );
    });

    it('refuses an end within a row', () => {
      const copy = masker(...options);
      const frame = copyData(bytes.subarray(0, binaryHead.length + 5));
      copy.data(frame, 0, frame.length);
      expect(() => copy.done()).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
    });
  },
);

describe('CopyOutMasker', () => {
  it('escapes a mask that holds the delimiter, and quotes one that reads like NULL', () => {
    expect(run(masker(['delimiter', '*']), [Buffer.from('1*x*\\N*y\n')])).toBe('1*\\*\\*\\*\\**\\N*y\n');
    expect(run(masker(['format', 'csv'], ['null', '****']), [Buffer.from('1,x,2,y\n')])).toBe(
      '1,"****",****,y\n',
    );
    expect(run(masker(['format', 'csv'], ['quote', '*']), [Buffer.from('1,x,2,y\n')])).toBe(
      '1,**********,,y\n',
    );
  });

  it('gives back the message itself where nothing changes', () => {
    const frame = copyData(Buffer.from('1\t\\N\t\\N\tnothing\n'));
    expect(masker().data(frame, 0, frame.length).output.buffer).toBe(frame.buffer);
  });

  it.each([
    ['too few columns', [], '1\tbob@example.com\n'],
    ['too many columns', [], '1\ta\tb\tc\td\n'],
    ['csv: too few', [['format', 'csv']], '1,"a,b,c,d"\n'],
    ['csv: too many', [['format', 'csv']], '1,a,b,c,d\n'],
    ['binary: no signature', [['format', 'binary']], '1\ta\tb\tc and some more bytes\n'],
    ['binary: other columns', [['format', 'binary']], `${binaryHead}\0\x03`],
    ['binary: a negative size', [['format', 'binary']], `${binaryHead}\0\x04\xff\xff\xff\xf0`],
    ['binary: flags', [['format', 'binary']], 'PGCOPY\n\xff\r\n\0\0\x01\0\0\0\0\0\0'],
    ['binary: behind the trailer', [['format', 'binary']], `${binaryHead}\xff\xff\0`],
  ] as [string, [string, unknown][], string][])('refuses %s', (_name, options, stream) => {
    const frame = copyData(Buffer.from(stream, 'latin1'));
    expect(() => masker(...options).data(frame, 0, frame.length)).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }),
    );
  });

  it('refuses to gather a row above the bound', () => {
    const copy = masker();
    const frame = copyData(Buffer.alloc(9 * 1024 * 1024, 0x61));
    copy.data(frame, 0, frame.length);
    expect(() => copy.data(frame, 0, frame.length)).toThrow(
      expect.objectContaining({ code: 'STATEMENT_DENIED' }),
    );
  });
});

describe('copyOutOptions', () => {
  it('has the server’s defaults', () => {
    expect(copyOutOptions([])).toMatchObject({ format: 'text', delimiter: 9, header: false });
    expect(copyOutOptions([]).nullText.toString()).toBe('\\N');
    expect(copyOutOptions([['format', 'csv'], ['quote', "'"]])).toMatchObject({ delimiter: 44, quote: 39, escape: 39 }); // prettier-ignore
    expect(copyOutOptions([['header', 'false']]).header).toBe(false);
    expect(copyOutOptions([['header', 1]]).header).toBe(true);
  });
  it.each<[string, unknown]>([
    ['format', 'json'],
    ['delimiter', '::'],
    ['delimiter', '§'],
    ['surprise', true],
  ])(
    // prettier-ignore
    'refuses %s %j',
    (name, value) => {
      expect(() => copyOutOptions([[name, value]])).toThrow(
        expect.objectContaining({ code: 'STATEMENT_DENIED' }),
      );
    },
  );
});
