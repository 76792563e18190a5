import {
  PageSessionEndedSchema,
  PageSessionRefreshedSchema,
  PageSessionSeenSchema,
  PageSessionStartedSchema,
  payload,
  SamlAssertionTakenSchema,
  type Envelope,
  type PageSessionEnded,
  type PageSessionRefreshed,
  type PageSessionSeen,
  type PageSessionStarted,
  type SamlAssertionTaken,
} from '#events';
import type { LoggedEvent, Position } from '#event-log';
import type { Facts } from './approval.events.js';

/** `at`: the log's append time, milliseconds: the only clock that a fold may read. */
interface Meta {
  readonly at: number;
  readonly position: Position;
}

/** What weir.identity.v1 says that folds go by; the rest of it is for the record alone. */
export type IdentityEvent = Meta &
  (
    | { readonly type: 'PageSessionStarted'; readonly data: Facts<PageSessionStarted> }
    | { readonly type: 'PageSessionSeen'; readonly data: Facts<PageSessionSeen> }
    | { readonly type: 'PageSessionRefreshed'; readonly data: Facts<PageSessionRefreshed> }
    | { readonly type: 'PageSessionEnded'; readonly data: Facts<PageSessionEnded> }
    | { readonly type: 'SamlAssertionTaken'; readonly data: Facts<SamlAssertionTaken> }
  );

export interface IdentityFold {
  apply(event: IdentityEvent): void;
}

/** The event of a log entry, read once for all folds; undefined where it is none of these or does not decode. */
export function fromLoggedIdentity(logged: LoggedEvent): IdentityEvent | undefined {
  try {
    const { envelope, appendedAt: at, position } = logged;
    return read(envelope, { at, position });
  } catch {
    return undefined; // the audit service dead-letters it; a fold goes on
  }
}

function read(envelope: Envelope, meta: Meta): IdentityEvent | undefined {
  const seen = payload(PageSessionSeenSchema, envelope);
  if (seen) return { ...meta, type: 'PageSessionSeen', data: seen };
  const started = payload(PageSessionStartedSchema, envelope);
  if (started) return { ...meta, type: 'PageSessionStarted', data: started };
  const refreshed = payload(PageSessionRefreshedSchema, envelope);
  if (refreshed) return { ...meta, type: 'PageSessionRefreshed', data: refreshed };
  const ended = payload(PageSessionEndedSchema, envelope);
  if (ended) return { ...meta, type: 'PageSessionEnded', data: ended };
  const taken = payload(SamlAssertionTakenSchema, envelope);
  return taken && { ...meta, type: 'SamlAssertionTaken', data: taken };
}
