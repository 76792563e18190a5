import type { IncomingMessage } from 'node:http';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { newEvent, SignInRefusedSchema } from '#events';
import type { Clock } from '#kernel';
import {
  CLOCK,
  CONFIG,
  Counts,
  INSTANCE,
  IdentityLog,
  parseNetworks,
  RefusalRate,
  sourceAddress,
  type Networks,
  type WeirConfig,
} from '#platform';
import { SignInFailure, type SignInFailureCode } from './sign-in.provider.js';

const failures = new Counts({
  ...{ name: 'weir_sign_in_failures_total', help: 'Sign-ins to pages that failed, by what was wrong' },
  labels: ['code'],
});

/** Sign-ins that fail: the reason goes to this process's log, answers that were not taken to weir.identity.v1 as well. */
@Injectable()
export class SignInRefusals {
  readonly #log = new Logger('sign-in');
  readonly #recorded = new RefusalRate();
  readonly #trusted: Networks;

  constructor(
    @Inject(IdentityLog) private readonly identity: IdentityLog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(INSTANCE) private readonly instance: string,
    @Inject(CONFIG) config: WeirConfig,
  ) {
    this.#trusted = parseNetworks(config.identity.trustedProxies);
  }

  /**
   * Never throws. `answer` is the request that brought an answer to what a browser began, or one with a provider's
   * signature; absent where it brought neither, which anybody can send and is worth no record. Resolves to what the sign-in page is told.
   */
  async note(provider: string, error: unknown, answer?: IncomingMessage): Promise<SignInFailureCode> {
    const code = error instanceof SignInFailure ? error.code : 'unavailable';
    failures.of(code).value++;
    const message = error instanceof Error ? error.message : String(error);
    if (code !== 'unknown') this.#log.warn({ message, provider, code });
    if (answer && code !== 'unavailable') await this.#record(provider, code, answer);
    return code;
  }

  async #record(provider: string, code: SignInFailureCode, answer: IncomingMessage): Promise<void> {
    const reason = this.#recorded.take(`sign-in with ${provider} failed`, this.clock.now());
    if (reason === undefined) return;
    const init = { code, reason, through: 'pages', sourceAddress: sourceAddress(answer, this.#trusted) };
    const origin = { source: `identity/${this.instance}`, subject: `${provider}:`, clock: this.clock };
    await this.identity.append(newEvent(SignInRefusedSchema, init, origin)).catch(() => undefined);
  }
}
