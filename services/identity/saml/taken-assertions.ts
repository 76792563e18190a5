import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { IdentityEvent, IdentityFold } from '#domain';
import type { Position } from '#event-log';
import { newEvent, SamlAssertionTakenSchema } from '#events';
import type { Clock } from '#kernel';
import { CLOCK, IdentityLog, INSTANCE } from '#platform';
import { SignInFailure } from '../sign-in/sign-in.provider.js';
import type { KeptAnswer } from './kept-answers.file.js';

/**
 * Which assertions were taken: each is good once, in whichever process it arrives. The log decides: all of a provider
 * are in one partition, so the first that stands there is first for everyone.
 */
@Injectable()
export class TakenAssertions implements IdentityFold {
  readonly #first = new Map<string, { readonly at: string; readonly until: number }>();

  constructor(
    @Inject(IdentityLog) private readonly identity: IdentityLog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(INSTANCE) private readonly instance: string,
  ) {
    identity.fold(this);
  }

  /** Throws SignInFailure where it was taken before, or where the log can't say. */
  async take({ provider, assertionId, usableUntil }: KeptAnswer): Promise<void> {
    const assertionHash = createHash('sha256').update(`${provider}\n${assertionId}`).digest();
    const origin = { source: `identity/${this.instance}`, subject: `${provider}:`, clock: this.clock };
    const init = { provider, assertionHash, usableUntilUs: BigInt(Math.round(usableUntil)) * 1000n };
    const appended = await this.identity.append(newEvent(SamlAssertionTakenSchema, init, origin));
    if (!appended.folded)
      throw new SignInFailure('unavailable', 'the log does not say whether it is the first');
    if (this.#first.get(assertionHash.toString('hex'))?.at !== place(appended.position))
      throw new SignInFailure('expired', 'this assertion was taken before, or grew too old on the way');
  }

  /**
   * By the log's time, which never goes back: what is forgotten is too old for every process, whatever its own clock
   * says, and too old to be taken anew.
   */
  apply({ type, data: taken, position, at }: IdentityEvent): void {
    if (type !== 'SamlAssertionTaken') return;
    this.#forget(at);
    const hash = Buffer.from(taken.assertionHash).toString('hex');
    const until = Number(taken.usableUntilUs / 1000n);
    if (at < until && !this.#first.has(hash)) this.#first.set(hash, { at: place(position), until });
  }

  /** In the order in which they came, which is nearly that in which they end. */
  #forget(now: number): void {
    for (const [hash, { until }] of this.#first) {
      if (now < until) return;
      this.#first.delete(hash);
    }
  }
}

function place({ partition, offset }: Position): string {
  return `${partition}:${offset}`;
}
