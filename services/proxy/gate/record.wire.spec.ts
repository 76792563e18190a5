import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ResultChunkSchema, StatementOutcomeSchema, StatementReceivedSchema } from '#events';
import { PayloadWriter } from '../journal/payload.writer.js';
import type { Outcome, RecordedResult } from './gate.js';
import { writeOutcome, writeParameter, writeResult } from './record.wire.js';

const result: RecordedResult = {
  columns: [
    { name: 'id', typeOid: 23, format: 1, mask: '', class: '' },
    { name: 'e-mail é', typeOid: 25, format: 0, mask: 'partial', class: 'email' },
  ],
  frames: Buffer.alloc(300, 7),
  rowCount: 3,
};

const full: Outcome = {
  status: 'over_budget',
  commandTag: 'SELECT 3',
  sqlstate: 'WK002',
  message: 'enough',
  rows: 3,
  bytes: 5_000_000_000,
  masked: new Map([
    ['email', 3],
    ['ssn', 1],
  ]),
  digest: Buffer.alloc(32, 9),
  recordingCut: true,
  result,
};

describe('what the hot path writes, read with the generated code', () => {
  const writer = new PayloadWriter();

  it('an outcome with everything', () => {
    writeOutcome(writer.begin(), 'ses-1', full, 1234);
    expect(fromBinary(StatementOutcomeSchema, writer.finish())).toMatchObject({
      statementId: 'ses-1',
      status: 'over_budget',
      commandTag: 'SELECT 3',
      sqlstate: 'WK002',
      message: 'enough',
      rows: 3n,
      bytes: 5_000_000_000n,
      durationUs: 1234n,
      masked: { email: 3n, ssn: 1n },
      recordingCut: true,
      result: {
        columns: [
          { name: 'id', format: 1 },
          { mask: 'partial', class: 'email' },
        ],
        rowCount: 3,
      },
    });
    const { resultDigest, result: inner } = fromBinary(StatementOutcomeSchema, writer.finish());
    expect(Buffer.from(resultDigest)).toEqual(full.digest);
    expect(Buffer.from(inner!.frames)).toEqual(result.frames);
  });

  it('an outcome with nothing is what the generated code writes for one', () => {
    writeOutcome(writer.begin(), 's', { status: 'ok', masked: new Map() }, 0);
    const expected = toBinary(
      StatementOutcomeSchema,
      create(StatementOutcomeSchema, { statementId: 's', status: 'ok' }),
    );
    expect(Buffer.from(writer.finish())).toEqual(Buffer.from(expected));
  });

  it('a chunk and parameters', () => {
    writeResult(writer.begin(), 's', 2, result);
    const chunk = fromBinary(ResultChunkSchema, writer.finish());
    expect(chunk).toMatchObject({ statementId: 's', index: 2, rowCount: 3 });
    expect(chunk.columns[1]).toMatchObject({ name: 'e-mail é', typeOid: 25 });
    const out = writer.begin();
    writeParameter(out, { value: '', null: true, note: '' });
    writeParameter(out, { value: 'x'.repeat(5000), null: false, note: 'cut' });
    expect(fromBinary(StatementReceivedSchema, writer.finish()).parameters).toMatchObject([
      { value: '', null: true },
      { value: 'x'.repeat(5000), null: false, note: 'cut' },
    ]);
  });
});
