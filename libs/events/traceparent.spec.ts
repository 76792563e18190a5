import { create } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { encodeEnvelope } from './envelope.js';
import { EnvelopeSchema } from './gen/weir/events/v1/envelope_pb.js';
import { traceparentField, traceparentOf } from './traceparent.js';

const traceparent = `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01`;

it('is found at the end of an envelope that has it, and in no other', () => {
  const fields = { id: 'evt_1', data: Uint8Array.of(1, 2, 3) };
  const raw = encodeEnvelope(create(EnvelopeSchema, { ...fields, traceparent }));
  expect(traceparentOf(raw)).toBe(traceparent);
  expect(Buffer.from(raw.subarray(-57))).toEqual(traceparentField(traceparent));
  expect(traceparentOf(encodeEnvelope(create(EnvelopeSchema, fields)))).toBeUndefined();
  const other = traceparent.replaceAll('a', 'G');
  expect(
    traceparentOf(encodeEnvelope(create(EnvelopeSchema, { ...fields, traceparent: other }))),
  ).toBeUndefined();
  expect(traceparentOf(Uint8Array.of())).toBeUndefined();
});
