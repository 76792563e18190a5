import { ByteCursor, violation } from '#wire';
import { asFormat, byte, int16, message, readValue, type Format } from './codec-fields.js';

/*
 * What a server sends (B), protocol 3.0: readers for what the target says, builders for what clients are told.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export const backend = {
  parseComplete: 0x31, // 1
  bindComplete: 0x32, // 2
  closeComplete: 0x33, // 3
  notificationResponse: 0x41, // A
  commandComplete: 0x43, // C
  dataRow: 0x44, // D
  errorResponse: 0x45, // E
  copyInResponse: 0x47, // G
  copyOutResponse: 0x48, // H
  emptyQueryResponse: 0x49, // I
  backendKeyData: 0x4b, // K
  noticeResponse: 0x4e, // N
  authentication: 0x52, // R
  parameterStatus: 0x53, // S
  rowDescription: 0x54, // T
  functionCallResponse: 0x56, // V
  copyBothResponse: 0x57, // W
  readyForQuery: 0x5a, // Z
  copyDone: 0x63, // c
  copyData: 0x64, // d
  noData: 0x6e, // n
  portalSuspended: 0x73, // s
  parameterDescription: 0x74, // t
  negotiateProtocolVersion: 0x76, // v
} as const;

const HEADER = 5;

function fields(buffer: Buffer, start = 0, end = buffer.length): ByteCursor {
  return new ByteCursor(buffer, start + HEADER, end);
}

/* AuthenticationOk (B): 'R' 8 0:int32     AuthenticationCleartextPassword (B): 'R' 8 3:int32 */
export const authenticationOk = message(backend.authentication, 0);
export const authenticationCleartextPassword = message(backend.authentication, 3);

/* ParameterStatus (B): 'S' length name:cstring value:cstring */
export const parameterStatus = (name: string, value: string): Buffer =>
  message(backend.parameterStatus, name, value);

export function readParameterStatus(
  buffer: Buffer,
  start = 0,
  end = buffer.length,
): { name: string; value: string } {
  const cursor = fields(buffer, start, end);
  const status = { name: cursor.cstring(), value: cursor.cstring() };
  cursor.done();
  return status;
}

/* BackendKeyData (B): 'K' 12 pid:int32 secret:int32     (protocol 3.2 has secrets of up to 256 bytes) */
export interface BackendKey {
  readonly pid: number;
  readonly secret: Buffer;
}

export const backendKeyData = ({ pid, secret }: BackendKey): Buffer =>
  message(backend.backendKeyData, pid, secret);

export function readBackendKeyData(buffer: Buffer, start = 0, end = buffer.length): BackendKey {
  const cursor = fields(buffer, start, end);
  const pid = cursor.int32();
  if (cursor.remaining < 4 || cursor.remaining > 256) throw violation('a cancel key of a false length');
  return { pid, secret: Buffer.from(cursor.bytes(cursor.remaining)) };
}

/* ReadyForQuery (B): 'Z' 5 status:byte     'I' idle, 'T' in a transaction block, 'E' in a failed one */
export type TransactionStatus = 'I' | 'T' | 'E';

export const readyForQuery = (status: TransactionStatus): Buffer =>
  message(backend.readyForQuery, byte(status.charCodeAt(0)));

export function readReadyForQuery(buffer: Buffer, start = 0, end = buffer.length): TransactionStatus {
  const cursor = fields(buffer, start, end);
  const status = String.fromCharCode(cursor.uint8());
  cursor.done();
  if (status !== 'I' && status !== 'T' && status !== 'E') throw violation('an unknown transaction status');
  return status;
}

/* NegotiateProtocolVersion (B): 'v' length newest:int32 count:int32 [ option:cstring ]*
 * `newest` is a whole version number (196608 is 3.0), whatever "newest minor version" in the manual suggests:
 * the server sends it so, and libpq 18 refuses anything below 3.0. */
export const negotiateProtocolVersion = (newest: number, unknown: readonly string[]): Buffer =>
  message(backend.negotiateProtocolVersion, newest, unknown.length, ...unknown);

/* ErrorResponse (B): 'E' length [ field:byte value:cstring ]* 0     NoticeResponse (B): 'N', the same fields
 * S severity (localised), V severity, C SQLSTATE, M message, D detail, H hint, P position */
export interface Report {
  readonly severity: 'ERROR' | 'FATAL' | 'PANIC' | 'WARNING' | 'NOTICE' | 'INFO' | 'LOG' | 'DEBUG';
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** From 1, in characters. */
  readonly position?: number | undefined;
}

export const errorResponse = (report: Report): Buffer => reportMessage(backend.errorResponse, report);
export const noticeResponse = (report: Report): Buffer => reportMessage(backend.noticeResponse, report);

function reportMessage(type: number, report: Report): Buffer {
  const parts: [string, string | undefined][] = [
    ['S', report.severity],
    ['V', report.severity],
    ['C', report.sqlstate],
    ['M', report.message],
    ['D', report.detail],
    ['H', report.hint],
    ['P', report.position?.toString()],
  ];
  const texts = parts.filter(([, value]) => value !== undefined).map(([field, value]) => `${field}${value}`);
  return message(type, ...texts, byte(0));
}

/** Every field of an ErrorResponse or NoticeResponse, by its letter. */
export function readReport(buffer: Buffer, start = 0, end = buffer.length): Map<string, string> {
  const cursor = fields(buffer, start, end);
  const report = new Map<string, string>();
  for (let letter = cursor.uint8(); letter !== 0; letter = cursor.uint8())
    // A server whose encoding is not ours may quote what is not UTF-8; nothing is decided by these texts.
    report.set(String.fromCharCode(letter), cursor.cbytes().toString('utf8'));
  return report;
}

/* RowDescription (B): 'T' length count:int16
 *   [ name:cstring tableOid:int32 attnum:int16 typeOid:int32 typeSize:int16 typeModifier:int32 format:int16 ]* */
export interface Field {
  readonly name: string;
  /** 0: an expression. */
  readonly tableOid: number;
  /** 0 with a table: the whole row. Negative: a system column. */
  readonly attnum: number;
  readonly typeOid: number;
  readonly format: Format;
}

export function readRowDescription(buffer: Buffer, start = 0, end = buffer.length): Field[] {
  const cursor = fields(buffer, start, end);
  const described: Field[] = [];
  for (let left = cursor.count(19); left > 0; left--) described.push(readField(cursor));
  cursor.done();
  return described;
}

function readField(cursor: ByteCursor): Field {
  const name = cursor.cstring();
  const tableOid = cursor.uint32();
  const attnum = cursor.int16();
  const typeOid = cursor.uint32();
  cursor.bytes(6);
  return { name, tableOid, attnum, typeOid, format: asFormat(cursor.int16()) };
}

/* ParameterDescription (B): 't' length count:int16 [ typeOid:int32 ]* */
export function readParameterDescription(buffer: Buffer, start = 0, end = buffer.length): number[] {
  const cursor = fields(buffer, start, end);
  const types: number[] = [];
  for (let left = cursor.count(4); left > 0; left--) types.push(cursor.uint32());
  cursor.done();
  return types;
}

/* DataRow (B): 'D' length count:int16 [ size:int32 bytes ]*     size = -1 is NULL */
export function readDataRow(buffer: Buffer, start = 0, end = buffer.length): (Buffer | null)[] {
  const cursor = fields(buffer, start, end);
  const values: (Buffer | null)[] = [];
  for (let left = cursor.count(4); left > 0; left--) values.push(readValue(cursor));
  cursor.done();
  return values;
}

/* CommandComplete (B): 'C' length tag:cstring     `SELECT 5`, `INSERT 0 5`, `COPY 5`, `CREATE TABLE` */
export function readCommandComplete(buffer: Buffer, start = 0, end = buffer.length): string {
  const cursor = fields(buffer, start, end);
  const tag = cursor.cstring();
  cursor.done();
  return tag;
}

export const commandComplete = (tag: string): Buffer => message(backend.commandComplete, tag);

/* CopyOutResponse, CopyInResponse (B): 'H', 'G' length format:byte count:int16 [ format:int16 ]* */
export interface CopyResponse {
  readonly format: Format;
  readonly columnFormats: readonly Format[];
}

export function readCopyResponse(buffer: Buffer, start = 0, end = buffer.length): CopyResponse {
  const cursor = fields(buffer, start, end);
  const format = asFormat(cursor.uint8());
  const columnFormats: Format[] = [];
  for (let left = cursor.count(2); left > 0; left--) columnFormats.push(asFormat(cursor.int16()));
  cursor.done();
  return { format, columnFormats };
}

/* RowDescription and DataRow as the gate itself sends them: text only, no origin. */
export function textRowDescription(names: readonly string[]): Buffer {
  const parts = names.flatMap((name) => [name, 0, int16(0), 25, int16(-1), -1, int16(0)]);
  return message(backend.rowDescription, int16(names.length), ...parts);
}
