import { z } from 'zod';
import { findingStates, quarantineLevels, severities, type Quarantine } from '#domain';

const time = z.string().describe('ISO 8601, UTC, microseconds');
/** Of whoever reads it: a person, perhaps the client. */
const reason = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .regex(/^\P{Cc}*$/u, 'control characters are not taken');

export const findingItem = z.object({
  id: z.string(),
  detector: z.string(),
  version: z.string().describe('digest of the detector as it was'),
  title: z.string(),
  severity: z.string().describe('low, medium, high or critical'),
  technique: z.string().describe('of MITRE ATT&CK'),
  identity: z.string().describe('whom it is about; empty: nobody'),
  onBehalfOf: z.string(),
  connection: z.string(),
  subject: z.string().describe('a table, a host, a program'),
  windowStart: time,
  windowEnd: time,
  evidence: z.string().describe('in words; never a value that a statement read'),
  sessionIds: z.array(z.string()),
  statementIds: z.array(z.string()),
  measures: z.record(z.string(), z.number()),
  risk: z.string().describe('none, watch or high'),
  riskUntil: time,
  quarantine: z.string().describe('what its rule sets; empty: nothing'),
  raisedAt: time,
  state: z.enum(findingStates),
  stateReason: z.string(),
  stateBy: z.string().describe('who said so; empty: nobody yet'),
  stateAt: time.nullable(),
  incident: z.string().describe('the id of its first finding'),
});
export type FindingItem = z.infer<typeof findingItem>;

export const incidentItem = z.object({
  id: z.string(),
  identity: z.string(),
  from: time,
  to: time,
  severity: z.string().describe('the worst that is no false alarm, if any is none'),
  findings: z.number(),
  open: z.number(),
  detectors: z.array(z.string()),
});
export type IncidentItem = z.infer<typeof incidentItem>;

export const findingPage = z.object({
  findings: z.array(findingItem).describe('the newest first, by when they were raised'),
  incidents: z.array(incidentItem).describe('those that these belong to, whole'),
  next: z.string().nullable().describe('the cursor of the next page'),
});
export type FindingPage = z.infer<typeof findingPage>;

const name = (longest: number) => z.string().min(1).max(longest).optional();
const instant = z.iso.datetime({ offset: true }).optional();

export const findingQuery = z
  .strictObject({
    state: z.enum(findingStates).optional(),
    severity: z.enum(severities).optional(),
    identity: name(512),
    detector: name(128),
    incident: name(128),
    from: instant.describe('whose window ends after this time'),
    to: instant.describe('whose window begins before this time'),
    cursor: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,512}$/, 'not a cursor of this list')
      .optional()
      .describe('`next` of the page before'),
    limit: z.coerce.number().int().min(1).max(500).default(50),
    format: z.enum(['json', 'ocsf']).default('json').describe('`ocsf`: one event of that schema a finding'),
  })
  .refine(({ from, to }) => !from || !to || Date.parse(from) < Date.parse(to), {
    path: ['from'],
    message: 'from must be before to',
  });
export type FindingQuery = z.infer<typeof findingQuery>;

export const oneQuery = z.strictObject({ format: z.enum(['json', 'ocsf']).default('json') });

export const ackBody = z.strictObject({ state: z.enum(findingStates), reason });
export type AckBody = z.infer<typeof ackBody>;

export const quarantineBody = z.strictObject({
  level: z
    .enum(quarantineLevels)
    .describe(
      'watch: a risk of watch at least; approve: a person decides each statement; nothing_sensitive: what touches masked or classified columns is refused; blocked: sessions end and none is opened',
    ),
  reason: reason.describe('who is blocked reads it'),
  findingId: z.string().max(128).optional().describe('on account of which finding'),
  unseen: z
    .boolean()
    .optional()
    .describe('true: it is meant, though the record has nothing of this identity yet'),
});
export type QuarantineBody = z.infer<typeof quarantineBody>;

export const liftBody = z.strictObject({ reason });
export type LiftBody = z.infer<typeof liftBody>;

export const quarantineItem = z.object({
  identity: z.string(),
  level: z.enum(quarantineLevels),
  reason: z.string(),
  by: z.string().describe('a person, or `rule` and its detector'),
  findingId: z.string(),
  since: time,
});
export type QuarantineItem = z.infer<typeof quarantineItem>;
export const quarantineList = z.object({ quarantines: z.array(quarantineItem) });

export const lifted = z.object({ identity: z.string(), status: z.literal('lifted') });
export type Lifted = z.infer<typeof lifted>;

/** The write is durable, but this process has not folded it yet. */
export const acceptedEvent = z.object({ id: z.string(), status: z.literal('accepted') });
export type Accepted = z.infer<typeof acceptedEvent>;

export function toQuarantineItem(quarantine: Quarantine): QuarantineItem {
  const { identity, level, reason: why, by, findingId, since } = quarantine;
  return { identity, level, reason: why, by, findingId, since: new Date(since).toISOString() };
}
