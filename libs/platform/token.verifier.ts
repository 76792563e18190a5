import { createHash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { AppError, type Clock } from '#kernel';
import type { OidcIssuerConfig } from './config.schema.js';
import { IssuerKeys } from './issuer.keys.js';
import { principalOf } from './principal.claims.js';
import type { TokenVerifier, VerifiedToken } from './tokens.js';

/** Bytes. */
const maxTokenLength = 16 * 1024;
const cacheEntries = 10_000;
/** A key that its issuer withdrew must not live on here for as long as the token says. Milliseconds. */
const cacheFor = 5 * 60_000;

export interface TokenVerifierOptions {
  readonly issuers: readonly OidcIssuerConfig[];
  readonly clock: Clock;
  /** For tests; default: over HTTP. */
  readonly fetchJson?: (url: string) => Promise<unknown>;
}

/**
 * Verifies JWTs of the configured issuers. The token itself only chooses among those issuers, by its exact
 * `iss`; the algorithms are the issuer's allow-list; the keys are the issuer's own. A result is kept by the
 * token's SHA-256, so that many connections with one token cost one signature check.
 */
export function createTokenVerifier({ issuers, clock, fetchJson }: TokenVerifierOptions): TokenVerifier {
  const byIssuer = new Map(
    issuers.map((config) => [
      config.issuer,
      { config, keys: new IssuerKeys(config.issuer, clock, fetchJson) },
    ]),
  );
  const cache = new VerificationCache(clock);

  return {
    verify: async (token) => {
      if (token.length > maxTokenLength) throw invalid(`it is longer than ${maxTokenLength} bytes`);
      return cache.get(token, async () => {
        const issuer = byIssuer.get(peek(token));
        refuseOtherPurposes(token);
        if (!issuer) throw invalid('no configured issuer signed it');
        return check(token, issuer.config, issuer.keys, clock);
      });
    },
  };
}

/** Verifies what an issuer signs for a client of ours: ID tokens, logout tokens. */
export interface ClientTokenVerifier {
  /** The claims of a token for this client. Throws TOKEN_INVALID, TOKEN_EXPIRED, ISSUER_UNAVAILABLE. */
  claims(token: string, requiredClaims: readonly string[]): Promise<JWTPayload>;
}

/** With the same checks as bearer tokens, but that the audience is the client; and nothing is remembered. */
export function createClientTokenVerifier(
  issuer: OidcIssuerConfig,
  clientId: string,
  { clock, fetchJson }: Pick<TokenVerifierOptions, 'clock' | 'fetchJson'>,
): ClientTokenVerifier {
  const keys = new IssuerKeys(issuer.issuer, clock, fetchJson);
  const config = { ...issuer, audience: clientId };
  return {
    claims: async (token, requiredClaims) => {
      if (token.length > maxTokenLength) throw invalid(`it is longer than ${maxTokenLength} bytes`);
      if (peek(token) !== issuer.issuer) throw invalid('another issuer signed it');
      return verifiedClaims(token, config, keys, clock, [...requiredClaims]);
    },
  };
}

/** RFC 8725, section 3.11: what was made for something else (a logout token, a proof of possession) signs nobody in. */
function refuseOtherPurposes(token: string): void {
  const { typ = '' } = decodeProtectedHeader(token);
  if (/\+jwt$/i.test(typ) && !/^(application\/)?at\+jwt$/i.test(typ))
    throw invalid('it was made for another purpose');
}

/** The `iss` of a token that is not verified yet: fit to look an issuer up with, and for nothing else. */
function peek(token: string): string {
  try {
    const header = decodeProtectedHeader(token);
    // A token that brings or names its own key wants to be believed by its own word.
    if (header.jwk !== undefined || header.jku !== undefined || header.x5u !== undefined)
      throw invalid('it brings its own key');
    const { iss } = decodeJwt(token);
    return typeof iss === 'string' ? iss : '';
  } catch (cause) {
    throw cause instanceof AppError ? cause : invalid('it is not a JSON web token', cause);
  }
}

async function check(
  token: string,
  config: OidcIssuerConfig,
  keys: IssuerKeys,
  clock: Clock,
): Promise<VerifiedToken & { readonly usableUntil: number }> {
  const payload = await verifiedClaims(token, config, keys, clock, ['exp', 'sub']);
  const expiresAt = (payload.exp ?? 0) * 1000;
  const skew = config.clockSkew * 1000;
  return {
    principal: principalOf(payload, config),
    expiresAt,
    ...issuedAt(payload, skew, clock.now()),
    usableUntil: expiresAt + skew,
  };
}

/** One that was issued in the future, by more than the clocks may differ, does not say when. */
function issuedAt({ iat }: JWTPayload, skew: number, now: number): Pick<VerifiedToken, 'issuedAt'> {
  if (iat === undefined || iat * 1000 - skew > now) return {};
  return { issuedAt: iat * 1000 - skew };
}

async function verifiedClaims(
  token: string,
  config: OidcIssuerConfig,
  keys: IssuerKeys,
  clock: Clock,
  requiredClaims: string[],
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys.key, {
      issuer: config.issuer,
      audience: config.audience,
      algorithms: [...config.algorithms],
      clockTolerance: config.clockSkew,
      currentDate: new Date(clock.now()),
      requiredClaims,
    });
    return payload;
  } catch (error) {
    throw translated(error);
  }
}

function translated(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof errors.JWTExpired)
    return new AppError('TOKEN_EXPIRED', 'the token has expired', {
      cause: error,
      hint: 'fetch a fresh token',
    });
  if (error instanceof errors.JWTClaimValidationFailed)
    return invalid(
      `its ${error.claim} claim is ${error.reason === 'missing' ? 'missing' : 'not accepted'}`,
      error,
    );
  if (error instanceof errors.JOSEAlgNotAllowed) return invalid('its algorithm is not allowed', error);
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return invalid('its signature does not verify', error);
  if (error instanceof errors.JWKSNoMatchingKey) return invalid('its issuer has no such key', error);
  return invalid('it is malformed', error);
}

function invalid(reason: string, cause?: unknown): AppError {
  return new AppError('TOKEN_INVALID', `the token is not accepted: ${reason}`, { cause });
}

type Verified = VerifiedToken & { readonly usableUntil: number };

/** Results by token digest, oldest out first; concurrent checks of one token are one check. */
class VerificationCache {
  readonly #results = new Map<string, { readonly verified: Verified; readonly until: number }>();
  readonly #pending = new Map<string, Promise<Verified>>();

  constructor(private readonly clock: Clock) {}

  async get(token: string, verify: () => Promise<Verified>): Promise<VerifiedToken> {
    const digest = createHash('sha256').update(token).digest('base64');
    const known = this.#results.get(digest);
    if (known && this.clock.now() < known.until) return known.verified;
    this.#results.delete(digest);
    const pending = this.#pending.get(digest) ?? this.#start(digest, verify);
    return pending;
  }

  #start(digest: string, verify: () => Promise<Verified>): Promise<Verified> {
    const pending = verify()
      .then((verified) => this.#keep(digest, verified))
      .finally(() => this.#pending.delete(digest));
    this.#pending.set(digest, pending);
    return pending;
  }

  #keep(digest: string, verified: Verified): Verified {
    const oldest = this.#results.keys().next();
    if (this.#results.size >= cacheEntries && !oldest.done) this.#results.delete(oldest.value);
    this.#results.set(digest, {
      verified,
      until: Math.min(verified.usableUntil, this.clock.now() + cacheFor),
    });
    return verified;
  }
}
