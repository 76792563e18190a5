import type { Principal } from '#kernel';
import type { ApprovalRequest } from './approval.js';

/** The event's id and the writer's clock, milliseconds: a decider is pure and makes neither itself. */
interface Stamp {
  readonly eventId: string;
  readonly at: number;
}

export type RequestApproval = Stamp & {
  readonly type: 'RequestApproval';
  readonly request: Omit<ApprovalRequest, 'requestedAt'>;
};
/** `saidAt`: when the provider said who it is, milliseconds; absent: it did not say. */
type Decide = Stamp & { readonly by: Principal; readonly saidAt?: number; readonly reason: string };
export type Approve = Decide & { readonly type: 'Approve' };
export type Deny = Decide & { readonly type: 'Deny' };
/** Says that a yes no longer counts; `groups`: those of who gave it, as they are known now. */
export type VoidDecision = Stamp & {
  readonly type: 'VoidDecision';
  /** The event that brought the decision. */
  readonly decisionId: string;
  readonly groups: readonly string[];
};
export type Expire = Stamp & { readonly type: 'Expire' };
export type Withdraw = Stamp & { readonly type: 'Withdraw'; readonly reason: string };
export type Consume = Stamp & {
  readonly type: 'Consume';
  readonly by: Principal;
  readonly binding: Uint8Array;
  readonly sessionId: string;
  readonly statementId: string;
};

export type ApprovalCommand = RequestApproval | Approve | Deny | VoidDecision | Expire | Withdraw | Consume;
