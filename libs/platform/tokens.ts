import type { Principal } from '#kernel';

/** Injection tokens; each is provided once, by PlatformModule. Constructors name them with @Inject. */
export const CONFIG = Symbol('CONFIG');
export const CLOCK = Symbol('CLOCK');
export const EVENT_LOG = Symbol('EVENT_LOG');
/** Whether work that can wait (shipping, ingest) rests while the machine is busy, since sessions and it share a house. */
export const YIELDS = Symbol('YIELDS');
export const TOKEN_VERIFIER = Symbol('TOKEN_VERIFIER');
/** This process's name in events' `source` and in logs, e.g. `gate-1a2b`. */
export const INSTANCE = Symbol('INSTANCE');

/** Verifies a bearer token or a password and says who it is. Throws TOKEN_INVALID, TOKEN_EXPIRED, ISSUER_UNAVAILABLE. */
export interface TokenVerifier {
  verify(token: string): Promise<VerifiedToken>;
}

export interface VerifiedToken {
  readonly principal: Principal;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /**
   * Milliseconds since the epoch, the earliest that the issuer's clock may mean by `iat`. Absent: the token does not
   * say, or it says what can't be.
   */
  readonly issuedAt?: number;
}
