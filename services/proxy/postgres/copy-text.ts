import { ByteWriter } from '#masking';
import { type CopyFormat, malformedCopy, type RecordKind, type Rewriters } from './copy-format.js';
import type { CopyOutOptions } from './copy-options.js';
import { UNCHANGED, WRITTEN } from './masking-value.js';

/*
 * Row (text):  field [ delimiter field ]* \n
 * A field has no raw line end or delimiter: these are written with a backslash, and so is a backslash.
 */
const newline = 0x0a;
const backslash = 0x5c;

export class CopyText implements CopyFormat {
  last: RecordKind = 'other';
  private headerDue: boolean;
  private readonly masked = new ByteWriter(256);

  constructor(
    private readonly rewriters: Rewriters,
    private readonly options: CopyOutOptions,
  ) {
    this.headerDue = options.header;
  }

  endOfRecord(bytes: Buffer, start: number, end: number): number {
    const at = bytes.indexOf(newline, start);
    return at < 0 || at >= end ? -1 : at + 1;
  }

  rewrite(bytes: Buffer, start: number, end: number, keptBefore: number, out: ByteWriter): number {
    if (this.headerDue) {
      this.headerDue = false;
      this.last = 'other';
      return keptBefore;
    }
    this.last = 'row';
    const last = end - 1;
    let kept = keptBefore;
    let at = start;
    for (let column = 0; column < this.rewriters.length; column++) {
      if (at > last) throw malformedCopy('has too few columns');
      const fieldEnd = this.endOfField(bytes, at, last);
      if (this.rewriteField(column, bytes, at, fieldEnd, kept, out)) kept = fieldEnd;
      at = fieldEnd + 1;
    }
    if (at !== end && this.rewriters.length > 0) throw malformedCopy('has too many columns');
    return kept;
  }

  private rewriteField(
    column: number,
    bytes: Buffer,
    start: number,
    end: number,
    kept: number,
    out: ByteWriter,
  ): boolean {
    // prettier-ignore
    const rewriter = this.rewriters[column];
    if (rewriter === undefined || isText(bytes, start, end, this.options.nullText)) return false;
    this.masked.reset();
    const value = hasEscape(bytes, start, end) ? unescape(bytes, start, end) : undefined;
    const rewritten = value
      ? rewriter(value, 0, value.length, this.masked)
      : rewriter(bytes, start, end, this.masked);
    if (rewritten === UNCHANGED) return false;
    out.copy(bytes, kept, start);
    if (rewritten === WRITTEN) this.writeEscaped(out);
    else out.copy(this.options.nullText, 0, this.options.nullText.length);
    return true;
  }

  private endOfField(bytes: Buffer, start: number, end: number): number {
    let i = start;
    while (i < end && bytes[i] !== this.options.delimiter) i += bytes[i] === backslash ? 2 : 1;
    return Math.min(i, end);
  }

  private writeEscaped(out: ByteWriter): void {
    const { raw, position } = this.masked;
    for (let i = 0; i < position; i++) {
      const byte = raw[i]!;
      const letter = letterOf[byte];
      if (letter !== undefined) out.ascii(letter);
      else if (byte === backslash || byte === this.options.delimiter) {
        out.byte(backslash);
        out.byte(byte);
      } else out.byte(byte);
    }
  }
}

const letterOf: Record<number, string | undefined> = {
  8: '\\b', 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r',
}; // prettier-ignore
const byteOf: Record<number, number | undefined> = {
  0x62: 8, 0x74: 9, 0x6e: 10, 0x76: 11, 0x66: 12, 0x72: 13,
}; // prettier-ignore

export function isText(bytes: Buffer, start: number, end: number, text: Buffer): boolean {
  return end - start === text.length && bytes.compare(text, 0, text.length, start, end) === 0;
}

function hasEscape(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === backslash) return true;
  return false;
}

/** COPY TO writes letters and single characters; octal and hexadecimal escapes are for COPY FROM alone. */
function unescape(bytes: Buffer, start: number, end: number): Buffer {
  const value = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let i = start; i < end; i++) {
    if (bytes[i] !== backslash || i + 1 === end) value[length++] = bytes[i]!;
    else {
      i++;
      value[length++] = byteOf[bytes[i]!] ?? bytes[i]!;
    }
  }
  return value.subarray(0, length);
}
