import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAppError } from '#kernel';
import {
  backend,
  backendKeyData,
  byte,
  commandComplete,
  cstring,
  errorResponse,
  formatOf,
  frontend,
  int16,
  int32,
  message,
  negotiateProtocolVersion,
  parameterStatus,
  readBackendKeyData,
  readBind,
  readCommandComplete,
  readCopyResponse,
  readDataRow,
  readExecute,
  readNamed,
  readParameterDescription,
  readParameterStatus,
  readParse,
  readQuery,
  readReadyForQuery,
  readReport,
  readRowDescription,
  readyForQuery,
  textRowDescription,
} from './codec.js';

const violation = expect.objectContaining({ code: 'PROTOCOL_VIOLATION' });
const value = (text: string) => Buffer.concat([int32(Buffer.byteLength(text)), Buffer.from(text)]);

/** The AppError's code, undefined where nothing was thrown, and the error itself where it is another. */
function thrownBy(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return isAppError(error) ? error.code : error;
  }
}

describe('what a client sends', () => {
  it('is read field by field', () => {
    expect(readQuery(message(frontend.query, 'select ’x’'))).toBe('select ’x’');
    expect(readParse(message(frontend.parse, 's1', 'select $1', int16(2), 23, 25))).toEqual({
      name: 's1',
      text: 'select $1',
      parameterTypes: [23, 25],
    });
    const bind = readBind(
      message(
        frontend.bind,
        'p',
        's1',
        int16(1),
        int16(1),
        int16(2),
        value('abc'),
        int32(-1),
        int16(1),
        int16(0),
      ),
    );
    expect(bind).toEqual({
      portal: 'p',
      statement: 's1',
      formats: [1],
      values: [Buffer.from('abc'), null],
      resultFormats: [0],
    });
    expect([formatOf([], 3), formatOf([1], 3), formatOf([0, 1], 1)]).toEqual([0, 1, 1]);
    expect(readNamed(message(frontend.describe, byte(0x53), 'x'))).toEqual({ what: 'statement', name: 'x' });
    expect(readNamed(message(frontend.close, byte(0x50), ''))).toEqual({ what: 'portal', name: '' });
    expect(readExecute(message(frontend.execute, 'p', 100))).toEqual({ portal: 'p', maxRows: 100 });
  });

  it('is read from the middle of a buffer, and not past its own end', () => {
    const query = message(frontend.query, 'select 1');
    const buffer = Buffer.concat([message(frontend.sync), query, message(frontend.sync)]);
    expect(readQuery(buffer, 5, 5 + query.length)).toBe('select 1');
    expect(() => readQuery(buffer, 5, 4 + query.length)).toThrow(violation);
  });

  it.each<[string, () => unknown]>([
    [
      'text after the text',
      () => readQuery(Buffer.concat([Buffer.from('Q\0\0\0\x08'), Buffer.from('a\0b\0')])),
    ],
    ['no end of the text', () => readQuery(Buffer.from('Q\0\0\0\x05a'))],
    ['a count of types that are not there', () => readParse(message(frontend.parse, '', 'x', int16(65535)))],
    [
      'a negative length of a value',
      () => readBind(message(frontend.bind, '', '', int16(0), int16(1), -2, int16(0))),
    ],
    [
      'a value longer than its message',
      () => readBind(message(frontend.bind, '', '', int16(0), int16(1), 2 ** 31 - 1, int16(0))),
    ],
    [
      'a format that is none',
      () => readBind(message(frontend.bind, '', '', int16(1), int16(2), int16(0), int16(0))),
    ],
    [
      'formats that do not fit the values',
      () => readBind(message(frontend.bind, '', '', int16(2), int16(0), int16(1), int16(1), -1, int16(0))),
    ],
    ['Describe of something else', () => readNamed(message(frontend.describe, byte(0x54), ''))],
  ])('is refused with %s', (_, read) => {
    expect(read).toThrow(violation);
  });

  it('is refused where it is not UTF-8: the server would run another text than was judged', () => {
    expect(() => readQuery(message(frontend.query, Buffer.from('select \xe9\0', 'latin1')))).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    );
  });

  it('never makes a reader throw anything but an AppError', () => {
    const readers = [
      readQuery,
      readParse,
      readBind,
      readNamed,
      readExecute,
      readRowDescription,
      readDataRow,
      readReport,
      readCopyResponse,
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(readers.length - 1), (body, which) => {
        const thrown = thrownBy(() => readers[which]!(message(0x41, Buffer.from(body))));
        expect([undefined, 'PROTOCOL_VIOLATION', 'INPUT_INVALID']).toContain(thrown);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what a server sends', () => {
  it('says where each column comes from', () => {
    const description = message(
      backend.rowDescription,
      int16(2),
      'id',
      16400,
      int16(1),
      23,
      int16(4),
      -1,
      int16(1),
      'n',
      0,
      int16(0),
      20,
      int16(8),
      -1,
      int16(0),
    );
    expect(readRowDescription(description)).toEqual([
      { name: 'id', tableOid: 16400, attnum: 1, typeOid: 23, format: 1 },
      { name: 'n', tableOid: 0, attnum: 0, typeOid: 20, format: 0 },
    ]);
    expect(readRowDescription(textRowDescription(['a'])).map(({ name, typeOid }) => [name, typeOid])).toEqual(
      [['a', 25]],
    );
  });

  it('reads OIDs and transaction numbers as unsigned', () => {
    const description = message(
      backend.rowDescription,
      int16(1),
      'x',
      4_000_000_000,
      int16(-1),
      4_000_000_001,
      int16(0),
      0,
      int16(0),
    );
    expect(readRowDescription(description)[0]).toMatchObject({
      tableOid: 4_000_000_000,
      attnum: -1,
      typeOid: 4_000_000_001,
    });
    expect(readParameterDescription(message(backend.parameterDescription, int16(1), 4_000_000_000))).toEqual([
      4_000_000_000,
    ]);
  });

  it('tells NULL from an empty value', () => {
    expect(readDataRow(message(backend.dataRow, int16(3), value(''), -1, value('x')))).toEqual([
      Buffer.alloc(0),
      null,
      Buffer.from('x'),
    ]);
  });

  it.each(['SELECT 5', 'INSERT 0 12', 'CREATE TABLE', ''])('reads the command tag %j', (tag) => {
    expect(readCommandComplete(commandComplete(tag))).toBe(tag);
  });

  it('goes there and back', () => {
    expect(readParameterStatus(parameterStatus('a', 'b'))).toEqual({ name: 'a', value: 'b' });
    const key = { pid: 7, secret: Buffer.from([255, 0, 1, 2]) };
    expect(readBackendKeyData(backendKeyData(key))).toEqual(key);
    for (const status of ['I', 'T', 'E'] as const)
      expect(readReadyForQuery(readyForQuery(status))).toBe(status);
    expect(() => readReadyForQuery(message(backend.readyForQuery, byte(0x58)))).toThrow(violation);
  });

  it('reports errors with the fields that are set, in the bytes of the manual', () => {
    const report = { severity: 'ERROR', sqlstate: '42501', message: 'no', hint: 'ask' } as const;
    const bytes = errorResponse({ ...report, detail: undefined, position: 7 });
    expect(bytes.toString('latin1')).toBe('E\0\0\0\x26SERROR\0VERROR\0C42501\0Mno\0Hask\0P7\0\0');
    expect(readReport(bytes).get('D')).toBeUndefined();
  });

  it('can not be made to end a field early', () => {
    expect(cstring('a\0Cnext').toString()).toBe('a\0');
  });

  it('negotiates with a whole version number', () => {
    expect(negotiateProtocolVersion(196608, ['_pq_.x']).toString('hex')).toBe(
      '7600000013000300000000000' + '15f70715f2e7800',
    );
  });
});
