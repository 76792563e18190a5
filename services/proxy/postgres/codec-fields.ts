import { violation, type ByteCursor } from '#wire';

/** 0 text, 1 binary. */
export type Format = 0 | 1;

export function asFormat(code: number): Format {
  if (code !== 0 && code !== 1) throw violation(`a format code of ${code}`);
  return code;
}

/* value: size:int32 bytes     size = -1 is NULL */
export function readValue(cursor: ByteCursor): Buffer | null {
  const size = cursor.int32();
  if (size < -1) throw violation(`a value states a length of ${size}`);
  return size === -1 ? null : cursor.bytes(size);
}

/** A whole message from its fields: the header is written here and nowhere else. */
export function message(type: number, ...parts: readonly (Buffer | string | number)[]): Buffer {
  const body = parts.map(encodePart);
  const length = body.reduce((sum, part) => sum + part.length, 4);
  const header = Buffer.allocUnsafe(5);
  header[0] = type;
  header.writeInt32BE(length, 1);
  return Buffer.concat([header, ...body], length + 1);
}

/** A string becomes a cstring, a number an int32. A NUL inside a string would end it early: it is cut there. */
function encodePart(part: Buffer | string | number): Buffer {
  if (typeof part === 'string') return cstring(part);
  return typeof part === 'number' ? int32(part) : part;
}

export function cstring(text: string): Buffer {
  const nul = text.indexOf('\0');
  return Buffer.from(`${nul < 0 ? text : text.slice(0, nul)}\0`, 'utf8');
}

export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

export function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeUInt16BE(value & 0xffff);
  return bytes;
}

export const byte = (value: number): Buffer => Buffer.from([value]);
