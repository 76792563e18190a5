import { AppError } from '#kernel';
import { ByteWriter, type MaskingSet, type ResultField } from '#masking';
import { type Counter, ValueCounts } from './masking-counts.js';
import { columnRewriter, revealedCounter } from './masking-column.js';
import type { TypeResolver } from './masking-types.js';
import { UNCHANGED, type ValueRewriter, WRITTEN } from './masking-value.js';

/** A longer row can't be masked: it would have to be held in memory whole. */
export const maxMaskedRow = 16 * 1024 * 1024;

/** How the rows of one result are rewritten. Made once a result, used for each of its rows. */
export interface RowPlan {
  /** Nothing is masked and nothing needs classifying: rows go on as they are, whatever their length. */
  readonly passthrough: boolean;
  /** The columns that it was made from. */
  readonly fields: readonly ResultField[];
  readonly columns: readonly (ValueRewriter | undefined)[];
  /** Where rows pass through, the columns whose values are counted, up to the last of them. */
  readonly counted: readonly (Counter | undefined)[];
  /** Has it columns that are revealed? */
  readonly reveals: boolean;
  /** Values masked so far, by class. */
  readonly counts: ReadonlyMap<string, number>;
  /** Adds the counts to `into` and begins again at none. */
  takeCounts(into: Map<string, number>): void;
  /** The same of values that went out in the clear because their class is revealed. */
  takeRevealed(into: Map<string, number>): void;
}

/** Plans the masking of a result. `resolve` tells the kind of types that only the target's catalog knows. */
export function planResult(fields: readonly ResultField[], set: MaskingSet, resolve?: TypeResolver): RowPlan {
  const counts = new ValueCounts();
  const revealed = new ValueCounts();
  const rewriters = fields.map((field) => columnRewriter(field, set, counts, resolve));
  const passthrough = rewriters.every((rewriter) => rewriter === undefined);
  const last = fields.findLastIndex((field) => field.revealed !== undefined);
  return {
    passthrough,
    fields,
    columns: passthrough
      ? rewriters
      : rewriters.map((rewriter, i) => rewriter ?? revealedCounter(fields[i]!, revealed)),
    counted: passthrough
      ? fields
          .slice(0, last + 1)
          .map((field) => (field.revealed === undefined ? undefined : revealed.of(field.revealed)))
      : [],
    reveals: last >= 0,
    get counts() {
      return counts.snapshot();
    },
    takeCounts: (into) => counts.takeInto(into),
    takeRevealed: (into) => revealed.takeInto(into),
  };
}

/** One DataRow, type byte and length included; undefined: unchanged, forward the original. */
export function rewriteRow(plan: RowPlan, frame: Buffer): Buffer | undefined {
  return rewriteRows(plan, frame, 0, frame.length);
}

/** Refuses a row by the length in its header, before it is gathered. */
export function checkRowLength(plan: RowPlan, length: number): void {
  if (plan.passthrough || length <= maxMaskedRow) return;
  throw new AppError(
    'STATEMENT_DENIED',
    `a row of ${length} bytes is longer than the ${maxMaskedRow} that can be masked`,
    { hint: 'Select fewer or shorter columns.' },
  );
}

/*
 * DataRow (B): 'D' length:int32 count:int16 [ size:int32 bytes ]*
 * The length includes itself, not the type byte; size -1 is NULL.
 */
const dataRow = 0x44;
const headerSize = 7;

// Holds one masked value at a time, and between calls no clear one.
const masked = new ByteWriter(4096);

/**
 * Rewrites the DataRows that fill chunk[start, end) into one new Buffer; undefined: unchanged, forward the
 * original. Throws PROTOCOL_VIOLATION on a malformed row, STATEMENT_DENIED on one that is too long.
 */
export function rewriteRows(plan: RowPlan, chunk: Buffer, start: number, end: number): Buffer | undefined {
  if (plan.passthrough) {
    if (plan.reveals) countRevealed(plan.counted, chunk, start, end);
    return undefined;
  }
  const out = new ByteWriter(end - start + ((end - start) >> 3) + 64);
  // Everything before `kept` is in `out`, in its new form.
  let kept = start;
  try {
    for (let at = start; at < end;) {
      const next = endOfRow(plan, chunk, at, end);
      kept = rewriteValues(plan.columns, chunk, at, next, kept, out);
      at = next;
    }
  } finally {
    masked.forget();
  }
  if (kept === start) return undefined;
  out.copy(chunk, kept, end);
  return out.view();
}

/** Rows that nothing else looks into: only the sizes are read, and what is not as it should be is not counted. */
function countRevealed(counted: RowPlan['counted'], chunk: Buffer, start: number, end: number): void {
  for (let at = start; at + headerSize <= end;) {
    const next = at + 1 + chunk.readInt32BE(at + 1);
    if (next <= at || next > end) return;
    let i = at + headerSize;
    for (let column = 0; column < counted.length && i + 4 <= next; column++) {
      const size = chunk.readInt32BE(i);
      i += 4;
      if (size < 0) continue;
      i += size;
      const counter = counted[column];
      if (counter !== undefined) counter.count++;
    }
    at = next;
  }
}

/** Checks a row's header and returns where the row ends. */
function endOfRow(plan: RowPlan, chunk: Buffer, at: number, end: number): number {
  if (at + headerSize > end || chunk[at] !== dataRow) throw malformed('is not a whole DataRow');
  const length = chunk.readInt32BE(at + 1);
  checkRowLength(plan, length);
  if (length < headerSize - 1 || at + 1 + length > end) throw malformed(`says a false length, ${length}`);
  const count = chunk.readInt16BE(at + 5);
  if (count !== plan.columns.length) {
    throw malformed(`has ${count} columns where ${plan.columns.length} were described`);
  }
  return at + 1 + length;
}

/** Writes one row's changed values, and what stands before each; returns up to where the chunk is written. */
function rewriteValues(
  columns: RowPlan['columns'],
  chunk: Buffer,
  at: number,
  next: number,
  keptBefore: number,
  out: ByteWriter,
): number {
  let kept = keptBefore;
  let rowAt = -1;
  let i = at + headerSize;
  for (const rewrite of columns) {
    const size = i + 4 <= next ? chunk.readInt32BE(i) : -2;
    const value = i + 4;
    if (size < -1 || value + size > next) throw malformed(`has a value of false size, ${size}`);
    i = size === -1 ? value : value + size;
    if (size === -1 || rewrite === undefined) continue;
    masked.reset();
    const rewritten = rewrite(chunk, value, i, masked);
    if (rewritten === UNCHANGED) continue;
    if (rowAt < 0) rowAt = out.position + at - kept;
    out.copy(chunk, kept, value - 4);
    if (rewritten === WRITTEN) {
      out.int32(masked.position);
      out.append(masked);
    } else {
      out.int32(-1);
    }
    kept = i;
  }
  if (i !== next) throw malformed('has bytes behind its last column');
  if (rowAt < 0) return kept;
  out.copy(chunk, kept, next);
  out.patchInt32(out.position - rowAt - 1, rowAt + 1);
  return next;
}

function malformed(what: string): AppError {
  return new AppError('PROTOCOL_VIOLATION', `the target sent a row that ${what}`);
}
