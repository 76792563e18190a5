import { z } from 'zod';

/** What came of one try to log in to a connection's target. */
export const checkItem = z.discriminatedUnion('reached', [
  z.object({
    reached: z.literal(true),
    /** `PostgreSQL 15.14`, as it says of itself. */
    server: z.string(),
    tls: z.boolean(),
  }),
  z.object({
    reached: z.literal(false),
    code: z.string(),
    reason: z.string(),
    /** What to do. */
    hint: z.string(),
  }),
]);
export type CheckItem = z.infer<typeof checkItem>;
