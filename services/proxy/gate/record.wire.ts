import type { PayloadWriter } from '../journal/index.js';
import type { Outcome, RecordedResult, ResultColumnRecord } from './gate.js';

// These run for every statement. Field numbers: proto/weir/events/v1/session.proto; record.wire.spec.ts reads everything
// back with the generated code.

/** Characters of what a target, or a client, may make as long as a message may be. */
export const mostMessage = 8192;
export const mostName = 1024;
/** Bytes of a result's columns: a table's 1,664 with long names are half of it. A target may send more. */
const mostColumnBytes = 512 * 1024;

export const cutText = <T extends string | undefined>(text: T, most: number): T | string =>
  text !== undefined && text.length > most ? `${text.slice(0, most)}… (of ${text.length} characters)` : text;

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
  out.text(1, statementId).text(2, outcome.status).text(3, cutText(outcome.commandTag, mostName));
  out.text(4, cutText(outcome.sqlstate, mostName)).text(5, cutText(outcome.message, mostMessage));
  out.uint(6, outcome.rows).uint(7, outcome.bytes).uint(8, durationUs);
  if (outcome.masked) writeCounts(out, 9, outcome.masked);
  if (outcome.digest) out.bytes(10, outcome.digest);
  out.bool(11, outcome.recordingCut);
  if (outcome.revealed) writeCounts(out, 13, outcome.revealed);
  if (!outcome.result) return;
  const start = out.open(12);
  writeResult(out, '', 0, outcome.result);
  out.close(start);
}

function writeCounts(out: PayloadWriter, field: number, counts: ReadonlyMap<string, number>): void {
  for (const [name, values] of counts) {
    const start = out.open(field);
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
  writeColumns(out, result.columns);
  if (result.frames.length > 0) out.bytes(5, result.frames);
  out.uint(6, result.rowCount);
}

function writeColumns(out: PayloadWriter, columns: readonly ResultColumnRecord[]): void {
  let bytes = 0;
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!;
    bytes += 24 + 3 * column.name.length + column.mask.length + column.class.length;
    if (bytes > mostColumnBytes) {
      const name = `… (${columns.length - i} more columns)`;
      return writeColumn(out, { name, typeOid: 0, format: 0, mask: '', class: '' });
    }
    writeColumn(out, column);
  }
}

function writeColumn(out: PayloadWriter, column: ResultColumnRecord): void {
  const start = out.open(3);
  out.text(1, column.name).uint(2, column.typeOid).text(3, column.mask).text(4, column.class);
  out.uint(5, column.format).close(start);
}
