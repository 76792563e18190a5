import { Logger } from '@nestjs/common';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { AppError, type Clock } from '#kernel';
import { fetchIssuerJson } from './issuer.fetch.js';

/** Milliseconds. */
const refreshAfter = 10 * 60_000;
const unknownKeyCooldown = 30_000;
const retryAfterFailure = 5_000;
const unusableAfter = 24 * 3600_000;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

/**
 * One issuer's signing keys: found by discovery, fetched on first use, refreshed every ten minutes and when a
 * token names a key that is not among them (at most twice a minute). While the issuer is away the keys that
 * are here go on serving, for a day.
 */
export class IssuerKeys {
  readonly #log = new Logger('issuer');
  #find: JWTVerifyGetKey | undefined;
  #fetchedAt = -Infinity;
  #failedAt = -Infinity;
  #failure: unknown;
  #loading: Promise<void> | undefined;

  constructor(
    private readonly issuer: string,
    private readonly clock: Clock,
    private readonly fetchJson: (url: string) => Promise<unknown> = fetchIssuerJson,
  ) {}

  /** For jose's `jwtVerify`. Throws ISSUER_UNAVAILABLE when there are no keys and none can be fetched. */
  readonly key: JWTVerifyGetKey = async (header, token) => {
    if (this.#age() >= refreshAfter) await this.#refresh();
    try {
      return await this.#keys()(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#age() < unknownKeyCooldown) throw error;
      await this.#refresh();
      return await this.#keys()(header, token);
    }
  };

  #age(): number {
    return this.clock.now() - this.#fetchedAt;
  }

  #keys(): JWTVerifyGetKey {
    if (this.#find && this.#age() < unusableAfter) return this.#find;
    throw this.#failure;
  }

  async #refresh(): Promise<void> {
    if (this.clock.now() - this.#failedAt < retryAfterFailure) return;
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
    await this.#loading;
  }

  async #load(): Promise<void> {
    try {
      this.#find = createLocalJWKSet(await this.#fetchKeys());
      this.#fetchedAt = this.clock.now();
      this.#failedAt = -Infinity;
    } catch (error) {
      this.#failedAt = this.clock.now();
      this.#failure = error;
      this.#log.warn({
        message: error instanceof Error ? error.message : String(error),
        issuer: this.issuer,
        servedByCachedKeys: this.#find !== undefined && this.#age() < unusableAfter,
      });
    }
  }

  async #fetchKeys(): Promise<JSONWebKeySet> {
    const about = discovery.safeParse(
      await this.fetchJson(`${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`),
    );
    if (!about.success) throw this.#unusable('its discovery document names no issuer and jwks_uri');
    // OpenID Connect Discovery 1.0, section 4.3: must be identical, or one issuer could speak for another.
    if (about.data.issuer !== this.issuer)
      throw this.#unusable(`its discovery document is of another issuer, ${about.data.issuer}`);
    const keys = keySet.safeParse(await this.fetchJson(about.data.jwks_uri));
    if (!keys.success) throw this.#unusable('its jwks_uri serves no key set');
    return keys.data;
  }

  #unusable(reason: string): AppError {
    return new AppError('ISSUER_UNAVAILABLE', `the issuer ${this.issuer} cannot be used: ${reason}`);
  }
}
