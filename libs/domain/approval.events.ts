import {
  ApprovalConsumedSchema,
  ApprovalDecidedSchema,
  ApprovalDecisionVoidedSchema,
  ApprovalExpiredSchema,
  ApprovalRequestedSchema,
  ApprovalWithdrawnSchema,
  newEvent,
  payload,
  type ApprovalConsumed,
  type ApprovalDecided,
  type ApprovalDecisionVoided,
  type ApprovalExpired,
  type ApprovalRequested,
  type ApprovalWithdrawn,
  type Envelope,
  type EventOrigin,
} from '#events';
import type { LoggedEvent } from '#event-log';

/** `at`: the log's append time once it is read from there; before that, its writer's best guess. */
interface Meta {
  readonly eventId: string;
  readonly at: number;
}

/** What can happen to one request. */
export type ApprovalEvent = Meta &
  (
    | { readonly type: 'ApprovalRequested'; readonly data: Facts<ApprovalRequested> }
    | { readonly type: 'ApprovalDecided'; readonly data: Facts<ApprovalDecided> }
    | { readonly type: 'ApprovalDecisionVoided'; readonly data: Facts<ApprovalDecisionVoided> }
    | { readonly type: 'ApprovalExpired'; readonly data: Facts<ApprovalExpired> }
    | { readonly type: 'ApprovalConsumed'; readonly data: Facts<ApprovalConsumed> }
    | { readonly type: 'ApprovalWithdrawn'; readonly data: Facts<ApprovalWithdrawn> }
  );

/** A message without what protobuf adds to it. */
export type Facts<T> = Omit<T, '$typeName' | '$unknown'>;

/** The event as an envelope to append. `origin.subject` and its id are the event's own. */
export function toApprovalEnvelope(
  event: ApprovalEvent,
  origin: Pick<EventOrigin, 'source' | 'clock'>,
): Envelope {
  const own = { ...origin, subject: event.data.approvalId, id: event.eventId };
  switch (event.type) {
    case 'ApprovalRequested':
      return newEvent(ApprovalRequestedSchema, event.data, own);
    case 'ApprovalDecided':
      return newEvent(ApprovalDecidedSchema, event.data, own);
    case 'ApprovalDecisionVoided':
      return newEvent(ApprovalDecisionVoidedSchema, event.data, own);
    case 'ApprovalExpired':
      return newEvent(ApprovalExpiredSchema, event.data, own);
    case 'ApprovalConsumed':
      return newEvent(ApprovalConsumedSchema, event.data, own);
    case 'ApprovalWithdrawn':
      return newEvent(ApprovalWithdrawnSchema, event.data, own);
  }
}

/**
 * The event of a log entry; undefined where it is not one of ours, does not decode, or stands under another
 * request's key (its order among that request's events would differ between partitions).
 */
export function fromLogged(logged: LoggedEvent): ApprovalEvent | undefined {
  try {
    const { envelope, appendedAt } = logged;
    const event = read(envelope, { eventId: envelope.id, at: appendedAt });
    return event?.data.approvalId === envelope.subject ? event : undefined;
  } catch {
    return undefined; // the audit service dead-letters it; a fold goes on
  }
}

function read(envelope: Envelope, meta: Meta): ApprovalEvent | undefined {
  const requested = payload(ApprovalRequestedSchema, envelope);
  if (requested) return { ...meta, type: 'ApprovalRequested', data: requested };
  const decided = payload(ApprovalDecidedSchema, envelope);
  if (decided) return { ...meta, type: 'ApprovalDecided', data: decided };
  const voided = payload(ApprovalDecisionVoidedSchema, envelope);
  if (voided) return { ...meta, type: 'ApprovalDecisionVoided', data: voided };
  const expired = payload(ApprovalExpiredSchema, envelope);
  if (expired) return { ...meta, type: 'ApprovalExpired', data: expired };
  const consumed = payload(ApprovalConsumedSchema, envelope);
  if (consumed) return { ...meta, type: 'ApprovalConsumed', data: consumed };
  const withdrawn = payload(ApprovalWithdrawnSchema, envelope);
  if (withdrawn) return { ...meta, type: 'ApprovalWithdrawn', data: withdrawn };
  return undefined;
}
