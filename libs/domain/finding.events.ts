import {
  FindingRaisedSchema,
  FindingTriagedSchema,
  payload,
  QuarantineLiftedSchema,
  QuarantineSetSchema,
  type Envelope,
  type FindingRaised,
  type FindingTriaged,
  type QuarantineLifted,
  type QuarantineSet,
} from '#events';
import type { LoggedEvent, Position } from '#event-log';
import type { Facts } from './approval.events.js';

/** The key of what is about no identity. */
export const noIdentity = '-';

/** `at`: the log's append time, milliseconds: the only clock that a fold may read. */
interface Meta {
  readonly eventId: string;
  readonly at: number;
  readonly position: Position;
  /** The topic's key: the identity that it is about, or `-`. */
  readonly key: string;
}

export type FindingEvent = Meta &
  (
    | { readonly type: 'FindingRaised'; readonly data: Facts<FindingRaised> }
    | { readonly type: 'FindingTriaged'; readonly data: Facts<FindingTriaged> }
    | { readonly type: 'QuarantineSet'; readonly data: Facts<QuarantineSet> }
    | { readonly type: 'QuarantineLifted'; readonly data: Facts<QuarantineLifted> }
  );

/**
 * The event of a log entry; undefined where it is none of these, does not decode, or stands under another's key: what is not
 * in one partition with the rest about its identity comes to each process in another order.
 */
export function fromLoggedFinding(logged: LoggedEvent): FindingEvent | undefined {
  try {
    const { envelope, appendedAt: at, position } = logged;
    const event = read(envelope, { eventId: envelope.id, at, position, key: envelope.subject });
    return event && isUnderItsKey(event) ? event : undefined;
  } catch {
    return undefined; // the audit service dead-letters it; a fold goes on
  }
}

function read(envelope: Envelope, meta: Meta): FindingEvent | undefined {
  const raised = payload(FindingRaisedSchema, envelope);
  if (raised) return { ...meta, type: 'FindingRaised', data: raised };
  const triaged = payload(FindingTriagedSchema, envelope);
  if (triaged) return { ...meta, type: 'FindingTriaged', data: triaged };
  const set = payload(QuarantineSetSchema, envelope);
  if (set) return { ...meta, type: 'QuarantineSet', data: set };
  const lifted = payload(QuarantineLiftedSchema, envelope);
  return lifted && { ...meta, type: 'QuarantineLifted', data: lifted };
}

/** Of a triage only the fold knows whose finding it names. */
function isUnderItsKey(event: FindingEvent): boolean {
  return event.type === 'FindingTriaged' || event.key === (event.data.identity || noIdentity);
}
