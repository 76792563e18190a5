import { z } from 'zod';
import { AppError } from '#kernel';
import type { ClientTokenVerifier } from '#platform';

/** Milliseconds for which a logout token is news. */
const newsFor = 5 * 60_000;

const event = 'http://schemas.openid.net/event/backchannel-logout';
const shape = z.looseObject({
  iat: z.number(),
  jti: z.string().min(1),
  events: z.record(z.string(), z.unknown()),
  sub: z.string().min(1).optional(),
  sid: z.string().min(1).optional(),
  nonce: z.undefined().optional(),
});

export interface ProviderLogout {
  readonly subject: string | undefined;
  readonly sessionIndex: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Whose session ended at the provider (OpenID Connect Back-Channel Logout 1.0, section 2.6). A nonce is forbidden: it
 * is what tells an ID token from a logout token. Throws INPUT_INVALID, and what the verifier throws.
 */
export async function readLogoutToken(
  token: string,
  verifier: ClientTokenVerifier,
  now: number,
): Promise<ProviderLogout> {
  const parsed = shape.safeParse(await verifier.claims(token, ['iat', 'jti', 'events']));
  const claims = parsed.data;
  if (!claims || typeof claims.events[event] !== 'object' || (claims.sub ?? claims.sid) === undefined)
    throw new AppError('INPUT_INVALID', 'that is no logout token');
  const at = claims.iat * 1000;
  if (Math.abs(now - at) > newsFor) throw new AppError('INPUT_INVALID', 'the logout token is too old');
  return { subject: claims.sub, sessionIndex: claims.sid, at };
}
