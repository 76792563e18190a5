import { Inject, Injectable } from '@nestjs/common';
import {
  eventIdFor,
  isThemselves,
  noIdentity,
  stricter,
  toWirePrincipal,
  type Appended,
  type Quarantine,
} from '#domain';
import {
  FindingTriagedSchema,
  newEvent,
  QuarantineLiftedSchema,
  QuarantineSetSchema,
  type Envelope,
  type EventOrigin,
} from '#events';
import { AppError, type Clock, type Principal } from '#kernel';
import { CLOCK, INSTANCE } from '#platform';
import { FindingFold } from './finding.fold.js';
import type { AckBody, FindingItem, LiftBody, QuarantineBody } from './finding.item.js';

/** Who writes, and the key of a retry. */
export interface Writer {
  readonly by: Principal;
  readonly key: string | undefined;
}

/** `appended`: undefined where it was said before, under the same Idempotency-Key. */
export interface Written {
  readonly eventId: string;
  readonly appended: Appended | undefined;
}

/** A person's words on findings and identities: into the log, and what the fold makes of it is what counts. */
@Injectable()
export class TriageDesk {
  readonly #fold: FindingFold;
  readonly #clock: Clock;
  readonly #instance: string;

  constructor(
    @Inject(FindingFold) fold: FindingFold,
    @Inject(CLOCK) clock: Clock,
    @Inject(INSTANCE) instance: string,
  ) {
    this.#fold = fold;
    this.#clock = clock;
    this.#instance = instance;
  }

  /** Throws FORBIDDEN for one whom it is about. */
  ack(
    { id, identity, onBehalfOf }: FindingItem,
    { state, reason }: AckBody,
    writer: Writer,
  ): Promise<Written> {
    refuse(writer.by, [identity, onBehalfOf], 'says what a finding about themselves is');
    const said = { findingId: id, state, reason, by: toWirePrincipal(writer.by) };
    return this.#append(writer, ['ack finding', id], identity || noIdentity, (origin) =>
      newEvent(FindingTriagedSchema, said, origin),
    );
  }

  /** Throws FORBIDDEN for one whom it is about where something stricter stands, which it would take the place of. */
  async quarantine(identity: string, body: QuarantineBody, writer: Writer): Promise<Written> {
    const { level, reason, findingId = '' } = body;
    const scope = ['quarantine', identity];
    if (!this.#fold.book.has(this.#idOf(writer, scope))) {
      await this.#fold.follower.catchUp();
      const stands = this.standing(identity);
      if (stands && stricter<Pick<Quarantine, 'level'>>({ level }, stands) === stands)
        refuse(writer.by, this.#about(identity), 'makes a quarantine of their own milder');
    }
    const said = { identity, level, reason, findingId, by: toWirePrincipal(writer.by) };
    return this.#append(writer, scope, identity, (origin) => newEvent(QuarantineSetSchema, said, origin));
  }

  /** Throws NOT_FOUND where none stands, FORBIDDEN for one whom it is about. */
  async lift(identity: string, { reason }: LiftBody, writer: Writer): Promise<Written> {
    const scope = ['lift quarantine', identity];
    if (!this.#fold.book.has(this.#idOf(writer, scope))) await this.#standing(identity);
    refuse(writer.by, this.#about(identity), 'lifts a quarantine of their own');
    const said = { identity, reason, by: toWirePrincipal(writer.by) };
    return this.#append(writer, scope, identity, (origin) => newEvent(QuarantineLiftedSchema, said, origin));
  }

  /** As it stands; undefined: none does. */
  standing(identity: string): Quarantine | undefined {
    return this.#fold.book.quarantineOf(identity);
  }

  /** Itself, and whose agent it is. */
  #about(identity: string): string[] {
    return [identity, ...this.#fold.book.principalsOf(identity)];
  }

  async #standing(identity: string): Promise<void> {
    if (this.standing(identity)) return;
    await this.#fold.follower.catchUp();
    if (!this.standing(identity)) throw new AppError('NOT_FOUND', `${identity} is not in quarantine`);
  }

  async #append(
    writer: Writer,
    scope: readonly string[],
    subject: string,
    event: (origin: EventOrigin) => Envelope,
  ): Promise<Written> {
    const id = this.#idOf(writer, scope);
    if (this.#fold.book.has(id)) return { eventId: id, appended: undefined };
    const envelope = event({ source: `audit/${this.#instance}`, subject, clock: this.#clock, id });
    return { eventId: id, appended: await this.#fold.follower.append(envelope) };
  }

  #idOf({ by, key }: Writer, scope: readonly string[]): string {
    return eventIdFor(key, [...scope, by.id], this.#clock.now());
  }
}

/** What makes the gate milder is a person's to say, and nobody's on their own account. */
function refuse(by: Principal, about: readonly string[], what: string): void {
  if (by.kind !== 'person') throw new AppError('FORBIDDEN', 'only a person says so');
  if (about.some((identity) => identity !== '' && isThemselves(by, identity)))
    throw new AppError('FORBIDDEN', `nobody ${what}`);
}
