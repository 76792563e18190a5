import type { PageSessionStarted } from '#events';
import type { Facts } from './approval.events.js';
import type { IdentityEvent } from './identity.events.js';
import { pageSessionOver, type PageSession } from './page-session.js';
import { fromWirePrincipal } from './principal.js';

export type PageSessionEvent = Extract<IdentityEvent, { type: `PageSession${string}` }>;

/** Reasons that only a clock gives. */
const byTime: ReadonlySet<string> = new Set(['idle', 'over']);

/**
 * What the next event makes of a page session. One that is over takes nothing more, by the log's own time, so
 * that every process agrees; and so does one whose principal would become another's: a session is one person's.
 */
export function evolvePageSession(
  state: PageSession | undefined,
  event: PageSessionEvent,
): PageSession | undefined {
  const { type, data, at } = event;
  if (type === 'PageSessionStarted') return state ?? opened(data, at);
  if (!state || state.ended !== undefined) return state;
  const over = pageSessionOver(state, at);
  if (type === 'PageSessionEnded') {
    // Its writer's clock may be ahead, and a use that it had not read yet may stand before it.
    if (byTime.has(data.reason) && over === undefined) return state;
    return { ...state, ended: data.reason || 'ended' };
  }
  if (over !== undefined) return state;
  if (type === 'PageSessionSeen') return { ...state, seenAt: at };
  const principal = fromWirePrincipal(data.principal);
  return principal?.id === state.principal.id ? { ...state, principal, readAt: at } : state;
}

function opened(started: Facts<PageSessionStarted>, at: number): PageSession | undefined {
  const principal = fromWirePrincipal(started.principal);
  const endsAt = milliseconds(started.endsAtUs);
  const idle = milliseconds(started.idleUs);
  if (!principal || started.secretHash.length !== 32 || at >= endsAt || idle <= 0) return undefined;
  return {
    id: started.pageSessionId,
    secretHash: hex(started.secretHash),
    principal,
    provider: started.provider,
    kind: started.kind === 'saml' ? 'saml' : 'oidc',
    indexHash: hex(started.sessionIndexHash),
    subjectHash: hex(started.subjectHash),
    ...{ startedAt: at, seenAt: at, readAt: at, endsAt, idle },
    groupsFor: milliseconds(started.groupsUs),
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function milliseconds(us: bigint): number {
  return Number(us / 1000n);
}
