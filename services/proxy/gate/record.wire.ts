import type { PayloadWriter } from '../journal/index.js';
import type { Outcome, RecordedResult, ResultColumnRecord } from './gate.js';

// These run for every statement. Field numbers: proto/weir/events/v1/session.proto; record.wire.spec.ts reads everything
// back with the generated code.

export function writeParameter(
  out: PayloadWriter,
  parameter: { value: string; null: boolean; note: string },
): void {
  const start = out.open(11);
  out.text(1, parameter.value).bool(2, parameter.null).text(3, parameter.note).close(start);
}

export function writeOutcome(
  out: PayloadWriter,
  statementId: string,
  outcome: Outcome,
  durationUs: number,
): void {
  out.text(1, statementId).text(2, outcome.status).text(3, outcome.commandTag);
  out.text(4, outcome.sqlstate).text(5, outcome.message);
  out.uint(6, outcome.rows).uint(7, outcome.bytes).uint(8, durationUs);
  if (outcome.masked && outcome.masked.size > 0) writeMasked(out, outcome.masked);
  if (outcome.digest) out.bytes(10, outcome.digest);
  out.bool(11, outcome.recordingCut);
  if (!outcome.result) return;
  const start = out.open(12);
  writeResult(out, '', 0, outcome.result);
  out.close(start);
}

function writeMasked(out: PayloadWriter, masked: ReadonlyMap<string, number>): void {
  for (const [name, values] of masked) {
    const start = out.open(9);
    out.text(1, name).uint(2, values).close(start);
  }
}

export function writeResult(
  out: PayloadWriter,
  statementId: string,
  index: number,
  result: RecordedResult,
): void {
  out.text(1, statementId).uint(2, index);
  for (const column of result.columns) writeColumn(out, column);
  if (result.frames.length > 0) out.bytes(5, result.frames);
  out.uint(6, result.rowCount);
}

function writeColumn(out: PayloadWriter, column: ResultColumnRecord): void {
  const start = out.open(3);
  out.text(1, column.name).uint(2, column.typeOid).text(3, column.mask).text(4, column.class);
  out.uint(5, column.format).close(start);
}
