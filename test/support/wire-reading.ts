import type { Frame } from './wire-tap.js';

/* What PostgreSQL's messages say, read anew here and not with the codec that is under test. */

export interface Report {
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
}

export const errorsIn = (frames: readonly Frame[]): Report[] => of('E', frames).map(report);
export const noticesIn = (frames: readonly Frame[]): Report[] => of('N', frames).map(report);

/** DataRow: count:int16 [ size:int32 bytes ]*     size = -1 is NULL */
export const rowsIn = (frames: readonly Frame[]): (Buffer | null)[][] =>
  of('D', frames).map(({ body }) => values(body));

/**
 * The columns' formats (0 text, 1 binary) in each RowDescription: count:int16
 * [ name:cstring table:int32 attribute:int16 type:int32 size:int16 modifier:int32 format:int16 ]*
 */
export const formatsIn = (frames: readonly Frame[]): number[] => [
  ...new Set(of('T', frames).flatMap(({ body }) => formats(body))),
];

/** CommandComplete: tag:cstring */
export const tagsIn = (frames: readonly Frame[]): string[] =>
  of('C', frames).map(({ body }) => body.toString('utf8', 0, body.length - 1));

/** ReadyForQuery: I idle, T in a transaction, E in a failed one. */
export const statusesIn = (frames: readonly Frame[]): string =>
  of('Z', frames)
    .map(({ body }) => body.toString('latin1'))
    .join('');

/** CopyData's bytes, in a row. */
export const copiedIn = (frames: readonly Frame[]): Buffer =>
  Buffer.concat(of('d', frames).map(({ body }) => body));

export function of(type: string, frames: readonly Frame[]): readonly Frame[] {
  return frames.filter((frame) => frame.type === type);
}

/** ErrorResponse, NoticeResponse: [ field:byte value:cstring ]* 0 */
function report({ body }: Frame): Report {
  const fields = new Map<string, string>();
  for (let at = 0; body[at] !== undefined && body[at] !== 0;) {
    const end = body.indexOf(0, at + 1);
    fields.set(String.fromCharCode(body[at]!), body.toString('utf8', at + 1, end));
    at = end + 1;
  }
  const field = (letter: string) => fields.get(letter) ?? '';
  return {
    severity: field('S'),
    sqlstate: field('C'),
    message: field('M'),
    detail: field('D'),
    hint: field('H'),
  };
}

function values(body: Buffer): (Buffer | null)[] {
  const row: (Buffer | null)[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left--) {
    const size = body.readInt32BE(at);
    at += 4;
    row.push(size < 0 ? null : body.subarray(at, at + size));
    if (size > 0) at += size;
  }
  return row;
}

function formats(body: Buffer): number[] {
  const found: number[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left--) {
    at = body.indexOf(0, at) + 19;
    found.push(body.readInt16BE(at - 2));
  }
  return found;
}
