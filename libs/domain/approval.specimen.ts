import { encodeEnvelope } from '#events';
import type { LoggedEvent } from '#event-log';
import { ManualClock, type Principal } from '#kernel';
import { topics } from '#events';
import type { ApprovalRequest } from './approval.js';
import type { RequestApproval } from './approval.commands.js';
import { toApprovalEnvelope, type ApprovalEvent } from './approval.events.js';
import { toWireEstimate } from './estimate.js';
import { toWirePrincipal } from './principal.js';

/** Persons, requests and log entries for specs; not exported by the library. */
export const start = Date.UTC(2026, 0, 1);
export const minute = 60_000;
export const binding = Buffer.from('00ff10', 'hex');

export function person(subject: string, groups: readonly string[] = ['dba']): Principal {
  return { id: `corp:${subject}`, issuer: 'corp', subject, kind: 'person', groups };
}

export const ana = person('ana');
export const bo = person('bo');
export const cy = person('cy');
export const agent: Principal = {
  ...person('reporter', ['agents']),
  kind: 'agent',
  onBehalfOf: 'corp:ana',
};

export function request(over: Partial<ApprovalRequest> = {}): RequestApproval['request'] {
  return {
    id: 'apr_00000000000000000000000001',
    sessionId: 'ses_1',
    statementId: 'stm_1',
    requester: agent,
    connection: 'orders',
    binding,
    sealed: Buffer.from('sealed'),
    text: 'delete from orders where id = 1',
    tables: ['public.orders'],
    kind: 'delete',
    reason: 'writes are approved',
    approverGroups: ['dba'],
    quorum: 1,
    mode: 'retry',
    expiresAt: start + 10 * minute,
    policyIds: ['agents-write'],
    classes: ['email'],
    estimate: { rows: 3, cost: 8.5 },
    source: { address: '10.0.0.9:50312', program: 'psql' },
    ...over,
  };
}

export function requested(over: Partial<ApprovalRequest> = {}, at = start): ApprovalEvent {
  const { id, requester, expiresAt, source, estimate, ...rest } = request(over);
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
  return { type: 'ApprovalRequested', eventId: 'evt_requested', at, data };
}

const approvalId = request().id;

export function decided(by: Principal, decision: string, at = start + minute): ApprovalEvent {
  const data = { approvalId, decision, by: toWirePrincipal(by), reason: '', saidAtUs: 0n };
  return { type: 'ApprovalDecided', eventId: `evt_${decision}_${by.subject}_${at}`, at, data };
}

/** `yes`: the event of the yes that it is about. */
export function voided(
  yes: ApprovalEvent,
  by: Principal,
  at = start + 2 * minute,
  lost = 'dba',
): ApprovalEvent {
  const data = { approvalId, by: by.id, reason: `no longer a member of ${lost}`, decisionId: yes.eventId };
  return { type: 'ApprovalDecisionVoided', eventId: `evt_voided_${by.subject}_${at}`, at, data };
}

export function expired(at: number): ApprovalEvent {
  return { type: 'ApprovalExpired', eventId: `evt_expired_${at}`, at, data: { approvalId } };
}

export function withdrawn(at = start + minute): ApprovalEvent {
  return { type: 'ApprovalWithdrawn', eventId: 'evt_withdrawn', at, data: { approvalId, reason: 'gone' } };
}

export function consumed(statementId: string, at = start + 2 * minute): ApprovalEvent {
  const data = { approvalId, sessionId: 'ses_2', statementId };
  return { type: 'ApprovalConsumed', eventId: `evt_consumed_${statementId}`, at, data };
}

let offset = 0;

/** The event as a log hands it over. */
export function logged(event: ApprovalEvent): LoggedEvent {
  const envelope = toApprovalEnvelope(event, { source: 'spec', clock: new ManualClock(event.at) });
  const position = { topic: topics.approval, partition: 0, offset: offset++ };
  return { position, appendedAt: event.at, envelope, raw: encodeEnvelope(envelope) };
}
