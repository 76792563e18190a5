import * as oidc from 'openid-client';
import { isLoopbackHost } from '#wire';
import { resolveSecret, type OidcIssuerConfig, type WeirConfig } from '#platform';
import type { Clock } from '#kernel';

/** Milliseconds for which a provider's discovery document is believed. */
const believedFor = 10 * 60_000;
/** Milliseconds between two attempts to find it anew. */
const cooldown = 30_000;
/** Seconds that a provider has for an answer. */
const patience = 10;

export type SignInConfig = NonNullable<OidcIssuerConfig['signIn']>;

/** openid-client's view of one provider: its endpoints, found by discovery and found again every ten minutes. */
export class OidcClient {
  readonly #secret: string | undefined;
  #found: oidc.Configuration | undefined;
  #foundAt = -Infinity;
  #askedAt = -Infinity;
  #finding: Promise<oidc.Configuration> | undefined;

  constructor(
    private readonly issuer: OidcIssuerConfig,
    private readonly signIn: SignInConfig,
    { file }: Pick<WeirConfig, 'file'>,
    private readonly clock: Clock,
  ) {
    // Now, not at the first sign-in: a secret that is missing stops the start.
    this.#secret = signIn.clientSecret === undefined ? undefined : resolveSecret(signIn.clientSecret, file);
  }

  /** What was found before serves while it is looked for anew: a provider that hangs holds nobody up. */
  async configuration(): Promise<oidc.Configuration> {
    if (!this.#found) return this.#find();
    const now = this.clock.now();
    // What is wrong shows where the provider itself is asked for something.
    if (now - this.#foundAt >= believedFor && now - this.#askedAt >= cooldown)
      this.#find().catch(() => undefined);
    return this.#found;
  }

  /** One attempt at a time, whoever waits. */
  #find(): Promise<oidc.Configuration> {
    this.#askedAt = this.clock.now();
    return (this.#finding ??= this.#discover().finally(() => (this.#finding = undefined)));
  }

  async #discover(): Promise<oidc.Configuration> {
    const found = await oidc.discovery(
      new URL(this.issuer.issuer),
      this.signIn.clientId,
      { [oidc.clockTolerance]: this.issuer.clockSkew },
      this.#secret === undefined ? oidc.None() : oidc.ClientSecretBasic(this.#secret),
      { execute: insecureOnLoopback(this.issuer.issuer), timeout: patience },
    );
    this.#foundAt = this.clock.now();
    return (this.#found = found);
  }
}

/** Plain http is for a provider on this machine; everywhere else the library refuses it, redirects included. */
function insecureOnLoopback(issuer: string): ((config: oidc.Configuration) => void)[] {
  const { protocol, hostname } = new URL(issuer);
  return protocol === 'http:' && isLoopbackHost(hostname) ? [oidc.allowInsecureRequests] : [];
}
