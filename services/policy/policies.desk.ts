import { Inject, Injectable } from '@nestjs/common';
import { eventIdFor, type PublishedPolicies } from '#domain';
import { AppError, type Clock } from '#kernel';
import { CLOCK, INSTANCE } from '#platform';
import type { PolicyFile } from '#policy-engine';
import type { Writer } from './connections.desk.js';
import { validPolicies } from './file-sets.js';
import { policiesPublished } from './policy.events.js';
import { PolicyFold, type Written } from './policy.fold.js';
import { PolicyOwnership } from './policy.ownership.js';
import { Turns } from './turns.js';

const lost = 'somebody else published policies just now; read them again';

/** The set of policies through the API, while it is the API's. */
@Injectable()
export class PoliciesDesk {
  readonly #fold: PolicyFold;
  readonly #ownership: PolicyOwnership;
  readonly #turns: Turns;
  readonly #clock: Clock;
  readonly #source: string;

  constructor(
    @Inject(PolicyFold) fold: PolicyFold,
    @Inject(PolicyOwnership) ownership: PolicyOwnership,
    @Inject(Turns) turns: Turns,
    @Inject(CLOCK) clock: Clock,
    @Inject(INSTANCE) instance: string,
  ) {
    this.#fold = fold;
    this.#ownership = ownership;
    this.#turns = turns;
    this.#clock = clock;
    this.#source = `policy/${instance}`;
  }

  /** Throws NOT_FOUND while nothing was published. */
  published(): PublishedPolicies {
    const { policies } = this.#fold.state;
    if (!policies) throw new AppError('NOT_FOUND', 'no policies are published yet');
    return policies;
  }

  /** A whole set replaces the one before. Throws SET_OWNED_ELSEWHERE, CONFLICT, POLICY_INVALID with file:line:column. */
  publish(files: readonly PolicyFile[], { by, key, changeReference }: Writer): Promise<Written> {
    return this.#turns.take(async () => {
      const sent = { key, body: { files, changeReference } };
      const id = eventIdFor(sent, ['policies', by.id], this.#clock.now());
      if (this.#fold.state.has(id))
        return this.#fold.demandCounted({ eventId: id, appended: undefined }, lost);
      this.#ownership.demandPoliciesOfApi();
      const set = validPolicies(files);
      const replaces = this.#fold.state.policies?.eventId ?? '';
      const author = { source: this.#source, clock: this.#clock, by, id, replaces, changeReference };
      const event = policiesPublished(set, 'api', author);
      const appended = await this.#fold.follower.append(event);
      return this.#fold.demandCounted({ eventId: id, appended }, lost);
    });
  }
}
