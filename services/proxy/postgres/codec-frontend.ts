import { ByteCursor, utf8, violation } from '#wire';
import { asFormat, readValue, type Format } from './codec-fields.js';

/*
 * What a client sends (F), protocol 3.0: type:byte length:int32 fields. `length` includes itself, not the type.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 * A reader takes (buffer, start, end) as MessageScanner gives them: `start` is the type byte, `end` exclusive.
 * All of them throw PROTOCOL_VIOLATION where the fields and the length disagree.
 */
export const frontend = {
  bind: 0x42, // B
  close: 0x43, // C
  describe: 0x44, // D
  execute: 0x45, // E
  functionCall: 0x46, // F
  flush: 0x48, // H
  parse: 0x50, // P
  query: 0x51, // Q
  sync: 0x53, // S
  terminate: 0x58, // X
  copyFail: 0x66, // f
  copyData: 0x64, // d
  copyDone: 0x63, // c
  password: 0x70, // p: PasswordMessage, SASLInitialResponse, SASLResponse
} as const;

const HEADER = 5;

function fields(buffer: Buffer, start = 0, end = buffer.length): ByteCursor {
  return new ByteCursor(buffer, start + HEADER, end);
}

/* Query (F): 'Q' length text:cstring */
export function readQuery(buffer: Buffer, start = 0, end = buffer.length): string {
  const cursor = fields(buffer, start, end);
  const text = cursor.cstring();
  cursor.done();
  return text;
}

/* Parse (F): 'P' length name:cstring text:cstring count:int16 [ typeOid:int32 ]* */
export interface Parse {
  readonly name: string;
  readonly text: string;
  readonly parameterTypes: readonly number[];
}

/**
 * The server cuts a name after 63 bytes, so two that differ only beyond would be one there and two here: what was
 * judged would not be what runs.
 */
function readName(cursor: ByteCursor): string {
  const name = cursor.cstring();
  if (Buffer.byteLength(name) > 63) throw violation('a statement or portal name longer than 63 bytes');
  return name;
}

export function readParse(buffer: Buffer, start = 0, end = buffer.length): Parse {
  const cursor = fields(buffer, start, end);
  const name = readName(cursor);
  const text = cursor.cstring();
  const parameterTypes: number[] = [];
  for (let left = cursor.count(4); left > 0; left--) parameterTypes.push(cursor.uint32());
  cursor.done();
  return { name, text, parameterTypes };
}

/*
 * Bind (F): 'B' length portal:cstring statement:cstring
 *           formats:int16 [ format:int16 ]*            0 of them: all text; 1: for all
 *           count:int16 [ size:int32 bytes ]*          size = -1 is NULL
 *           resultFormats:int16 [ format:int16 ]*
 */
export interface Bind {
  readonly portal: string;
  readonly statement: string;
  readonly formats: readonly Format[];
  /** Views into the message's buffer; null is NULL. */
  readonly values: readonly (Buffer | null)[];
  readonly resultFormats: readonly Format[];
}

export function readBind(buffer: Buffer, start = 0, end = buffer.length): Bind {
  const cursor = fields(buffer, start, end);
  const portal = readName(cursor);
  const statement = readName(cursor);
  const formats = readFormats(cursor);
  const values: (Buffer | null)[] = [];
  for (let left = cursor.count(4); left > 0; left--) values.push(readValue(cursor));
  const resultFormats = readFormats(cursor);
  cursor.done();
  if (formats.length > 1 && formats.length !== values.length)
    throw violation(`Bind has ${formats.length} formats for ${values.length} parameters`);
  return { portal, statement, formats, values, resultFormats };
}

/** The format of parameter or result column `index`, by the rule of 0, 1 or all. */
export function formatOf(formats: readonly Format[], index: number): Format {
  if (formats.length === 0) return 0;
  return (formats.length === 1 ? formats[0] : formats[index]) ?? 0;
}

function readFormats(cursor: ByteCursor): Format[] {
  const formats: Format[] = [];
  for (let left = cursor.count(2); left > 0; left--) formats.push(asFormat(cursor.int16()));
  return formats;
}

/* Describe (F): 'D' length what:byte name:cstring     what = 'S' a statement, 'P' a portal; Close (F) likewise */
export interface Named {
  readonly what: 'statement' | 'portal';
  readonly name: string;
}

export function readNamed(buffer: Buffer, start = 0, end = buffer.length): Named {
  const cursor = fields(buffer, start, end);
  const letter = cursor.uint8();
  if (letter !== 0x53 && letter !== 0x50)
    throw violation('Describe or Close of neither statement nor portal');
  const name = readName(cursor);
  cursor.done();
  return { what: letter === 0x53 ? 'statement' : 'portal', name };
}

/* Execute (F): 'E' length portal:cstring maxRows:int32     0: no limit */
export interface Execute {
  readonly portal: string;
  readonly maxRows: number;
}

export function readExecute(buffer: Buffer, start = 0, end = buffer.length): Execute {
  const cursor = fields(buffer, start, end);
  const execute = { portal: readName(cursor), maxRows: cursor.int32() };
  cursor.done();
  return execute;
}

/* Sync, Flush, Terminate, CopyDone (F): type length     and nothing else */
export function readEmpty(buffer: Buffer, start = 0, end = buffer.length): void {
  fields(buffer, start, end).done();
}

/* CopyData (F & B): 'd' length bytes */
export function readCopyData(buffer: Buffer, start = 0, end = buffer.length): Buffer {
  return buffer.subarray(start + HEADER, end);
}

/* PasswordMessage (F): 'p' length password:cstring */
export function readPassword(buffer: Buffer, start = 0, end = buffer.length): string {
  const cursor = fields(buffer, start, end);
  const password = utf8(cursor.cbytes());
  cursor.done();
  return password;
}
