import { create, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EnvelopeSchema,
  StatementOutcomeSchema,
  StatementReceivedSchema,
  type StatementReceived,
} from '#events';
import { unknownSession } from './session.book.js';
import { sessionSays, withLibrary } from './session-event.row.js';
import { readOutcome, readReceived } from './statement.reader.js';

const text = fc.oneof(
  fc.constant(''),
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const bytes = fc.uint8Array({ maxLength: 40 });
const uint32 = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff_ffff }));
const wide = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt(0n, 5000n));
const texts = fc.array(text, { maxLength: 3 });
const received: fc.Arbitrary<MessageInitShape<typeof StatementReceivedSchema>> = fc.record({
  ...{ statementId: text, textHash: bytes, text, fingerprint: text, how: text, kinds: texts },
  reads: fc.array(fc.record({ schema: text, name: text }), { maxLength: 2 }),
  writes: fc.array(fc.record({ schema: text, name: text }), { maxLength: 2 }),
  columns: fc.array(fc.record({ schema: text, table: text, column: text }), { maxLength: 3 }),
  functions: texts,
  parameters: fc.array(fc.record({ value: text, null: fc.boolean(), note: text }), { maxLength: 3 }),
  ...{ decision: text, reason: text, policyIds: texts, snapshot: text, approvalId: text, maxRows: wide },
  ...{ portal: text, notify: texts, lookupsUsed: wide, lookupsLimit: wide },
  through: fc.array(fc.record({ schema: text, name: text }), { maxLength: 2 }),
});
/* DataRow: 'D' length:int32 count:int16 [ size:int32 bytes ]* */
const frame = fc.array(fc.option(bytes), { maxLength: 3 }).map((values) => {
  const items = values.map((value) => {
    const size = Buffer.alloc(4);
    size.writeInt32BE(value?.length ?? -1);
    return Buffer.concat([size, value ?? Buffer.alloc(0)]);
  });
  const body = Buffer.concat(items);
  const head = Buffer.alloc(7, 'D');
  head.writeInt32BE(body.length + 6, 1);
  head.writeInt16BE(values.length, 5);
  return Buffer.concat([head, body]);
});
const result = fc.record({
  ...{ statementId: text, index: uint32, rowCount: uint32 },
  columns: fc.array(
    fc.record({
      name: text,
      typeOid: uint32,
      mask: text,
      class: text,
      format: fc.integer({ min: 0, max: 1 }),
    }),
    { maxLength: 3 },
  ),
  frames: fc.oneof(
    bytes,
    fc.array(frame, { maxLength: 3 }).map((frames) => Buffer.concat(frames)),
  ),
});
const outcome: fc.Arbitrary<MessageInitShape<typeof StatementOutcomeSchema>> = fc.record(
  {
    ...{ statementId: text, status: text, commandTag: text, sqlstate: text, message: text, rows: wide },
    ...{ bytes: wide, durationUs: fc.bigInt({ min: -5n, max: 2n ** 60n }) },
    masked: fc.dictionary(text, wide, { maxKeys: 3 }),
    ...{ resultDigest: bytes, recordingCut: fc.boolean(), result },
    revealed: fc.dictionary(text, wide, { maxKeys: 3 }),
  },
  { requiredKeys: [] },
);

/** Both ways, each with a session of its own, as one that follows would see it. */
function bothSay({ typeName }: DescMessage, data: Uint8Array) {
  const envelope = create(EnvelopeSchema, { type: typeName, data });
  return [sessionSays, withLibrary].map((read) => {
    const session = unknownSession();
    try {
      const { own, payload } = read(envelope, session);
      return { own, payload: JSON.stringify(payload), session };
    } catch (error) {
      return { error: (error as Error).message, session };
    }
  });
}

describe('what is read quickly', () => {
  it.each([
    [StatementReceivedSchema, received],
    [StatementOutcomeSchema, outcome],
  ] as const)(
    'says what the library says',
    (schema: DescMessage, messages: fc.Arbitrary<Record<string, unknown>>) => {
      fc.assert(
        fc.property(messages, (init) => {
          const [quick, library] = bothSay(schema, toBinary(schema, create(schema, init)));
          expect(quick).toEqual(library);
        }),
        { numRuns: 2000 },
      );
    },
  );

  it.each([
    [StatementReceivedSchema, received],
    [StatementOutcomeSchema, outcome],
  ] as const)(
    'says of damaged bytes, too, what the library says',
    (schema: DescMessage, messages: fc.Arbitrary<Record<string, unknown>>) => {
      const damage = fc.record({ at: fc.nat(400), to: fc.nat(255), cut: fc.boolean() });
      fc.assert(
        fc.property(messages, damage, (init, { at, to, cut }) => {
          const data = toBinary(schema, create(schema, init));
          fc.pre(data.length > 0);
          const where = at % data.length;
          const [quick, library] = bothSay(schema, cut ? data.slice(0, where) : data.with(where, to));
          expect(quick).toEqual(library);
        }),
        { numRuns: 3000 },
      );
    },
  );

  it('is all but what is unusual: there the library reads', () => {
    const bytesOf = (init: Partial<StatementReceived>) =>
      toBinary(StatementReceivedSchema, create(StatementReceivedSchema, init as object));
    expect(readReceived(bytesOf({ text: 'select 1', maxRows: 2n ** 53n - 1n }))).toMatchObject({
      text: 'select 1',
    });
    expect(readReceived(bytesOf({ maxRows: 2n ** 53n }))).toBeUndefined();
    expect(readReceived(bytesOf({ text: '\ufeffselect 1' }))).toBeUndefined();
    expect(readReceived(Buffer.from([0xa2, 0x01, 0x00]))).toBeUndefined(); // field 20
    expect(readReceived(Buffer.from([0x1a, 0x01, 0xff]))).toBeUndefined(); // no UTF-8
    expect(readReceived(Buffer.from([0x1a, 0x05, 0x61]))).toBeUndefined(); // cut
    const twice = Buffer.from([0x62, 0x02, 0x12, 0x00, 0x62, 0x00]);
    expect(readOutcome(twice)).toBeUndefined(); // a message that is merged
    expect(readOutcome(twice.subarray(0, 4))).toBeUndefined(); // index as text
  });
});
