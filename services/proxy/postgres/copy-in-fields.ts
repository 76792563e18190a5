import { AppError } from '#kernel';

export type OnValue = (value: Buffer) => void;

/** One of COPY FROM's formats: where records end, and the values in one. */
export interface CopyFields {
  /** Past the record that begins at `start`; -1 if it is not whole. */
  endOfRecord(bytes: Buffer, start: number): number;
  /** Calls with each value as the server will read it; valid until the call returns. */
  values(bytes: Buffer, start: number, end: number, onValue: OnValue): void;
}

interface Marks {
  readonly delimiter: number;
  readonly quote: number;
  readonly escape: number;
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const backslash = 0x5c;
const isLineEnd = (byte: number | undefined) => byte === newline || byte === carriageReturn;

/*
 * Row (text): field [ delimiter field ]* lineEnd      lineEnd: \n, \r\n or \r, all of a stream alike
 * A backslash takes the next byte's meaning away, that of a line end too, or begins \b \f \n \r \t \v, \ooo, \xhh.
 */
export function fieldsOfText({ delimiter }: Pick<Marks, 'delimiter'>): CopyFields {
  return {
    endOfRecord(bytes, start) {
      let i = start;
      while (i < bytes.length && !isLineEnd(bytes[i])) i += bytes[i] === backslash ? 2 : 1;
      return endBehind(bytes, i);
    },
    values(bytes, start, end, onValue) {
      let from = start;
      for (let i = start; i <= end; i += bytes[i] === backslash ? 2 : 1) {
        if (i < end && bytes[i] !== delimiter && !isLineEnd(bytes[i])) continue;
        onValue(unescaped(bytes.subarray(from, i)));
        from = i + 1;
      }
      if (from < end) onValue(unescaped(bytes.subarray(from, end)));
    },
  };
}

/** Past a line end at `i`, of one byte or two. A \r at the very end may be followed by \n. */
function endBehind(bytes: Buffer, i: number): number {
  if (i >= bytes.length) return -1;
  if (bytes[i] === newline) return i + 1;
  if (i + 1 === bytes.length) return -1;
  return bytes[i + 1] === newline ? i + 2 : i + 1;
}

const letters: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function unescaped(bytes: Buffer): Buffer {
  if (!bytes.includes(backslash)) return bytes;
  const text = bytes.toString('latin1');
  const read = text.replace(
    /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|([^]))/g,
    (_, octal: string | undefined, hex: string | undefined, other: string) => {
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8) & 0xff);
      return hex === undefined ? (letters[other] ?? other) : String.fromCharCode(parseInt(hex, 16));
    },
  );
  return Buffer.from(read, 'latin1');
}

/*
 * Row (csv): field [ delimiter field ]* lineEnd      quotes may open and close anywhere in a field
 * In quotes the escape character stands before a quote or itself; line ends and delimiters are data there.
 */
export function fieldsOfCsv({ delimiter, quote, escape }: Marks): CopyFields {
  /** Calls with each byte of a value, with -1 behind each value, until a record ends; returns where. */
  const scan = (bytes: Buffer, start: number, onByte: (byte: number) => void): number => {
    let quoted = false;
    for (let i = start; i < bytes.length; i++) {
      const byte = bytes[i]!;
      const next = bytes[i + 1];
      if (quoted && byte === escape && (next === quote || next === escape)) onByte(bytes[++i]!);
      else if (byte === quote) quoted = !quoted;
      else if (!quoted && byte === delimiter) onByte(-1);
      else if (!quoted && isLineEnd(byte)) return endBehind(bytes, i);
      else onByte(byte);
    }
    return -1;
  };
  return {
    endOfRecord: (bytes, start) => scan(bytes, start, () => undefined),
    values(bytes, start, end, onValue) {
      const value = Buffer.allocUnsafe(end - start);
      let length = 0;
      const take = (byte: number) => {
        if (byte >= 0) value[length++] = byte;
        else {
          onValue(value.subarray(0, length));
          length = 0;
        }
      };
      scan(bytes.subarray(0, end), start, take);
      take(-1);
    },
  };
}

/*
 * Stream (binary): header row* trailer      as COPY TO writes it: see copy-binary.ts
 * row: count:int16 [ size:int32 bytes ]*    size -1 is NULL; a count of -1 is the trailer
 */
export function fieldsOfBinary(): CopyFields {
  const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
  let headerDue = true;
  return {
    endOfRecord(bytes, start) {
      if (headerDue) return endOfHeader(bytes, start, signature.length);
      if (start + 2 > bytes.length) return -1;
      let at = start + 2;
      for (let left = bytes.readInt16BE(start); left > 0; left--) {
        if (at + 4 > bytes.length) return -1;
        at += 4 + Math.max(0, bytes.readInt32BE(at));
      }
      return at > bytes.length ? -1 : at;
    },
    values(bytes, start, end, onValue) {
      if (headerDue) {
        headerDue = false;
        if (!bytes.subarray(start, start + signature.length).equals(signature))
          throw new AppError('STATEMENT_DENIED', 'COPY data that does not begin as COPY data does');
        return;
      }
      if (start + 2 > end) throw new AppError('STATEMENT_DENIED', 'COPY data that ends within a row');
      let at = start + 2;
      for (let left = bytes.readInt16BE(start); left > 0; left--) {
        if (at + 4 > end) throw new AppError('STATEMENT_DENIED', 'COPY data that ends within a row');
        const size = Math.max(0, bytes.readInt32BE(at));
        onValue(bytes.subarray(at + 4, at + 4 + size));
        at += 4 + size;
      }
    },
  };
}

/* header: signature flags:int32 extensionSize:int32 extension */
function endOfHeader(bytes: Buffer, start: number, signature: number): number {
  const fixed = start + signature + 8;
  if (bytes.length < fixed) return -1;
  const end = fixed + bytes.readUInt32BE(fixed - 4);
  return end > bytes.length ? -1 : end;
}
