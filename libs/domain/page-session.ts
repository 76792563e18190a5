import { createHash } from 'node:crypto';
import type { Principal } from '#kernel';

/** A person's signed-in browser, as weir.identity.v1 says it. Times in milliseconds since the epoch. */
export interface PageSession {
  readonly id: string;
  /** SHA-256 of the cookie's secret, hexadecimal. */
  readonly secretHash: string;
  /** As the provider last said it. Its groups count until `groupsUntil` only: see `principalAt`. */
  readonly principal: Principal;
  /** The configured name of the provider. */
  readonly provider: string;
  readonly kind: 'oidc' | 'saml';
  /** `sessionIndexHash` of the provider's own name for its session, hexadecimal; empty where that is not known. */
  readonly indexHash: string;
  /** `subjectHash` of the provider's own name for the person, where that may not be the one used here; else empty. */
  readonly subjectHash: string;
  readonly startedAt: number;
  readonly seenAt: number;
  readonly readAt: number;
  /** From then on it is over, however busy it is. */
  readonly endsAt: number;
  /** So long without a request, and it is over. */
  readonly idle: number;
  /** For how long groups count after they were read; 0: until the end. */
  readonly groupsFor: number;
  readonly ended?: string;
}

/** What events hold of the provider's own name for a session (OpenID Connect's `sid`, SAML's SessionIndex). */
export function sessionIndexHash(provider: string, index: string): Buffer {
  return createHash('sha256').update(`${provider}\n${index}`).digest();
}

/** What events hold of the provider's own name for a person, who may be named by another claim here. */
export function subjectHash(provider: string, subject: string): Buffer {
  return createHash('sha256').update(`${provider}\nsubject\n${subject}`).digest();
}

export function idleUntil({ seenAt, idle }: PageSession): number {
  return seenAt + idle;
}

/** Why it serves nobody at this time, or undefined. */
export function pageSessionOver(session: PageSession, now: number): string | undefined {
  if (session.ended !== undefined) return session.ended;
  if (now >= session.endsAt) return 'over';
  return now >= idleUntil(session) ? 'idle' : undefined;
}

/** Who it is at this time. Groups that could not be read again for too long count no more: nobody vouches for them. */
export function principalAt({ principal, readAt, groupsFor }: PageSession, now: number): Principal {
  return groupsFor === 0 || now < readAt + groupsFor ? principal : { ...principal, groups: [] };
}
