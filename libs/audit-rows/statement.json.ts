import type { ResultChunk, StatementOutcome, StatementReceived, TableRef } from '#events';
import type { RecordedRow } from './result.rows.js';
import type { Fields } from './statement.reader.js';

// As the library's `toJson` has it, in the order of the fields' numbers; what has its default is left out.

export function receivedJson(read: Fields<StatementReceived>): object {
  return {
    statementId: text(read.statementId),
    textHash: bytes(read.textHash),
    text: text(read.text),
    fingerprint: text(read.fingerprint),
    how: text(read.how),
    kinds: list(read.kinds),
    reads: list(read.reads.map(tableJson)),
    writes: list(read.writes.map(tableJson)),
    columns: list(
      read.columns.map((each) => ({
        schema: text(each.schema),
        table: text(each.table),
        column: text(each.column),
      })),
    ),
    functions: list(read.functions),
    parameters: list(
      read.parameters.map((each) => ({
        value: text(each.value),
        null: each.null || undefined,
        note: text(each.note),
      })),
    ),
    decision: text(read.decision),
    reason: text(read.reason),
    policyIds: list(read.policyIds),
    snapshot: text(read.snapshot),
    approvalId: text(read.approvalId),
    maxRows: wide(read.maxRows),
    portal: text(read.portal),
    notify: list(read.notify),
    lookupsUsed: wide(read.lookupsUsed),
    lookupsLimit: wide(read.lookupsLimit),
    through: list(read.through.map(tableJson)),
  };
}

/** `rows`: what the frames of the result were read into; they then stand in their place. */
export function outcomeJson(
  read: Fields<StatementOutcome>,
  rows: readonly RecordedRow[] | undefined,
): object {
  return {
    statementId: text(read.statementId),
    status: text(read.status),
    commandTag: text(read.commandTag),
    sqlstate: text(read.sqlstate),
    message: text(read.message),
    rows: wide(read.rows),
    bytes: wide(read.bytes),
    durationUs: wide(read.durationUs),
    masked: countsJson(read.masked),
    resultDigest: bytes(read.resultDigest),
    recordingCut: read.recordingCut || undefined,
    result: read.result && chunkJson(read.result, rows),
    revealed: countsJson(read.revealed),
  };
}

function chunkJson(chunk: Fields<ResultChunk>, rows: readonly RecordedRow[] | undefined): object {
  return {
    statementId: text(chunk.statementId),
    index: chunk.index || undefined,
    columns: list(
      chunk.columns.map((each) => ({
        name: text(each.name),
        typeOid: each.typeOid || undefined,
        mask: text(each.mask),
        class: text(each.class),
        format: each.format || undefined,
      })),
    ),
    frames: rows ? undefined : bytes(chunk.frames),
    rowCount: chunk.rowCount || undefined,
    rows,
  };
}

function countsJson(counts: Readonly<Record<string, bigint>>): object | undefined {
  const entries = Object.entries(counts);
  return entries.length === 0
    ? undefined
    : Object.fromEntries(entries.map(([name, count]) => [name, String(count)]));
}

const tableJson = ({ schema, name }: TableRef): object => ({ schema: text(schema), name: text(name) });
const text = (value: string): string | undefined => value || undefined;
const wide = (value: bigint): string | undefined => (value === 0n ? undefined : String(value));
const list = <T>(values: readonly T[]): readonly T[] | undefined =>
  values.length === 0 ? undefined : values;

function bytes({ buffer, byteOffset, byteLength }: Uint8Array): string | undefined {
  return byteLength === 0 ? undefined : Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
