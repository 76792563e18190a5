import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { mostEventBytes, ResultChunkSchema, StatementOutcomeSchema, StatementReceivedSchema } from '#events';
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
  revealed: new Map([['phone', 7]]),
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
      revealed: { phone: 7n },
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

  it('an outcome of a target that sends what it likes, cut to what an event may be', () => {
    const long = 'é'.repeat(4 * 1024 * 1024);
    const column = { name: 'n'.repeat(63), typeOid: 25, format: 0 as const, mask: '', class: '' };
    const wide = { ...result, columns: Array.from({ length: 65_535 }, () => column) };
    writeOutcome(writer.begin(), 's', { ...full, message: long, commandTag: long, result: wide }, 1);
    const bytes = writer.finish();
    expect(bytes.length).toBeLessThan(mostEventBytes / 2);
    const read = fromBinary(StatementOutcomeSchema, bytes);
    expect(read.message).toMatch(/^é{8192}… \(of 4194304 characters\)$/);
    const { columns } = read.result!;
    expect(columns.at(-1)!.name).toBe(`… (${65_535 - columns.length + 1} more columns)`);
    const table = { ...result, columns: wide.columns.slice(0, 1664) };
    writeResult(writer.begin(), 's', 0, table);
    expect(fromBinary(ResultChunkSchema, writer.finish()).columns).toHaveLength(1664);
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
