import * as oidc from 'openid-client';
import { isAppError } from '#kernel';
import { SignInFailure } from '../sign-in/sign-in.provider.js';

/** What the library or a verifier threw, as what the sign-in page may know. */
export function signInFailure(error: unknown): SignInFailure {
  if (error instanceof SignInFailure) return error;
  const message = describe(error);
  const options = { cause: error };
  if (isAway(error)) return new SignInFailure('unavailable', message, options);
  if (error instanceof oidc.AuthorizationResponseError) return new SignInFailure('denied', message, options);
  if (isMismatch(error)) return new SignInFailure('mismatch', message, options);
  return new SignInFailure('refused', message, options);
}

/**
 * The provider itself says no to somebody who was signed in. Anything else is trouble on the way, a proxy's page or a key
 * that is being changed: what was last read stands until it runs out.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof oidc.WWWAuthenticateChallengeError) return error.status === 401;
  if (isOfSomebodyElse(error)) return true;
  return error instanceof oidc.ResponseBodyError && refusals.has(error.error);
}

/** Userinfo's answer is not about whom the token is about. */
export function isOfSomebodyElse(error: unknown): boolean {
  return error instanceof oidc.ClientError && error.code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED';
}

/** RFC 6749, section 5.2; OpenID Connect Core 1.0, section 3.1.2.6. */
const refusals: ReadonlySet<string> = new Set([
  'invalid_grant',
  'access_denied',
  'login_required',
  'interaction_required',
  'consent_required',
]);

/** Nobody answered, or only to say that it can't now: as against an answer that says no. */
function isAway(error: unknown): boolean {
  if (isAppError(error)) return error.code === 'ISSUER_UNAVAILABLE';
  if (error instanceof oidc.ResponseBodyError) return error.status >= 500 || error.status === 429;
  if (error instanceof oidc.ClientError) {
    if (['OAUTH_TIMEOUT', 'OAUTH_ABORT'].includes(error.code ?? '')) return true;
    return error.cause instanceof Response && (error.cause.status >= 500 || error.cause.status === 429);
  }
  // fetch's own: the connection failed.
  return error instanceof TypeError && error.message === 'fetch failed';
}

/** The answer is to another question, or of somebody else. */
function isMismatch(error: unknown): boolean {
  const inner = error instanceof oidc.ClientError && error.cause instanceof Error ? error.cause : undefined;
  const text = inner?.message ?? '';
  return /"(iss|state|nonce)"/.test(text);
}

/** The provider's own words, kept short and on one line: for our log only. */
function describe(error: unknown): string {
  const parts: unknown[] = [error instanceof Error ? error.message : 'something was thrown'];
  if (error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError)
    parts.push(error.error, error.error_description);
  else if (error instanceof Error && error.cause instanceof Error) parts.push(error.cause.message);
  return parts
    .filter((part) => typeof part === 'string')
    .join(': ')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, 500);
}
