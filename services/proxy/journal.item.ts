import { z } from 'zod';

const owner = z.object({
  /** `none`: given up in order; `gone`: died, and nobody has taken it over yet. */
  state: z.enum(['alive', 'gone', 'none']),
  pid: z.number().int().optional(),
  host: z.string().optional(),
});

const journal = z.object({
  /** The folder below the state directory: one for each process of the data plane. */
  name: z.string(),
  bytes: z.number().int(),
  segments: z.number().int(),
  unshippedBytes: z.number().int(),
  /** Seconds since the oldest event was written that the log does not have yet; null: it has all. */
  oldestUnshippedAge: z.number().nullable(),
  owner,
  /** Segments that could not be read and were set aside. */
  damaged: z.array(z.object({ file: z.string(), bytes: z.number().int() })),
});

/** The journals of this gate, as their files have them. */
export const journalItem = z.object({
  mode: z.enum(['write-ahead', 'strict']),
  /** Of each journal. At the cap new statements are refused. */
  capBytes: z.number().int(),
  journals: z.array(journal),
});
export type JournalItem = z.infer<typeof journalItem>;
