import { z } from 'zod';

const time = z.string().describe('ISO 8601, UTC');

export const activity = z.object({
  identity: z.string().describe('who asked for the approval'),
  since: time.describe('24 hours ago'),
  sessions: z.number(),
  statements: z.number(),
  denied: z.number(),
  held: z.number(),
  rows: z.number().describe('of results'),
  maskedValues: z.number(),
  tables: z
    .array(z.object({ table: z.string(), statements: z.number(), rows: z.number() }))
    .describe('the 20 that most statements named'),
  recent: z
    .array(
      z.object({
        id: z.string().describe("the statement's id, for GET /decisions/:id"),
        time,
        kinds: z.array(z.string()),
        tables: z.array(z.string()),
        decision: z.string(),
        rows: z.number(),
        connection: z.string(),
      }),
    )
    .describe('the last 20 statements, the newest first'),
});
export type Activity = z.infer<typeof activity>;
