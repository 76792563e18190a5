import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatementOutcomeSchema } from '#events';
import { PayloadWriter } from './payload.writer.js';

const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ minLength: 120, maxLength: 140 }),
);
const outcome = fc.record({
  statementId: text,
  status: text,
  commandTag: text,
  rows: fc.maxSafeNat(),
  resultDigest: fc.uint8Array({ maxLength: 200 }),
  recordingCut: fc.boolean(),
  result: fc.record({ frames: fc.uint8Array({ maxLength: 20_000 }), rowCount: fc.nat() }),
});

describe('the payload writer', () => {
  it('writes the very bytes of the generated code', () => {
    const writer = new PayloadWriter();
    fc.assert(
      fc.property(outcome, (each) => {
        const out = writer.begin();
        out.text(1, each.statementId).text(2, each.status).text(3, each.commandTag).uint(6, each.rows);
        if (each.resultDigest.length > 0) out.bytes(10, each.resultDigest);
        out.bool(11, each.recordingCut);
        const inner = out.open(12);
        if (each.result.frames.length > 0) out.bytes(5, each.result.frames);
        out.uint(6, each.result.rowCount).close(inner);
        const expected = toBinary(
          StatementOutcomeSchema,
          create(StatementOutcomeSchema, {
            ...each,
            rows: BigInt(each.rows),
            result: each.result,
          }),
        );
        expect(Buffer.from(out.finish()).equals(Buffer.from(expected))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('takes fields that are encoded already, and grows', () => {
    const writer = new PayloadWriter();
    const message = 'x'.repeat(400_000);
    const raw = toBinary(StatementOutcomeSchema, create(StatementOutcomeSchema, { message }));
    const out = writer.begin().text(1, 's-1').raw(raw);
    expect(fromBinary(StatementOutcomeSchema, out.finish())).toMatchObject({ statementId: 's-1', message });
    expect(writer.begin().text(1, 'é').finish()).toEqual(Buffer.from([0x0a, 2, 0xc3, 0xa9]));
  });
});
