import { Logger } from '@nestjs/common';
import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';
import { z } from 'zod';
import type { Clock, Principal } from '#kernel';
import {
  createClientTokenVerifier,
  principalOf,
  type ClientTokenVerifier,
  type OidcIssuerConfig,
  type WeirConfig,
} from '#platform';
import {
  SignInFailure,
  type KeptSecrets,
  type ReadAgain,
  type SignedInPerson,
  type SignInProvider,
} from '../sign-in/sign-in.provider.js';
import type { SignInTransaction } from '../sign-in/sign-in.transaction.js';
import { readLogoutToken, type ProviderLogout } from './logout-token.js';
import { OidcClient, type SignInConfig } from './oidc.client.js';
import { isOfSomebodyElse, isRefusal, signInFailure } from './oidc.failure.js';
import { refuseTwoNames } from './pairwise-subjects.js';

type Tokens = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>;
type Claims = Awaited<ReturnType<ClientTokenVerifier['claims']>>;

const keptTokens = z.object({ idToken: z.string().optional(), refreshToken: z.string().optional() });

/** Sign-in with OpenID Connect: authorization code with PKCE, state, nonce and the issuer's name (RFC 9207). */
export class OidcSignIn implements SignInProvider {
  readonly kind = 'oidc';
  readonly name: string;
  readonly label: string;
  readonly cli: SignInProvider['cli'];
  readonly #log = new Logger('sign-in');
  readonly #issuer: OidcIssuerConfig;
  readonly #signIn: SignInConfig;
  readonly #client: OidcClient;
  readonly #signedTokens: ClientTokenVerifier;
  readonly #publicUrl: string;

  constructor(
    issuer: OidcIssuerConfig,
    signIn: SignInConfig,
    config: Pick<WeirConfig, 'publicUrl' | 'file'>,
    clock: Clock,
  ) {
    this.name = issuer.name;
    this.label = signIn.label ?? issuer.name;
    this.cli = signIn.cliClientId
      ? { issuer: issuer.issuer, clientId: signIn.cliClientId, scopes: signIn.scopes }
      : null;
    this.#issuer = issuer;
    this.#signIn = signIn;
    this.#client = new OidcClient(issuer, signIn, config, clock);
    this.#signedTokens = createClientTokenVerifier(issuer, signIn.clientId, { clock });
    this.#publicUrl = config.publicUrl;
  }

  /** One address a provider: an answer that reaches another one's is refused (mix-up). */
  get redirectUri(): string {
    return `${this.#publicUrl}/api/identity/callback/${this.name}`;
  }

  async begin(transaction: SignInTransaction): Promise<string> {
    try {
      const verifier = transaction.derive('pkce');
      const config = await this.#client.configuration();
      refuseTwoNames(config, this.#issuer);
      const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri: this.redirectUri,
        scope: this.#signIn.scopes.join(' '),
        state: transaction.id,
        nonce: transaction.derive('nonce'),
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      return url.href;
    } catch (error) {
      throw signInFailure(error);
    }
  }

  async complete(search: string, transaction: SignInTransaction): Promise<SignedInPerson> {
    try {
      const config = await this.#client.configuration();
      const tokens = await oidc.authorizationCodeGrant(config, new URL(this.redirectUri + search), {
        expectedState: transaction.id,
        expectedNonce: transaction.derive('nonce'),
        pkceCodeVerifier: transaction.derive('pkce'),
        idTokenExpected: true,
      });
      const claims = await this.#verified(tokens);
      if (!claims) throw new SignInFailure('refused', 'the provider gave no ID token');
      const principal = await this.#principal(config, tokens, claims);
      return {
        principal,
        kept: keep(tokens, { subject: claims.sub ?? '' }),
        isReadAgain: tokens.refresh_token !== undefined,
        ...sid(claims),
      };
    } catch (error) {
      throw signInFailure(error);
    }
  }

  /** With the refresh token. Without a new ID token it is userinfo that says who it is now. */
  async readAgain(before: KeptSecrets): Promise<ReadAgain> {
    const { refreshToken, idToken } = keptTokens.parse(before);
    if (refreshToken === undefined || idToken === undefined) return { kind: 'refused' };
    let kept = before;
    try {
      const config = await this.#client.configuration();
      const tokens = await oidc.refreshTokenGrant(config, refreshToken);
      kept = keep(tokens, before);
      const claims = await this.#verified(tokens);
      const principal = claims
        ? await this.#principal(config, tokens, claims)
        : principalOf(await this.#withUserinfo(config, tokens, this.#subjectOf(idToken)), this.#issuer);
      return { kind: 'person', principal, kept };
    } catch (error) {
      return isRefusal(error)
        ? { kind: 'refused' }
        : { kind: 'away', kept, reason: signInFailure(error).message };
    }
  }

  /** Gives the refresh token back, and says where the browser ends the provider's own session (RP-initiated logout). */
  async signOut(kept: KeptSecrets): Promise<string | undefined> {
    const { refreshToken, idToken } = keptTokens.parse(kept);
    const config = await this.#client.configuration().catch(() => undefined);
    if (!config) return undefined;
    const server = config.serverMetadata();
    // Best effort: the session here is over in any case, and the token is dropped.
    if (refreshToken !== undefined && server.revocation_endpoint !== undefined)
      void oidc.tokenRevocation(config, refreshToken).catch(() => undefined);
    if (server.end_session_endpoint === undefined) return undefined;
    return oidc.buildEndSessionUrl(config, {
      post_logout_redirect_uri: `${this.#publicUrl}/sign-in`,
      ...(idToken === undefined ? {} : { id_token_hint: idToken }),
    }).href;
  }

  /** Of a back-channel logout. Throws AppErrors. */
  readLogoutToken(token: string, now: number): Promise<ProviderLogout> {
    return readLogoutToken(token, this.#signedTokens, now);
  }

  /** Milliseconds. */
  get clockSkew(): number {
    return this.#issuer.clockSkew * 1000;
  }

  /** The library has looked at its claims; the signature, and all else that a bearer token is asked for, is ours. */
  async #verified({ id_token: token }: Tokens): Promise<Claims | undefined> {
    return token === undefined ? undefined : this.#signedTokens.claims(token, ['exp', 'iat', 'sub']);
  }

  /** Of an ID token that was verified when it came: whom userinfo must be about. Nothing else of it still counts. */
  #subjectOf(idToken: string): Claims {
    const names = ['iss', 'sub', this.#issuer.subjectClaim];
    return Object.fromEntries(Object.entries(decodeJwt(idToken)).filter(([name]) => names.includes(name)));
  }

  /** Groups are the ID token's; where it has none, userinfo's; where that has none or can't be had, none. */
  async #principal(config: oidc.Configuration, tokens: Tokens, claims: Claims): Promise<Principal> {
    if (claims[this.#issuer.groupsClaim] !== undefined) return principalOf(claims, this.#issuer);
    try {
      return principalOf(await this.#withUserinfo(config, tokens, claims), this.#issuer);
    } catch (error) {
      if (isOfSomebodyElse(error)) throw error;
      const principal = principalOf(claims, this.#issuer);
      const why = `the ID token has no ${this.#issuer.groupsClaim}, and userinfo fails: ${signInFailure(error).message}`;
      this.#log.warn({ message: `${principal.id} has no groups: ${why}`, provider: this.name });
      return principal;
    }
  }

  /** The claims, and those of userinfo that they lack; who it is stands in the signed token alone. */
  async #withUserinfo(config: oidc.Configuration, tokens: Tokens, claims: Claims): Promise<Claims> {
    if (config.serverMetadata().userinfo_endpoint === undefined) return claims;
    const info = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub ?? '');
    const { act: _, [this.#issuer.subjectClaim]: __, ...about } = info as Claims;
    return { ...about, ...claims };
  }
}

function keep(tokens: Tokens, before: KeptSecrets): KeptSecrets {
  const { id_token: idToken, refresh_token: refreshToken } = tokens;
  return {
    ...before,
    ...(idToken === undefined ? {} : { idToken }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  };
}

function sid({ sid: index }: Claims): Pick<SignedInPerson, 'sessionIndex'> {
  return typeof index === 'string' ? { sessionIndex: index } : {};
}
