import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAppError } from '#kernel';
import { MessageScanner, type MessageScannerOptions } from './message.scanner.js';

interface Seen {
  readonly type: number;
  readonly bytes: string;
}

function message(type: string, body: Buffer | string): Buffer {
  const content = Buffer.from(body);
  const header = Buffer.from(`${type}\0\0\0\0`);
  header.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([header, content]);
}

function scan(chunks: readonly Buffer[], options: Partial<MessageScannerOptions> = {}): Seen[] {
  const seen: Seen[] = [];
  const scanner = new MessageScanner({ maxLength: 1 << 20, ...options });
  for (const chunk of chunks)
    scanner.push(chunk, (type, buffer, start, end) => {
      seen.push({ type, bytes: buffer.toString('hex', start, end) });
    });
  return seen;
}

/** The AppError's code, undefined where nothing was thrown, and the error itself where it is another. */
function thrownBy(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return isAppError(error) ? error.code : error;
  }
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, i) => Buffer.from(bytes.subarray(edges[i], edge)));
}

// Parse, Bind, Describe, Execute and Sync of `select $1::int` as node-postgres sends them.
const captured = Buffer.from(
  '50000000160073656c6563742024313a3a696e740000004200000015000000010000000100000001370001000044000000065000' +
    '450000000900000000005300000004',
  'hex',
);

describe('MessageScanner', () => {
  it('cuts captured bytes, whole and one byte at a time', () => {
    const whole = scan([captured]);
    expect(whole.map(({ type }) => String.fromCharCode(type)).join('')).toBe('PBDES');
    expect(whole.map(({ bytes }) => bytes).join('')).toBe(captured.toString('hex'));
    expect(scan(split(captured, [...captured.keys()]))).toEqual(whole);
  });

  it('gives the same messages however the bytes are split', () => {
    const messages = fc.array(fc.tuple(fc.constantFrom('D', 'C', 'Z'), fc.uint8Array({ maxLength: 300 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(messages, fc.array(fc.nat(10_000), { maxLength: 12 }), (list, cuts) => {
        const all = list.map(([type, body]) => message(type, Buffer.from(body)));
        expect(scan(split(Buffer.concat(all), cuts)).map(({ bytes }) => bytes)).toEqual(
          all.map((one) => one.toString('hex')),
        );
      }),
    );
  });

  it('gives messages inside one chunk in place', () => {
    const chunk = Buffer.concat([message('D', 'one'), message('D', 'two')]);
    const places: unknown[] = [];
    new MessageScanner({ maxLength: 100 }).push(chunk, (_, buffer, start, end) => {
      places.push([buffer === chunk, start, end]);
    });
    expect(places).toEqual([
      [true, 0, 8],
      [true, 8, 16],
    ]);
  });

  it('never throws anything but PROTOCOL_VIOLATION, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (chunks) => {
        const thrown = thrownBy(() =>
          scan(
            chunks.map((chunk) => Buffer.from(chunk)),
            { maxLength: 64 },
          ),
        );
        expect([undefined, 'PROTOCOL_VIOLATION']).toContain(thrown);
      }),
    );
  });

  it.each([0, 3, -1, -2147483648, 101, 2147483647])(
    'refuses a length of %i, whole or byte by byte',
    (length) => {
      const bytes = Buffer.from('Dxxxx');
      bytes.writeInt32BE(length, 1);
      expect(() => scan([bytes], { maxLength: 100 })).toThrow(/length|limit/);
      expect(() => scan(split(bytes, [1, 2, 3, 4]), { maxLength: 100 })).toThrow(/length|limit/);
    },
  );

  it('takes a length at both limits', () => {
    expect(scan([message('S', ''), message('D', Buffer.alloc(96))], { maxLength: 100 })).toHaveLength(2);
  });

  it('reserves memory for what has come, not for what a header promises', () => {
    const scanner = new MessageScanner({ maxLength: 2 ** 31 - 1 });
    const before = process.memoryUsage().arrayBuffers;
    const header = Buffer.from('D\x7f\xff\xff\xffrest', 'latin1');
    scanner.push(header, () => undefined);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
    expect(scanner.pending).toBe(header.length);
    expect(scanner.idle).toBe(false);
  });

  it('stops where it is told to, and gives back the rest', () => {
    const bytes = Buffer.concat(['a', 'b', 'c'].map((body) => message('Q', body)));
    for (const cuts of [[], [3], [8], [3, 8]]) {
      const scanner = new MessageScanner({ maxLength: 100 });
      const seen: string[] = [];
      const stop = (_: number, buffer: Buffer, start: number, end: number) => {
        seen.push(buffer.toString('latin1', start + 5, end));
        return false;
      };
      let waiting = split(bytes, cuts);
      while (waiting.length > 0) {
        const rest = scanner.push(waiting[0]!, stop);
        waiting = rest.length > 0 ? [rest, ...waiting.slice(1)] : waiting.slice(1);
      }
      expect(seen).toEqual(['a', 'b', 'c']);
      expect(scanner.idle).toBe(true);
    }
  });

  it('lets large messages through in pieces where the caller wants it', () => {
    const large = message('d', Buffer.alloc(5000, 'x'));
    const bytes = Buffer.concat([message('H', 'h'), large, message('C', 'COPY 1')]);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (cuts) => {
        const pieces: Buffer[] = [];
        let ends = 0;
        const seen = scan(split(bytes, cuts), {
          maxLength: 100,
          inPieces: (type) => type === 0x64,
          onPiece(type, buffer, start, end, last) {
            expect(type).toBe(0x64);
            pieces.push(buffer.subarray(start, end));
            if (last) ends += 1;
          },
        });
        const whole = seen
          .filter(({ type }) => type === 0x64)
          .map(({ bytes: hex }) => Buffer.from(hex, 'hex'));
        expect(Buffer.concat([...pieces, ...whole])).toEqual(large);
        expect(ends + whole.length).toBe(1);
        expect(seen.filter(({ type }) => type !== 0x64)).toHaveLength(2);
      }),
    );
  });
});
