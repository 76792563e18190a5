import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeRecord, type EncodedRecord, type RecordToEncode } from './kafkajs.record.js';

const own = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/record/v0') as (
  record: RecordToEncode,
) => EncodedRecord;

it('writes what kafkajs writes', () => {
  const bytes = fc.oneof(
    fc.constant(null),
    fc.uint8Array({ maxLength: 9000 }).map((array) => Buffer.from(array)),
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
  );
  const records = fc.record({
    offsetDelta: fc.nat(2 ** 30),
    timestampDelta: fc.nat(2 ** 30),
    key: bytes,
    value: bytes,
    headers: fc.dictionary(fc.string({ unit: 'binary' }), text, { maxKeys: 10 }),
  });
  fc.assert(
    fc.property(records, (record) => {
      expect(encodeRecord(record).buffer.equals(own(record).buffer)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
