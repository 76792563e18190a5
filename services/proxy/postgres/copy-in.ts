import { AppError } from '#kernel';
import type { Judgement } from '../gate/gate.js';
import { maxMaskedRow } from './masking.js';
import { copyOutOptions, type CopyOutOptions } from './copy-options.js';
import {
  fieldsOfBinary,
  fieldsOfCsv,
  fieldsOfText,
  type CopyFields,
  type OnValue,
} from './copy-in-fields.js';

const nothing = Buffer.alloc(0);
const longRow = 64 * 1024;

/** Looks at each value of a COPY … FROM STDIN, row by row; a row goes on once all of it has been looked at. */
export class CopyInCheck {
  /** The beginning of a row, and what came behind it and was not looked at yet. */
  private pending: Buffer = nothing;
  private queued: Buffer[] = [];
  private queuedBytes = 0;
  private line = 0;
  private readonly fields: CopyFields;

  /** `problem`: why a value may not be sent. */
  constructor(
    options: Pick<CopyOutOptions, 'format' | 'delimiter' | 'quote' | 'escape'>,
    private readonly problem: (value: Buffer) => AppError | undefined,
  ) {
    const formats = { text: fieldsOfText, csv: fieldsOfCsv, binary: fieldsOfBinary };
    this.fields = formats[options.format](options);
  }

  /** What may go of these bytes and those held before. Throws STATEMENT_DENIED naming the line. */
  data(bytes: Buffer): Buffer {
    if (this.pending.length + this.queuedBytes + bytes.length > 2 * maxMaskedRow)
      throw this.denied(`a row is longer than ${maxMaskedRow} bytes`);
    // A long row is not read anew for each piece of it.
    if (this.pending.length > longRow && this.queuedBytes + bytes.length < this.pending.length) {
      this.queued.push(Buffer.from(bytes));
      this.queuedBytes += bytes.length;
      return nothing;
    }
    return this.take(this.gather(bytes));
  }

  /** At CopyDone: the last row may lack its line end. */
  done(): Buffer {
    const all = this.gather(nothing);
    const whole = this.take(all).length;
    this.pending = nothing;
    if (whole < all.length) this.record(all, whole, all.length);
    return all;
  }

  private gather(bytes: Buffer): Buffer {
    const all = Buffer.concat([this.pending, ...this.queued, bytes]);
    this.queued = [];
    this.queuedBytes = 0;
    return all;
  }

  private take(all: Buffer): Buffer {
    let at = 0;
    for (let end = this.fields.endOfRecord(all, at); end >= 0; end = this.fields.endOfRecord(all, at)) {
      this.record(all, at, end);
      at = end;
    }
    if (all.length - at > maxMaskedRow) throw this.denied(`a row is longer than ${maxMaskedRow} bytes`);
    this.pending = all.subarray(at);
    return all.subarray(0, at);
  }

  private record(bytes: Buffer, start: number, end: number): void {
    this.line++;
    this.fields.values(bytes, start, end, this.look);
  }

  private readonly look: OnValue = (value) => {
    const found = this.problem(value);
    if (found) throw this.denied(found.message);
  };

  private denied(why: string): AppError {
    return new AppError('STATEMENT_DENIED', `line ${this.line} of COPY's data: ${why}`);
  }
}

/** For a COPY in whose values must be looked at. An option that would change how they read is refused. */
export function planCopyIn(
  { effects }: Judgement,
  problem: (value: Buffer) => AppError | undefined,
): CopyInCheck | undefined {
  const copy = effects.find((effect) => effect.type === 'copy');
  if (copy?.direction !== 'in') return undefined;
  const options = (copy.options ?? []).filter(([name]) => reading.has(name));
  return new CopyInCheck(copyOutOptions(options), problem);
}

const reading: ReadonlySet<string> = new Set(['format', 'delimiter', 'quote', 'escape', 'encoding']);
