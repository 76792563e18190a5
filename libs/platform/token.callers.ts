import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '#kernel';
import type { WeirConfig } from './config.schema.js';
import type { CallerIdentity } from './guard.decorators.js';
import { IdentityLog } from './identity-log.js';
import { rolesOf } from './roles.js';
import { CONFIG, TOKEN_VERIFIER, type TokenVerifier } from './tokens.js';

/** Who calls, by token: one answer for every door of this process. */
@Injectable()
export class TokenCallers {
  readonly #verifier: TokenVerifier;
  readonly #identity: IdentityLog;
  readonly #config: WeirConfig;

  constructor(
    @Inject(TOKEN_VERIFIER) verifier: TokenVerifier,
    @Inject(IdentityLog) identity: IdentityLog,
    @Inject(CONFIG) config: WeirConfig,
  ) {
    this.#verifier = verifier;
    this.#identity = identity;
    this.#config = config;
  }

  /** Throws TOKEN_INVALID, TOKEN_EXPIRED, ISSUER_UNAVAILABLE. */
  async ofToken(token: string): Promise<CallerIdentity> {
    const { principal, issuedAt = 0 } = await this.#verifier.verify(token);
    return this.of(principal, issuedAt);
  }

  /** The newest word about an identity counts: an older token or page session keeps no group that it took away. */
  of(said: Principal, saidAt: number): CallerIdentity {
    const principal = this.#identity.groups.narrowed(said, saidAt);
    return { principal, saidAt, roles: rolesOf(principal, this.#config.identity.roles) };
  }
}
