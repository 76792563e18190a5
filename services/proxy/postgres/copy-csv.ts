import { ByteWriter } from '#masking';
import { type CopyFormat, malformedCopy, type RecordKind, type Rewriters } from './copy-format.js';
import type { CopyOutOptions } from './copy-options.js';
import { isText } from './copy-text.js';
import { UNCHANGED, WRITTEN } from './masking-value.js';

/*
 * Row (csv): field [ delimiter field ]* \n      a field is bare, or quoted and may then hold line ends
 * In quotes, the escape character stands before each quote and each escape character.
 */
const newline = 0x0a;

export class CopyCsv implements CopyFormat {
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
    const at = this.endOfField(bytes, start, end, -1);
    return at >= end ? -1 : at + 1;
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
      const fieldEnd = this.endOfField(bytes, at, last, this.options.delimiter);
      if (this.rewriteField(column, bytes, at, fieldEnd, kept, out)) kept = fieldEnd;
      at = fieldEnd + 1;
    }
    if (at !== end && this.rewriters.length > 0) throw malformedCopy('has too many columns');
    return kept;
  }

  /** The first delimiter (none: -1) or line end outside quotes, or `end`. */
  private endOfField(bytes: Buffer, start: number, end: number, delimiter: number): number {
    const { quote, escape } = this.options;
    let quoted = false;
    let i = start;
    for (; i < end; i++) {
      const byte = bytes[i]!;
      if (quoted && byte === escape && (bytes[i + 1] === quote || bytes[i + 1] === escape) && i + 1 < end)
        i++;
      else if (byte === quote) quoted = !quoted;
      else if (!quoted && (byte === delimiter || byte === newline)) break;
    }
    return Math.min(i, end);
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
    const quoted = start < end && bytes[start] === this.options.quote;
    const value = quoted ? this.unquote(bytes, start, end) : undefined;
    const rewritten = value
      ? rewriter(value, 0, value.length, this.masked)
      : rewriter(bytes, start, end, this.masked);
    if (rewritten === UNCHANGED) return false;
    out.copy(bytes, kept, start);
    if (rewritten === WRITTEN) this.writeField(quoted, out);
    else out.copy(this.options.nullText, 0, this.options.nullText.length);
    return true;
  }

  private unquote(bytes: Buffer, start: number, end: number): Buffer {
    const { quote, escape } = this.options;
    const value = Buffer.allocUnsafe(end - start);
    let length = 0;
    let quoted = false;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if (quoted && byte === escape && (bytes[i + 1] === quote || bytes[i + 1] === escape) && i + 1 < end) {
        value[length++] = bytes[++i]!;
      } else if (byte === quote) quoted = !quoted;
      else value[length++] = byte;
    }
    return value.subarray(0, length);
  }

  private writeField(quoted: boolean, out: ByteWriter): void {
    const { quote, escape } = this.options;
    const { raw, position } = this.masked;
    if (!quoted && !this.needsQuotes()) return out.copy(raw, 0, position);
    out.byte(quote);
    for (let i = 0; i < position; i++) {
      if (raw[i] === quote || raw[i] === escape) out.byte(escape);
      out.byte(raw[i]!);
    }
    out.byte(quote);
  }

  private needsQuotes(): boolean {
    const { quote, delimiter, nullText } = this.options;
    const { raw, position } = this.masked;
    if (isText(raw, 0, position, nullText)) return true;
    for (let i = 0; i < position; i++) {
      const byte = raw[i]!;
      if (byte === quote || byte === delimiter || byte === newline || byte === 0x0d) return true;
    }
    return false;
  }
}
