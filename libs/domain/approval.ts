import type { Principal } from '#kernel';

/** What was asked for, as the log's event says it. Times are milliseconds since the epoch, by the log's clock. */
export interface ApprovalRequest {
  readonly id: string;
  readonly sessionId: string;
  readonly statementId: string;
  readonly requester: Principal;
  readonly connection: string;
  /** Keyed HMAC over exactly what would run. */
  readonly binding: Buffer;
  /** The exact text and parameters, sealed; empty once the request is closed. */
  readonly sealed: Uint8Array;
  readonly text: string;
  readonly tables: readonly string[];
  readonly kind: string;
  readonly reason: string;
  /** Each of these groups must have said yes; a member of any may decide. */
  readonly approverGroups: readonly string[];
  readonly quorum: number;
  readonly mode: 'wait' | 'retry';
  readonly requestedAt: number;
  readonly expiresAt: number;
  readonly policyIds: readonly string[];
  /** Data classes of the columns that it touches, also of those that its requester may read in the clear. */
  readonly classes: readonly string[];
  /** Absent: nobody asked the target. */
  readonly estimate?: ApprovalEstimate;
  /** Where the client's socket came from, and what the client says of itself: shown, never trusted. */
  readonly source: { readonly address: string; readonly program: string };
}

/** What the target's planner expects, or why it was not asked. */
export type ApprovalEstimate =
  | {
      /** Returned or changed. */
      readonly rows: number;
      /** In the planner's units. */
      readonly cost: number;
    }
  | { readonly unavailable: string };

export interface ApprovalDecision {
  /** The event that brought it: how a writer finds out whether its own was the one that counted. */
  readonly eventId: string;
  readonly by: Principal;
  /** When the provider said who it is; 0: it did not say. */
  readonly saidAt: number;
  readonly decision: 'approve' | 'deny';
  readonly reason: string;
  readonly at: number;
}

export type ApprovalStatus = 'pending' | 'approved' | 'denied' | 'expired' | 'withdrawn' | 'consumed';

/** A request and what became of it. */
export interface OpenedApproval {
  readonly status: ApprovalStatus;
  readonly request: ApprovalRequest;
  readonly decisions: readonly ApprovalDecision[];
  /** Ids of the events whose decisions are void: a repetition of one must not count again. */
  readonly voided: readonly string[];
  /** When it left `pending`. */
  readonly decidedAt?: number;
  readonly consumption?: {
    readonly eventId: string;
    readonly sessionId: string;
    readonly statementId: string;
    readonly at: number;
  };
}

export type Approval = { readonly status: 'none' } | OpenedApproval;

/** A decision counts if it was appended before this. Milliseconds. */
export function isExpired(approval: OpenedApproval, at: number): boolean {
  return at >= approval.request.expiresAt;
}

/**
 * Until when a grant may be used: as long after the yes as the request itself could wait for it, so that a yes
 * in the last second is not worthless, and a forgotten one does not stay open.
 */
export function grantExpiresAt(approval: OpenedApproval): number {
  const { requestedAt, expiresAt } = approval.request;
  return (approval.decidedAt ?? requestedAt) + (expiresAt - requestedAt);
}

/** Nothing can happen to it any more. */
export function isClosed(approval: OpenedApproval): boolean {
  return approval.status !== 'pending' && approval.status !== 'approved';
}
