import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Outcome, RecordedResult, ResultColumnRecord } from './gate.js';

// These run for every statement: written field by field with the library's own writer, which costs a quarter of
// building a message object first. Field numbers: proto/weir/events/v1/session.proto; record.wire.spec.ts reads
// everything back with the generated code.

const text = (out: BinaryWriter, field: number, value: string | undefined) =>
  value ? out.tag(field, WireType.LengthDelimited).string(value) : out;
const count = (out: BinaryWriter, field: number, value: number | undefined) =>
  value ? out.tag(field, WireType.Varint).uint64(value) : out;

export function writeParameter(
  out: BinaryWriter,
  parameter: { value: string; null: boolean; note: string },
): void {
  out.tag(11, WireType.LengthDelimited).fork();
  text(out, 1, parameter.value);
  if (parameter.null) out.tag(2, WireType.Varint).bool(true);
  text(out, 3, parameter.note);
  out.join();
}

export function writeOutcome(statementId: string, outcome: Outcome, durationUs: number): Uint8Array {
  const out = new BinaryWriter();
  text(out, 1, statementId);
  text(out, 2, outcome.status);
  text(out, 3, outcome.commandTag);
  text(out, 4, outcome.sqlstate);
  text(out, 5, outcome.message);
  count(out, 6, outcome.rows);
  count(out, 7, outcome.bytes);
  count(out, 8, durationUs);
  for (const [name, values] of outcome.masked ?? []) {
    out.tag(9, WireType.LengthDelimited).fork();
    text(out, 1, name);
    count(out, 2, values);
    out.join();
  }
  if (outcome.digest) out.tag(10, WireType.LengthDelimited).bytes(outcome.digest);
  if (outcome.recordingCut) out.tag(11, WireType.Varint).bool(true);
  if (outcome.result) {
    out.tag(12, WireType.LengthDelimited).fork();
    writeResult(out, '', 0, outcome.result);
    out.join();
  }
  return out.finish();
}

export function writeResult(
  out: BinaryWriter,
  statementId: string,
  index: number,
  result: RecordedResult,
): BinaryWriter {
  text(out, 1, statementId);
  count(out, 2, index);
  for (const column of result.columns) writeColumn(out, column);
  if (result.frames.length > 0) out.tag(5, WireType.LengthDelimited).bytes(result.frames);
  return count(out, 6, result.rowCount);
}

function writeColumn(out: BinaryWriter, column: ResultColumnRecord): void {
  out.tag(3, WireType.LengthDelimited).fork();
  text(out, 1, column.name);
  count(out, 2, column.typeOid);
  text(out, 3, column.mask);
  text(out, 4, column.class);
  count(out, 5, column.format);
  out.join();
}
