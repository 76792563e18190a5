import fc from 'fast-check';
import {
  decodeEnvelope,
  encodeEnvelope,
  genesis,
  StatementReceivedSchema,
  verifyChain,
  type ChainHead,
  type Envelope,
} from '#events';
import { ManualClock } from '#kernel';
import { describe, expect, it } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
import { newSessionState } from './open-sessions.js';
import { originOf, RecordBuffer } from './record.buffer.js';
import { encodeRecord, frameBytes, readRecord, recordKinds } from './record.codec.js';
import { ShippedMarks } from './shipped.marks.js';

const type = StatementReceivedSchema.typeName;

function bodies(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let record = readRecord(bytes, 0); record; record = readRecord(bytes, record.end))
    found.push(record.body);
  return found;
}

describe('a record', () => {
  it('comes back whole, and where the next begins', () => {
    const bytes = Buffer.concat([encodeRecord(1, Buffer.from('one')), encodeRecord(2, Buffer.alloc(0))]);
    const first = readRecord(bytes, 0);
    expect(first).toMatchObject({ kind: 1, body: Buffer.from('one'), end: frameBytes + 3 });
    expect(readRecord(bytes, first!.end)).toMatchObject({ kind: 2, end: bytes.length });
    expect(readRecord(bytes, bytes.length)).toBeUndefined();
  });

  it('is not read where any byte is missing or any bit was changed', () => {
    const whole = encodeRecord(recordKinds.event, Buffer.from('what was written'));
    for (let length = 0; length < whole.length; length++) {
      expect(readRecord(whole.subarray(0, length), 0)).toBeUndefined();
    }
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const changed = Buffer.from(whole);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(readRecord(changed, 0)).toBeUndefined();
    }
  });

  it('is not read from zeros, which a host leaves where it had only made room', () => {
    expect(readRecord(Buffer.alloc(64), 0)).toBeUndefined();
  });
});

describe('the record buffer', () => {
  function written(events: readonly { type: string; data: Uint8Array }[], sessionId = 'ses_1'): Envelope[] {
    const clock = new ManualClock();
    const buffer = new RecordBuffer(clock);
    const origin = originOf('proxy/één', sessionId);
    let head: ChainHead = genesis;
    for (const event of events) {
      const hash = Buffer.from(buffer.event(origin, head, event.type, event.data), 'latin1');
      head = { seq: head.seq + 1, hash };
      clock.advance(7);
    }
    return bodies(buffer.bytes.subarray(0, buffer.used)).map((raw) => {
      const envelope = decodeEnvelope(raw);
      expect(Buffer.from(encodeEnvelope(envelope)).equals(raw)).toBe(true);
      return envelope;
    });
  }

  it('writes the very bytes of the generated code, and a chain that verifies', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 30 }),
        (payloads) => {
          const envelopes = written(payloads.map((data) => ({ type, data })));
          expect(verifyChain(envelopes)).toMatchObject({ ok: true, head: { seq: payloads.length } });
          expect(envelopes.map(({ data }) => Buffer.from(data))).toEqual(
            payloads.map((data) => Buffer.from(data)),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each([0, 1, 127, 128, 16_383, 16_384, 70_000, 2_000_000])('takes a payload of %i bytes', (length) => {
    const data = new Uint8Array(length).fill(length & 0xff);
    const [, envelope] = written([
      { type, data: new Uint8Array(3) },
      { type, data },
    ]);
    expect(Buffer.from(envelope!.data).equals(Buffer.from(data))).toBe(true);
  });

  it('names session, source, type, time and id', () => {
    const [first, second] = written(
      [1, 2].map(() => ({ type, data: new Uint8Array(1) })),
      'ses_9',
    );
    const at = BigInt(new ManualClock().now()) * 1000n;
    expect(first).toMatchObject({ id: 'ses_9-1', subject: 'ses_9', source: 'proxy/één', type, timeUs: at });
    expect(second).toMatchObject({ id: 'ses_9-2', timeUs: at + 7000n });
  });

  it('salts each event anew', () => {
    const envelopes = written(Array.from({ length: 600 }, () => ({ type, data: new Uint8Array(1) })));
    const salts = new Set(envelopes.map(({ link }) => Buffer.from(link!.salt).toString('hex')));
    expect(salts.size).toBe(600);
  });

  it('counts on past 2^31 and 2^32', () => {
    for (const seq of [2 ** 31 - 1, 2 ** 32 - 1, 2 ** 40]) {
      const buffer = new RecordBuffer(new ManualClock());
      const head = { seq, hash: new Uint8Array(32).fill(1) };
      buffer.event(originOf('proxy', 's'), head, type, new Uint8Array(2));
      const envelope = decodeEnvelope(bodies(buffer.bytes.subarray(0, buffer.used))[0]!);
      expect(envelope.link!.seq).toBe(BigInt(seq) + 1n);
      expect(verifyChain([envelope], head)).toMatchObject({ ok: true });
    }
  });

  it.each(['', 'with space', 'sés', 'x'.repeat(129)])('refuses %j as a session id', (sessionId) => {
    expect(() => originOf('proxy', sessionId)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });

  it('refuses more than 64 MiB that wait, so that memory stays bounded while nothing can be written', () => {
    const buffer = new RecordBuffer(new ManualClock());
    const add = () => buffer.event(originOf('proxy', 's'), genesis, type, new Uint8Array(2_000_000));
    for (let i = 0; i < 33; i++) add();
    expect(add).toThrow(expect.objectContaining({ code: 'JOURNAL_FULL' }));
  });
});

describe('a checkpoint', () => {
  it('brings back where each session stood and what it had open', () => {
    const state = newSessionState({ seq: 7, hash: new Uint8Array(32).fill(5) });
    state.openStatements.add('sta_1').add('sta_2');
    const record = readRecord(encodeCheckpoint(new Map([['ses_1', state]])), 0);
    const back = decodeCheckpoint(record!.body).get('ses_1')!;
    expect(back.head.seq).toBe(7);
    expect(Buffer.from(back.head.hash).equals(Buffer.alloc(32, 5))).toBe(true);
    expect([...back.openStatements]).toEqual(['sta_1', 'sta_2']);
  });
});

describe('the age of what is not shipped', () => {
  it('is that of the oldest, to within a second, and none once all is shipped', () => {
    const clock = new ManualClock();
    const start = clock.now();
    const marks = new ShippedMarks(clock, 0, undefined);
    expect(marks.oldest).toBeUndefined();
    for (let end = 100; end <= 1000; end += 100) {
      marks.appended(end);
      clock.advance(1000);
    }
    expect(marks.oldest).toBe(start);
    marks.shipped(450);
    expect(marks.oldest).toBe(start + 4000);
    marks.shipped(1000);
    expect(marks.oldest).toBeUndefined();
    marks.appended(1100);
    expect(marks.oldest).toBe(start + 10_000);
  });

  it('remembers what the last owner left', () => {
    const clock = new ManualClock();
    const marks = new ShippedMarks(clock, 500, 42);
    marks.appended(600);
    expect(marks.oldest).toBe(42);
    marks.shipped(400);
    expect(marks.oldest).toBe(42);
    marks.shipped(500);
    expect(marks.oldest).toBe(clock.now());
  });
});
