import { z } from 'zod';

const owner = z.object({
  /** `none`: given up in order; `gone`: died, and nobody has taken it over yet. */
  state: z.enum(['alive', 'gone', 'none']),
  pid: z.number().int().optional(),
  host: z.string().optional(),
});

const journal = z.object({
  /** Whose it is, see `proxies`. */
  proxy: z.string(),
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

const proxy = z.object({
  /** The host's name and an id of the state directory. */
  name: z.string(),
  /** `live`: the one that answers; `heard`: another, of which the shared folder tells; `stopped`: it ended in order and left something to ship; `silent`: not heard for 30 s, and nobody knows what its journals hold by now. */
  state: z.enum(['live', 'heard', 'stopped', 'silent']),
  /** Seconds since it spoke. */
  age: z.number(),
});

/** The journals of all proxies: its own as their files have them, those of others as these said last. */
export const journalItem = z.object({
  mode: z.enum(['write-ahead', 'strict']),
  /** Of each journal. At the cap new statements are refused. */
  capBytes: z.number().int(),
  proxies: z.array(proxy),
  journals: z.array(journal),
});
export type JournalItem = z.infer<typeof journalItem>;
