import { z } from 'zod';

const time = z.string().describe('ISO 8601, UTC, microseconds');

export const sessionItem = z.object({
  sessionId: z.string(),
  identity: z.string(),
  identityKind: z.string().describe('agent or person'),
  onBehalfOf: z.string(),
  connection: z.string(),
  protocol: z.string(),
  sourceAddress: z.string(),
  clientProgram: z.string(),
  clientUser: z.string(),
  startedAt: time,
  lastEventAt: time,
  endedAt: time.nullable().describe('null while it is open'),
  endReason: z.string(),
  statements: z.number(),
  denied: z.number(),
  held: z.number(),
  errors: z.number(),
  rows: z.number(),
  bytes: z.number(),
  maskedValues: z.number(),
  events: z.number(),
  missing: z.number().describe('events that the sequence lacks; not 0: look at dead_letters'),
});
export type SessionItem = z.infer<typeof sessionItem>;

/** One session, read by itself. */
export const sessionDetail = sessionItem.extend({
  endedBy: z.string().describe('who asked for its end, where it ended because somebody did; or empty'),
});
export type SessionDetail = z.infer<typeof sessionDetail>;

export const sessionPage = z.object({
  sessions: z.array(sessionItem).describe('the newest first'),
  next: z.string().nullable().describe('the cursor of the next page'),
});
export type SessionPage = z.infer<typeof sessionPage>;

const name = (longest: number) => z.string().min(1).max(longest).optional();
const instant = z.iso.datetime({ offset: true }).optional();

export const sessionQuery = z
  .strictObject({
    since: instant.describe('sessions that had an event at or after this time'),
    until: instant.describe('sessions that began before this time'),
    identity: name(512).describe('who: exactly this `issuer:subject`'),
    connection: name(128),
    table: name(300).describe('sessions with a statement that names it: `schema.table`, or the bare name'),
    class: name(64).describe('sessions in which values of this class were masked'),
    decision: z
      .enum(['allow', 'deny', 'hold'])
      .optional()
      .describe('sessions with a statement decided so; with `table`, a statement that names that'),
    cursor: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,128}$/, 'not a cursor of this list')
      .optional()
      .describe('`next` of the page before'),
    limit: z.coerce.number().int().min(1).max(500).default(50),
  })
  .refine(({ since, until }) => !since || !until || Date.parse(since) < Date.parse(until), {
    path: ['since'],
    message: 'since must be before until',
  });
export type SessionQuery = z.infer<typeof sessionQuery>;

/** Which of a session's events are asked for; without any of it, all. */
export const eventsQuery = z.strictObject({
  after: z.coerce.number().int().min(0).optional().describe('events behind this `seq`'),
  limit: z.coerce.number().int().min(1).max(1_000_000).optional().describe('at most so many'),
  statement: name(128).describe("one statement's events, by its id"),
});
export type EventsQuery = z.infer<typeof eventsQuery>;

export const endBody = z.strictObject({
  reason: z
    .string()
    .trim()
    .min(1)
    .max(500)
    .regex(/^\P{Cc}*$/u, 'control characters are not taken')
    .describe("the session's client reads it"),
});

/** Asked for; the session's own last event says what became of it. */
export const endAccepted = z.object({
  id: z.string().describe('of the command, an event of weir.command.v1'),
  status: z.literal('accepted'),
});
export type EndAccepted = z.infer<typeof endAccepted>;

export const decision = z.object({
  id: z.string().describe("the statement's id"),
  sessionId: z.string(),
  time,
  identity: z.string(),
  onBehalfOf: z.string(),
  connection: z.string(),
  text: z.string(),
  kinds: z.array(z.string()),
  tablesRead: z.array(z.string()),
  tablesWritten: z.array(z.string()),
  decision: z.string().describe('allow, deny or hold'),
  reason: z.string(),
  policyIds: z.array(z.string()),
  snapshot: z.string(),
  approvalId: z.string(),
  masks: z
    .array(z.object({ class: z.string(), values: z.number() }))
    .describe('what was masked in its result, by class; most values first'),
  ask: z
    .string()
    .describe("whom to ask: the connection's owner, or empty; of a quarantine the security team"),
  hold: z.object({ outcome: z.string(), decidedBy: z.array(z.string()), waitedUs: z.number() }).nullable(),
  outcome: z
    .object({
      status: z.string(),
      sqlstate: z.string(),
      message: z.string(),
      rows: z.number(),
      bytes: z.number(),
      durationUs: z.number(),
      masked: z.record(z.string(), z.number()).describe('values changed by a mask, by class'),
    })
    .nullable(),
});
export type Decision = z.infer<typeof decision>;

/**
 * A line of `GET /sessions/:id/events`, in the order of `seq`. Beside these three, it has the fields of the
 * event's payload in protobuf JSON: names in lowerCamelCase, 64-bit numbers as strings, bytes in base64, what
 * is empty left out. Recorded results have `rows: [{ values: [{ text }] }]`; a value without `text` is NULL.
 */
export interface ReplayLine {
  /** From 1. */
  readonly seq: number;
  /** ISO 8601, UTC, microseconds. */
  readonly time: string;
  /** `SessionStarted`, `StatementReceived`, `StatementOutcome`, … */
  readonly type: string;
  readonly [field: string]: unknown;
}
