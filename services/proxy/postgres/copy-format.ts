import { AppError } from '#kernel';
import type { ByteWriter } from '#masking';
import type { ValueRewriter } from './masking-value.js';

export type RecordKind = 'row' | 'other';

/** One of COPY's formats, as a stream of records: rows, and what stands before and after them. */
export interface CopyFormat {
  /** Past the record that begins at `start`, or -1 if bytes[start, end) do not hold it whole. */
  endOfRecord(bytes: Buffer, start: number, end: number): number;
  /**
   * Writes what changes of a whole record, and all from `kept` that stands before; returns up to where the bytes
   * are written then: `kept` if nothing changed. Records come in order, each once. Throws PROTOCOL_VIOLATION
   * if it is not a row of the columns that were described.
   */
  rewrite(bytes: Buffer, start: number, end: number, kept: number, out: ByteWriter): number;
  /** What the record last given to `rewrite` was. */
  readonly last: RecordKind;
}

export type Rewriters = readonly (ValueRewriter | undefined)[];

export function malformedCopy(what: string): AppError {
  return new AppError('PROTOCOL_VIOLATION', `the target sent COPY data that ${what}`);
}
