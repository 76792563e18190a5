import { z } from 'zod';

/** A session event as the API gives it: its place and time, and the payload as protobuf JSON (defaults left out). */
const count = z.coerce.number().default(0);
const text = z.string().default('');
const base = { seq: z.coerce.number(), time: z.string() };

const column = z.object({ name: text, mask: text, class: text });
const value = z.object({ text: z.string().optional(), cutFrom: count });
const chunk = z.object({
  statementId: text,
  columns: z.array(column).default([]),
  rows: z.array(z.object({ values: z.array(value).default([]) })).default([]),
  rowCount: count,
});
export type Chunk = z.infer<typeof chunk>;

const principal = z.object({ id: text, kind: text, onBehalfOf: text }).prefault({});
const parameter = z.object({ value: text, null: z.boolean().default(false), note: text });

const known = z.discriminatedUnion('type', [
  z.object({
    ...base,
    type: z.literal('SessionStarted'),
    sessionId: text,
    principal,
    connection: text,
    sourceAddress: text,
    clientProgram: text,
    clientTls: z.boolean().default(false),
  }),
  z.object({
    ...base,
    type: z.literal('StatementReceived'),
    statementId: text,
    text,
    decision: text,
    reason: text,
    policyIds: z.array(z.string()).default([]),
    parameters: z.array(parameter).default([]),
    approvalId: text,
  }),
  z.object({ ...base, type: z.literal('StatementPrepared'), name: text, text }),
  z.object({
    ...base,
    type: z.literal('HoldResolved'),
    statementId: text,
    approvalId: text,
    outcome: text,
    decidedBy: z.array(z.string()).default([]),
    waitedUs: count,
  }),
  z.object({ ...base, type: z.literal('ResultChunk'), ...chunk.shape }),
  z.object({
    ...base,
    type: z.literal('StatementOutcome'),
    statementId: text,
    status: text,
    commandTag: text,
    sqlstate: text,
    message: text,
    rows: count,
    bytes: count,
    durationUs: count,
    masked: z.record(z.string(), z.coerce.number()).default({}),
    recordingCut: z.boolean().default(false),
    result: chunk.optional(),
  }),
  z.object({ ...base, type: z.literal('SessionEnded'), reason: text, statements: count, bytesOut: count }),
]);
export type SessionEvent = z.infer<typeof known>;

/** A line of the answer; undefined for a type of a later version. */
export function sessionEventOf(line: string): SessionEvent | undefined {
  const raw = z.looseObject({ type: z.string() }).parse(JSON.parse(line));
  const parsed = known.safeParse({ ...raw, type: raw.type.replace(/^.*\./, '') });
  return parsed.success ? parsed.data : undefined;
}
