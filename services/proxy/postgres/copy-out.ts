import { AppError } from '#kernel';
import { ByteWriter, type MaskingSet, type ResultField } from '#masking';
import { CopyBinary } from './copy-binary.js';
import { CopyCsv } from './copy-csv.js';
import { type CopyFormat, malformedCopy } from './copy-format.js';
import type { CopyOutOptions } from './copy-options.js';
import { CopyText } from './copy-text.js';
import { maxMaskedRow } from './masking.js';
import { columnRewriter, revealedCounter } from './masking-column.js';
import { ValueCounts } from './masking-counts.js';
import type { TypeResolver } from './masking-types.js';

export { type CopyOutOptions, copyOutOptions } from './copy-options.js';

/** What goes to the client for what came: whole CopyData messages (perhaps none), and the rows in them. */
export interface CopiedOut {
  readonly output: Buffer;
  readonly rows: number;
}

/* CopyData (B): 'd' length:int32 bytes      a row may be split over messages, or share one */
const copyData = 0x64;
const headerSize = 5;
const nothing = Buffer.alloc(0);

/** Masks the rows of one COPY … TO STDOUT. The fields are those of the equivalent SELECT, in order. */
export class CopyOutMasker {
  /** Rows given out so far. */
  rows = 0;
  /** Has it columns that are revealed? */
  readonly reveals: boolean;
  private readonly tally = new ValueCounts();
  private readonly revealed = new ValueCounts();
  private readonly format: CopyFormat;
  /** The beginning of a record whose end has not come yet. */
  private pending: Buffer = nothing;

  constructor(
    fields: readonly ResultField[],
    set: MaskingSet,
    options: CopyOutOptions,
    resolve?: TypeResolver,
  ) {
    const format = options.format === 'binary' ? 1 : 0;
    this.reveals = fields.some((field) => field.revealed !== undefined);
    const rewriters = fields.map(
      (field) =>
        columnRewriter({ ...field, format }, set, this.tally, resolve) ??
        revealedCounter(field, this.revealed),
    );
    if (options.format === 'binary') this.format = new CopyBinary(rewriters);
    else this.format = new (options.format === 'csv' ? CopyCsv : CopyText)(rewriters, options);
  }

  /** One whole CopyData message in buffer[start, end). Throws PROTOCOL_VIOLATION, or STATEMENT_DENIED on a row too long. */
  data(buffer: Buffer, start: number, end: number): CopiedOut {
    if (end - start < headerSize || buffer[start] !== copyData)
      throw malformedCopy('is not a CopyData message');
    const isWhole = this.pending.length === 0;
    const bytes = isWhole ? buffer : Buffer.concat([this.pending, buffer.subarray(start + headerSize, end)]);
    const first = isWhole ? start + headerSize : 0;
    const last = isWhole ? end : bytes.length;
    const out = new ByteWriter(last - first + 64);
    out.byte(copyData);
    out.int32(0);
    const { at, kept, rows } = this.records(bytes, first, last, out);
    this.rows += rows;
    this.keep(bytes, at, last);
    if (at === first) return { output: nothing, rows };
    if (kept === first && isWhole && at === end) return { output: buffer.subarray(start, end), rows };
    out.copy(bytes, kept, at);
    out.patchInt32(out.position - 1, 1);
    return { output: out.view(), rows };
  }

  /** At CopyDone: nothing may be left over. */
  done(): CopiedOut {
    if (this.pending.length > 0) throw malformedCopy('ends within a row');
    return { output: nothing, rows: 0 };
  }

  /** Values masked so far, by class. */
  get counts(): ReadonlyMap<string, number> {
    return this.tally.snapshot();
  }

  /** Adds the counts to `into` and begins again at none. */
  takeCounts(into: Map<string, number>): void {
    this.tally.takeInto(into);
  }

  /** The same of values that went out in the clear because their class is revealed. */
  takeRevealed(into: Map<string, number>): void {
    this.revealed.takeInto(into);
  }

  /** Rewrites each whole record; `kept` is up to where the bytes stand in `out`, `at` where the whole ones end. */
  private records(
    bytes: Buffer,
    first: number,
    last: number,
    out: ByteWriter,
  ): { at: number; kept: number; rows: number } {
    let kept = first;
    let at = first;
    let rows = 0;
    while (at < last) {
      const next = this.format.endOfRecord(bytes, at, last);
      if (next < 0) break;
      this.check(next - at);
      kept = this.format.rewrite(bytes, at, next, kept, out);
      if (this.format.last === 'row') rows++;
      at = next;
    }
    return { at, kept, rows };
  }

  private keep(bytes: Buffer, from: number, to: number): void {
    this.check(to - from);
    // A copy: the socket's buffer will be used again.
    this.pending = from === to ? nothing : Buffer.from(bytes.subarray(from, to));
  }

  private check(length: number): void {
    if (length <= maxMaskedRow) return;
    throw new AppError(
      'STATEMENT_DENIED',
      `a row of ${length} bytes is longer than the ${maxMaskedRow} that can be masked`,
      {
        hint: 'Copy fewer or shorter columns.',
      },
    );
  }
}
