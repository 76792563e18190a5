import { z } from 'zod';
import type { PublishedPolicies } from '#domain';

const file = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.cedar$/, 'expected a plain name ending in .cedar'),
  text: z.string().max(512 * 1024),
});
const files = z
  .array(file)
  .min(1)
  .max(200)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'a file name is used twice');
const changeReference = z.string().max(500).default('');

export const policiesItem = z.object({
  version: z.string(),
  owner: z.enum(['file', 'api', 'house']),
  files: z.array(z.object({ name: z.string(), text: z.string() })),
});
export type PoliciesItem = z.infer<typeof policiesItem>;

export const policiesBody = z.strictObject({ files, changeReference });

export const publishBody = z.strictObject({ changeReference }).nullish();

/** What a publication from files changed. */
export const publicationItem = z.object({
  registered: z.array(z.string()),
  removed: z.array(z.string()),
  /** The new versions, null where a set is as it was. */
  policies: z.string().nullable(),
  masking: z.string().nullable(),
  /** Keys of weir.yaml that have changed and hold only once the gate starts again. */
  restart: z.array(z.string()),
});
export type PublicationItem = z.infer<typeof publicationItem>;

const principal = z.strictObject({
  /** Default: `<issuer>:<subject>`. */
  id: z.string().min(1).optional(),
  issuer: z.string().default('simulated'),
  subject: z.string().min(1),
  kind: z.enum(['agent', 'person']),
  groups: z.array(z.string()).default([]),
  onBehalfOf: z.string().optional(),
});

export const simulationBody = z.strictObject({
  principal,
  connection: z.string().min(1),
  text: z.string().max(1024 * 1024),
  /** A draft to decide with, instead of what is published. */
  files: files.optional(),
  /** Default: now. */
  at: z.iso.datetime().optional(),
  inTransaction: z.boolean().default(false),
});
export type SimulationBody = z.infer<typeof simulationBody>;

export const simulationItem = z.object({
  decision: z.enum(['allow', 'deny', 'hold']),
  reason: z.string(),
  policyIds: z.array(z.string()),
  snapshot: z.string(),
  kinds: z.array(z.string()),
  obligations: z.object({
    maxRows: z.number().nullable(),
    maxBytes: z.number().nullable(),
    approvers: z.array(z.string()),
    quorum: z.number(),
    mode: z.enum(['wait', 'retry']),
    waitMs: z.number(),
  }),
});
export type SimulationItem = z.infer<typeof simulationItem>;

export function toPoliciesItem({ version, owner, files: all }: PublishedPolicies): PoliciesItem {
  return { version, owner, files: all.map(({ name, text }) => ({ name, text })) };
}
