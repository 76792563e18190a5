import {
  grantExpiresAt,
  isExpired,
  type Approval,
  type ApprovalDecision,
  type OpenedApproval,
} from './approval.js';
import { ineligibility, isApproved } from './approval.eligibility.js';
import type { ApprovalEvent } from './approval.events.js';
import { fromWireEstimate } from './estimate.js';
import { fromWirePrincipal, isSamePerson } from './principal.js';

/**
 * What the log's next event makes of a request. Every check of the decider is made again by append time, since
 * two writers may not have seen each other; what does not hold is ignored, and so is a repeated event: each
 * one can take effect once only. Returns the same object where nothing changed.
 */
export function evolveApproval(state: Approval, event: ApprovalEvent): Approval {
  if (event.type === 'ApprovalRequested') return state.status === 'none' ? opened(event) : state;
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'ApprovalDecided':
      return decided(state, event);
    case 'ApprovalDecisionVoided':
      return voided(state, event);
    case 'ApprovalExpired':
      return isOver(state, event.at) ? closed(state, 'expired', event.at) : state;
    case 'ApprovalWithdrawn':
      return isOpen(state) ? closed(state, 'withdrawn', event.at) : state;
    case 'ApprovalConsumed':
      return consumed(state, event);
  }
}

type Of<T extends ApprovalEvent['type']> = Extract<ApprovalEvent, { type: T }>;

function opened({ data, at }: Of<'ApprovalRequested'>): Approval {
  const requester = fromWirePrincipal(data.requester);
  const expiresAt = Number(data.expiresAtUs / 1000n);
  if (!requester || at >= expiresAt) return { status: 'none' };
  const { approvalId: id, binding, mode, sessionId, statementId, connection, sealed, text } = data;
  const { tables, kind, reason, approverGroups, quorum, policyIds, classes } = data;
  const estimate = fromWireEstimate(data.estimate);
  return {
    status: 'pending',
    decisions: [],
    voided: [],
    request: {
      ...{ id, sessionId, statementId, requester, connection, sealed, text, tables, kind, reason },
      ...{ approverGroups, quorum, policyIds, classes, requestedAt: at, expiresAt },
      source: { address: data.sourceAddress, program: data.clientProgram },
      ...(estimate && { estimate }),
      binding: Buffer.from(binding),
      mode: mode === 'wait' ? 'wait' : 'retry',
    },
  };
}

function decided(state: OpenedApproval, { data, eventId, at }: Of<'ApprovalDecided'>): OpenedApproval {
  const by = fromWirePrincipal(data.by);
  if (state.status !== 'pending' || !by || isExpired(state, at)) return state;
  if (data.decision !== 'approve' && data.decision !== 'deny') return state;
  if (state.voided.includes(eventId)) return state;
  if (ineligibility(state.request, by) || state.decisions.some((d) => isSamePerson(d.by, by))) return state;
  const saidAt = Number(data.saidAtUs / 1000n);
  const decision = { eventId, by, saidAt, decision: data.decision, reason: data.reason, at } as const;
  const next = { ...state, decisions: [...state.decisions, decision] };
  if (data.decision === 'deny') return closed(next, 'denied', at);
  return isApproved(next) ? closed(next, 'approved', at) : next;
}

/** A no is never void: it has closed the request. The same yes is void once, whoever says it how often. */
function voided(state: OpenedApproval, { data }: Of<'ApprovalDecisionVoided'>): OpenedApproval {
  if (state.status !== 'pending') return state;
  const isVoid = ({ eventId, by }: ApprovalDecision) => eventId === data.decisionId && by.id === data.by;
  if (!state.decisions.some(isVoid)) return state;
  const decisions = state.decisions.filter((decision) => !isVoid(decision));
  return { ...state, decisions, voided: [...state.voided, data.decisionId] };
}

function consumed(state: OpenedApproval, { data, eventId, at }: Of<'ApprovalConsumed'>): OpenedApproval {
  if (state.status !== 'approved' || at >= grantExpiresAt(state)) return state;
  const { sessionId, statementId } = data;
  return { ...state, status: 'consumed', consumption: { eventId, sessionId, statementId, at } };
}

function closed(state: OpenedApproval, status: OpenedApproval['status'], at: number): OpenedApproval {
  const request = { ...state.request, sealed: new Uint8Array() };
  return { ...state, status, request, decidedAt: state.decidedAt ?? at };
}

function isOpen({ status }: OpenedApproval): boolean {
  return status === 'pending' || status === 'approved';
}

function isOver(state: OpenedApproval, at: number): boolean {
  return state.status === 'pending'
    ? isExpired(state, at)
    : state.status === 'approved' && at >= grantExpiresAt(state);
}
