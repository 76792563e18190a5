import { isUtf8 } from 'node:buffer';
import type { Parameter } from './gate.js';

/** A parameter's bytes as they were sent; undefined for NULL and for one that is not there. */
export function bytesOf(parameter: Parameter | undefined): Buffer | undefined {
  if (!parameter || parameter.value === null) return undefined;
  return parameter.format === 0 ? Buffer.from(parameter.value) : Buffer.from(parameter.value.slice(2), 'hex');
}

/** What tells values apart: the same for a text however it was sent, and never the same for different bytes. */
export function identityOf(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : `\\x${bytes.toString('hex')}`;
}

/**
 * The texts that a parameter may be: as sent, and where it is binary, as the numbers that its bytes may mean. Its type is
 * not known here, so each reading counts.
 */
export function readingsOf(parameter: Parameter): readonly (string | Uint8Array)[] {
  const bytes = bytesOf(parameter);
  if (!bytes) return [];
  if (parameter.format === 0) return [bytes];
  const numbers = [bigint(bytes), double(bytes), numeric(bytes)];
  return [bytes, ...numbers.filter((text) => text !== undefined)];
}

/* int8: 8 bytes, big-endian */
function bigint(bytes: Buffer): string | undefined {
  return bytes.length === 8 ? bytes.readBigInt64BE().toString() : undefined;
}

/* float8: 8 bytes, IEEE 754 */
function double(bytes: Buffer): string | undefined {
  if (bytes.length !== 8) return undefined;
  const value = bytes.readDoubleBE();
  return Number.isSafeInteger(value) ? value.toString() : undefined;
}

/* numeric: digits:int16 weight:int16 sign:uint16 scale:uint16 [ digit:uint16, base 10000 ]* */
function numeric(bytes: Buffer): string | undefined {
  if (bytes.length < 10 || bytes.length > 8 + 2 * 32 || bytes.length !== 8 + 2 * bytes.readUInt16BE(0))
    return undefined;
  const count = bytes.readUInt16BE(0);
  let digits = '';
  for (let i = 0; i <= Math.min(bytes.readInt16BE(2), 32); i++)
    digits += (i < count ? bytes.readUInt16BE(8 + 2 * i) : 0).toString().padStart(4, '0');
  return digits.replace(/^0+/, '');
}
