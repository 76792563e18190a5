import { z } from 'zod';
import type { ExactStatement, OpenedApproval } from '#domain';

const time = z.iso.datetime();

/** A request as the API shows it. Times are ISO 8601, UTC. */
export const approvalItem = z.object({
  id: z.string(),
  status: z.enum(['pending', 'approved', 'denied', 'expired', 'withdrawn', 'consumed']),
  requester: z.object({
    id: z.string(),
    kind: z.enum(['agent', 'person']),
    subject: z.string(),
    onBehalfOf: z.string().nullable(),
    displayName: z.string().nullable(),
  }),
  connection: z.string(),
  /** Literals of masked classes replaced. */
  text: z.string(),
  kind: z.string(),
  tables: z.array(z.string()),
  /** Data classes of the columns that it touches. */
  classes: z.array(z.string()),
  /** What the target's planner expects; null where it was not asked. Rows: returned or changed; cost: the planner's units. */
  estimate: z
    .union([z.object({ rows: z.number(), cost: z.number() }), z.object({ unavailable: z.string() })])
    .nullable(),
  /** Of the client's session: its socket's `address:port`, and what it says of itself, which anybody may say. */
  source: z.object({ address: z.string(), program: z.string() }),
  /** Why it was held. */
  reason: z.string(),
  /** Each of these groups must say yes; a member of any may decide. */
  approverGroups: z.array(z.string()),
  quorum: z.number().int(),
  approvals: z.array(
    z.object({ by: z.string(), decision: z.enum(['approve', 'deny']), reason: z.string(), at: time }),
  ),
  mode: z.enum(['wait', 'retry']),
  requestedAt: time,
  expiresAt: time,
  sessionId: z.string(),
  statementId: z.string(),
});

/** One request, read by itself. */
export const approvalDetail = approvalItem.extend({
  /** What exactly would run; only while it is pending. */
  exact: z.object({ text: z.string(), parameters: z.array(z.string().nullable()) }).optional(),
});

export const approvalList = z.object({ approvals: z.array(approvalItem) });

/** The decision is durable, but its outcome is not known here yet. */
export const acceptedEvent = z.object({ id: z.string(), status: z.literal('accepted') });

export type ApprovalItem = z.infer<typeof approvalItem>;
export type ApprovalDetail = z.infer<typeof approvalDetail>;

export function toItem({ status, request, decisions }: OpenedApproval): ApprovalItem {
  const { id, connection, text, kind, reason, quorum, mode, sessionId, statementId, requester } = request;
  return {
    ...{ id, status, connection, text, kind, reason, quorum, mode, sessionId, statementId },
    requester: {
      id: requester.id,
      kind: requester.kind,
      subject: requester.subject,
      onBehalfOf: requester.onBehalfOf ?? null,
      displayName: requester.displayName ?? null,
    },
    tables: [...request.tables],
    classes: [...request.classes],
    estimate: request.estimate ?? null,
    source: request.source,
    approverGroups: [...request.approverGroups],
    approvals: decisions.map(({ by, decision, reason: why, at }) => ({
      by: by.id,
      decision,
      reason: why,
      at: iso(at),
    })),
    requestedAt: iso(request.requestedAt),
    expiresAt: iso(request.expiresAt),
  };
}

export function toDetail(approval: OpenedApproval, exact: ExactStatement | undefined): ApprovalDetail {
  if (!exact) return toItem(approval);
  return { ...toItem(approval), exact: { text: exact.text, parameters: [...exact.parameters] } };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
