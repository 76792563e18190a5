import type { Clock } from '#kernel';

export type JournalWrite = (
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
) => number;

export type JournalSync = (fd: number, done: (error: NodeJS.ErrnoException | null) => void) => void;

export interface JournalOptions {
  readonly dir: string;
  /** `write-ahead`: a commit survives this process; `strict`: it survives the host. */
  readonly mode: 'write-ahead' | 'strict';
  /** On disk; at the cap new statements are refused. */
  readonly maxBytes: number;
  readonly clock: Clock;
  /** CloudEvents source of every event: `proxy/<instance>`. */
  readonly source: string;
  /** 64 MiB, or an eighth of `maxBytes` where that is less. */
  readonly segmentBytes?: number;
  /** `fs.writeSync`, unless a test puts a full disk in its place. */
  readonly write?: JournalWrite;
  /** `fs.fdatasync`, unless a test puts a failing disk in its place. */
  readonly sync?: JournalSync;
  /** Told of what was found and mended; by default a line on standard error. */
  readonly report?: (message: string) => void;
}
