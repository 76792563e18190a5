import {
  PageSessionEndedSchema,
  PageSessionRefreshedSchema,
  PageSessionSeenSchema,
  PageSessionStartedSchema,
  payload,
  type PageSessionStarted,
} from '#events';
import type { LoggedEvent } from '#event-log';
import { pageSessionOver, type PageSession } from './page-session.js';
import { fromWirePrincipal } from './principal.js';

/** The page session that an event of weir.identity.v1 is about; undefined where it is about none. */
export function pageSessionOf({ envelope }: LoggedEvent): string | undefined {
  const message =
    payload(PageSessionSeenSchema, envelope) ??
    payload(PageSessionStartedSchema, envelope) ??
    payload(PageSessionRefreshedSchema, envelope) ??
    payload(PageSessionEndedSchema, envelope);
  return message?.pageSessionId || undefined;
}

/**
 * What the next event makes of a page session. One that is over takes nothing more, by the log's own time, so
 * that every process agrees; and so does one whose principal would become another's: a session is one person's.
 */
export function evolvePageSession(
  state: PageSession | undefined,
  { envelope, appendedAt: at }: LoggedEvent,
): PageSession | undefined {
  const started = payload(PageSessionStartedSchema, envelope);
  if (started) return state ?? opened(started, at);
  if (!state || state.ended !== undefined) return state;
  const ended = payload(PageSessionEndedSchema, envelope);
  if (ended) return { ...state, ended: ended.reason || 'ended' };
  if (pageSessionOver(state, at) !== undefined) return state;
  if (payload(PageSessionSeenSchema, envelope)) return { ...state, seenAt: at };
  const refreshed = payload(PageSessionRefreshedSchema, envelope);
  const principal = fromWirePrincipal(refreshed?.principal);
  return principal?.id === state.principal.id ? { ...state, principal, readAt: at } : state;
}

function opened(started: PageSessionStarted, at: number): PageSession | undefined {
  const principal = fromWirePrincipal(started.principal);
  const endsAt = milliseconds(started.endsAtUs);
  const idle = milliseconds(started.idleUs);
  if (!principal || started.secretHash.length !== 32 || at >= endsAt || idle <= 0) return undefined;
  return {
    id: started.pageSessionId,
    secretHash: Buffer.from(started.secretHash).toString('hex'),
    principal,
    provider: started.provider,
    kind: started.kind === 'saml' ? 'saml' : 'oidc',
    ...{ startedAt: at, seenAt: at, readAt: at, endsAt, idle },
    groupsFor: milliseconds(started.groupsUs),
  };
}

function milliseconds(us: bigint): number {
  return Number(us / 1000n);
}
