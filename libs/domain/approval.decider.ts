import type { Decider } from '#event-log';
import { AppError, type Principal } from '#kernel';
import { grantExpiresAt, isExpired, type Approval, type OpenedApproval } from './approval.js';
import type { ApprovalCommand, Consume, RequestApproval, VoidDecision } from './approval.commands.js';
import { ineligibility, lostGroups } from './approval.eligibility.js';
import type { ApprovalEvent } from './approval.events.js';
import { evolveApproval } from './approval.evolve.js';
import { toWireEstimate } from './estimate.js';
import { isSamePerson, toWirePrincipal } from './principal.js';

/**
 * One request for a person's yes, from asking to use (invariant 6). `decide` throws APPROVAL_NOT_PENDING,
 * APPROVAL_EXPIRED, SELF_APPROVAL, NOT_ELIGIBLE, ALREADY_DECIDED, NOT_FOUND, CONFLICT or INPUT_INVALID.
 */
export const approval: Decider<Approval, ApprovalCommand, ApprovalEvent> = {
  initialState: () => ({ status: 'none' }),
  decide: (command, state) => [decided(command, state)],
  evolve: evolveApproval,
};

function decided(command: ApprovalCommand, state: Approval): ApprovalEvent {
  if (command.type === 'RequestApproval') return requested(command, state);
  if (state.status === 'none') throw new AppError('NOT_FOUND', 'there is no such approval request');
  const { eventId, at } = command;
  const approvalId = state.request.id;
  switch (command.type) {
    case 'Approve':
    case 'Deny': {
      demandDecidable(state, command.by, at);
      const decision = command.type === 'Approve' ? 'approve' : 'deny';
      const { by, reason, saidAt = 0 } = command;
      const saidAtUs = BigInt(Math.max(0, Math.round(saidAt))) * 1000n;
      const data = { approvalId, decision, by: toWirePrincipal(by), reason, saidAtUs };
      return { type: 'ApprovalDecided', eventId, at, data };
    }
    case 'VoidDecision':
      return voided(state, command);
    case 'Expire':
      demandExpirable(state, at);
      return { type: 'ApprovalExpired', eventId, at, data: { approvalId } };
    case 'Withdraw':
      if (state.status !== 'pending' && state.status !== 'approved') throw notPending(state);
      return { type: 'ApprovalWithdrawn', eventId, at, data: { approvalId, reason: command.reason } };
    case 'Consume': {
      demandGrant(state, command);
      const { sessionId, statementId } = command;
      return { type: 'ApprovalConsumed', eventId, at, data: { approvalId, sessionId, statementId } };
    }
  }
}

function requested({ request, eventId, at }: RequestApproval, state: Approval): ApprovalEvent {
  if (state.status !== 'none') throw new AppError('CONFLICT', `the request ${request.id} exists already`);
  if (request.expiresAt <= at) throw new AppError('INPUT_INVALID', 'a request must expire after it is made');
  if (request.approverGroups.length === 0)
    throw new AppError('INPUT_INVALID', 'a request without approver groups could never be decided');
  const { id, requester, expiresAt, source, estimate, ...rest } = request;
  const data = {
    ...rest,
    approvalId: id,
    requester: toWirePrincipal(requester),
    tables: [...rest.tables],
    approverGroups: [...rest.approverGroups],
    policyIds: [...rest.policyIds],
    classes: [...rest.classes],
    ...(estimate && { estimate: toWireEstimate(estimate) }),
    sourceAddress: source.address,
    clientProgram: source.program,
    expiresAtUs: BigInt(expiresAt) * 1000n,
  };
  return { type: 'ApprovalRequested', eventId, at, data };
}

function voided(state: OpenedApproval, { eventId, at, decisionId, groups }: VoidDecision): ApprovalEvent {
  if (state.status !== 'pending') throw notPending(state);
  const decision = state.decisions.find((each) => each.eventId === decisionId);
  if (!decision) throw new AppError('NOT_FOUND', 'there is no such decision, or it is void already');
  const lost = lostGroups(state.request, decision.by, groups);
  if (lost.length === 0) throw new AppError('CONFLICT', 'who gave this yes still has the groups for it');
  const reason = `no longer a member of ${lost.join(', ')}`;
  const data = { approvalId: state.request.id, by: decision.by.id, reason, decisionId };
  return { type: 'ApprovalDecisionVoided', eventId, at, data };
}

/** Who asks comes first: one who may not decide learns nothing of how it stands. */
function demandDecidable(state: OpenedApproval, by: Principal, at: number): void {
  const refused = ineligibility(state.request, by);
  if (refused) throw refused;
  if (state.decisions.some((decision) => isSamePerson(decision.by, by)))
    throw new AppError('ALREADY_DECIDED', 'you have decided this request already');
  if (state.status === 'expired' || (state.status === 'pending' && isExpired(state, at))) throw expired();
  if (state.status !== 'pending') throw notPending(state);
}

function demandExpirable(state: OpenedApproval, at: number): void {
  if (state.status !== 'pending' && state.status !== 'approved') throw notPending(state);
  const end = state.status === 'pending' ? state.request.expiresAt : grantExpiresAt(state);
  if (at < end) throw new AppError('CONFLICT', `the request is open until ${new Date(end).toISOString()}`);
}

function demandGrant(state: OpenedApproval, { by, binding, at }: Consume): void {
  const { requester, binding: granted } = state.request;
  if (by.id !== requester.id || by.onBehalfOf !== requester.onBehalfOf)
    throw new AppError('NOT_ELIGIBLE', 'the grant was given to somebody else');
  if (!granted.equals(binding)) throw new AppError('NOT_ELIGIBLE', 'the grant was given for something else');
  if (state.status === 'expired' || (state.status === 'approved' && at >= grantExpiresAt(state)))
    throw expired();
  if (state.status === 'pending') throw new AppError('STATEMENT_HELD', 'the request is not decided yet');
  if (state.status !== 'approved') throw notPending(state);
}

function expired(): AppError {
  return new AppError('APPROVAL_EXPIRED', 'the time to decide or to use this request is over');
}

function notPending(state: OpenedApproval): AppError {
  const by = state.decisions.map((decision) => decision.by.displayName ?? decision.by.id).join(', ');
  const how = { pending: 'is pending', consumed: 'was approved and used' }[state.status as string];
  return new AppError(
    'APPROVAL_NOT_PENDING',
    `the request ${how ?? `is ${state.status}`}${by && state.status !== 'withdrawn' ? ` (${by})` : ''}`,
  );
}
