import type { IncomingMessage } from 'node:http';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { newEvent, SignInRefusedSchema } from '#events';
import type { Clock } from '#kernel';
import {
  CLOCK,
  CONFIG,
  INSTANCE,
  IdentityLog,
  parseTrustedProxies,
  sourceAddress,
  type TrustedProxies,
  type WeirConfig,
} from '#platform';
import { RefusalRate } from './refusal-rate.js';
import { SignInFailure, type SignInFailureCode } from './sign-in.provider.js';

/** Sign-ins that fail: the reason goes to this process's log, answers that were not taken to weir.identity.v1 as well. */
@Injectable()
export class SignInRefusals {
  readonly #log = new Logger('sign-in');
  readonly #recorded = new RefusalRate();
  readonly #trusted: TrustedProxies;

  constructor(
    @Inject(IdentityLog) private readonly identity: IdentityLog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(INSTANCE) private readonly instance: string,
    @Inject(CONFIG) config: WeirConfig,
  ) {
    this.#trusted = parseTrustedProxies(config.identity.trustedProxies);
  }

  /**
   * Never throws. `answer` is the request that brought a provider's answer; absent where it was none, which is worth no
   * record. Resolves to what the sign-in page is told.
   */
  async note(provider: string, error: unknown, answer?: IncomingMessage): Promise<SignInFailureCode> {
    const code = error instanceof SignInFailure ? error.code : 'unavailable';
    const message = error instanceof Error ? error.message : String(error);
    if (code !== 'unknown') this.#log.warn({ message, provider, code });
    if (answer && code !== 'unavailable' && this.#recorded.take(this.clock.now()))
      await this.#record(provider, code, sourceAddress(answer, this.#trusted));
    return code;
  }

  async #record(provider: string, code: SignInFailureCode, from: string): Promise<void> {
    const reason = `sign-in with ${provider} failed`;
    const init = { code, reason, through: 'pages', sourceAddress: from };
    const origin = { source: `identity/${this.instance}`, subject: `${provider}:`, clock: this.clock };
    await this.identity.append(newEvent(SignInRefusedSchema, init, origin)).catch(() => undefined);
  }
}
