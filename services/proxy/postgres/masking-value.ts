import type { ByteWriter } from '#masking';

/** What became of a value. WRITTEN: its new bytes are in the writer. */
export const UNCHANGED = 0;
export const WRITTEN = 1;
export const NULLED = 2;
export type Rewritten = typeof UNCHANGED | typeof WRITTEN | typeof NULLED;

/** Rewrites one value that is not NULL. What it wrote counts only if it answers WRITTEN. */
export type ValueRewriter = (value: Buffer, start: number, end: number, out: ByteWriter) => Rewritten;
