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
import { Turns } from '../turns.js';
import { FindingFold } from './finding.fold.js';
import { KnownIdentities } from './known.identities.js';
import { PrincipalsReads } from './principals.reads.js';
import type { AckBody, FindingItem, LiftBody, QuarantineBody } from './finding.item.js';

/** Who writes, and under which Idempotency-Key. */
export interface Writer {
  readonly by: Principal;
  readonly key: string | undefined;
}

/** What is written, about what: an Idempotency-Key is one's own for each of these. */
interface Wish {
  readonly scope: readonly string[];
  readonly body: unknown;
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
  readonly #known: KnownIdentities;
  readonly #principals: PrincipalsReads;
  readonly #clock: Clock;
  readonly #instance: string;
  readonly #turns = new Turns<string>();

  constructor(
    @Inject(FindingFold) fold: FindingFold,
    @Inject(KnownIdentities) known: KnownIdentities,
    @Inject(PrincipalsReads) principals: PrincipalsReads,
    @Inject(CLOCK) clock: Clock,
    @Inject(INSTANCE) instance: string,
  ) {
    this.#fold = fold;
    this.#known = known;
    this.#principals = principals;
    this.#clock = clock;
    this.#instance = instance;
  }

  /** Throws FORBIDDEN for one whom it is or may be about, LOG_UNAVAILABLE where nobody can tell whom. */
  async ack(finding: FindingItem, body: AckBody, writer: Writer): Promise<Written> {
    const { id, identity } = finding;
    const wish = { scope: ['ack finding', id], body };
    if (!this.#isSaid(writer, wish)) await this.#refuseAck(writer.by, finding, body);
    const said = { findingId: id, ...body, by: toWirePrincipal(writer.by) };
    return this.#append(writer, wish, identity || noIdentity, (origin) =>
      newEvent(FindingTriagedSchema, said, origin),
    );
  }

  /**
   * Throws FORBIDDEN for one whom it is about where something stricter stands, which it would take the place of, LOG_UNAVAILABLE
   * where nobody can tell then whom; NOT_FOUND for an identity that nobody has heard of, unless that is meant.
   */
  async quarantine(identity: string, body: QuarantineBody, writer: Writer): Promise<Written> {
    const { level, reason, findingId = '', unseen = false } = body;
    const wish = { scope: ['quarantine', identity], body };
    if (!this.#isSaid(writer, wish)) {
      await this.#fold.follower.catchUp();
      if (!unseen && identity !== writer.by.id && (await this.#known.isUnseen(identity)))
        throw unheardOf(identity);
      const stands = this.standing(identity);
      if (stands && stricter<Pick<Quarantine, 'level'>>({ level }, stands) === stands)
        await this.#refuse(writer.by, identity, 'makes a quarantine of their own milder');
    }
    const said = { identity, level, reason, findingId, by: toWirePrincipal(writer.by) };
    return this.#append(writer, wish, identity, (origin) => newEvent(QuarantineSetSchema, said, origin));
  }

  /** Throws NOT_FOUND where none stands, FORBIDDEN for one whom it is about, LOG_UNAVAILABLE where nobody can tell whom. */
  async lift(identity: string, body: LiftBody, writer: Writer): Promise<Written> {
    const wish = { scope: ['lift quarantine', identity], body };
    if (!this.#isSaid(writer, wish)) {
      await this.#standing(identity);
      await this.#refuse(writer.by, identity, 'lifts a quarantine of their own');
    }
    const said = { identity, ...body, by: toWirePrincipal(writer.by) };
    return this.#append(writer, wish, identity, (origin) => newEvent(QuarantineLiftedSchema, said, origin));
  }

  /** As it stands; undefined: none does. */
  standing(identity: string): Quarantine | undefined {
    return this.#fold.book.quarantineOf(identity);
  }

  /** Itself, and whose agent it is; LOG_UNAVAILABLE where nobody can tell. */
  async #refuse(by: Principal, identity: string, what: string): Promise<void> {
    refuse(by, [identity], what);
    refuse(by, await this.#principals.of(identity), what);
  }

  async #refuseAck(by: Principal, finding: FindingItem, { state }: AckBody): Promise<void> {
    const { identity, onBehalfOf, quarantine } = finding;
    const what = 'says what a finding about themselves is';
    refuse(by, [identity, onBehalfOf], what);
    refuse(by, await this.#principals.ofFinding(finding), what);
    // That ends the quarantine that its rule set.
    if (state === 'false_alarm' && quarantine !== '')
      await this.#refuse(by, identity, 'lifts a quarantine of their own');
  }

  async #standing(identity: string): Promise<void> {
    if (this.standing(identity)) return;
    await this.#fold.follower.catchUp();
    if (!this.standing(identity)) throw new AppError('NOT_FOUND', `${identity} is not in quarantine`);
  }

  #append(
    writer: Writer,
    wish: Wish,
    subject: string,
    event: (origin: EventOrigin) => Envelope,
  ): Promise<Written> {
    const eventId = this.#idOf(writer, wish);
    const origin = { source: `audit/${this.#instance}`, subject, clock: this.#clock, id: eventId };
    return this.#turns.take(writer.by.id, async () => {
      if (this.#fold.book.has(eventId)) return { eventId, appended: undefined };
      const appended = await this.#fold.follower.append(event(origin));
      this.#fold.book.has(eventId); // another process may have had this key for something else
      return { eventId, appended };
    });
  }

  #isSaid(writer: Writer, wish: Wish): boolean {
    return this.#fold.book.has(this.#idOf(writer, wish));
  }

  #idOf({ by, key }: Writer, { scope, body }: Wish): string {
    return eventIdFor({ key, body }, [...scope, by.id], this.#clock.now());
  }
}

function unheardOf(identity: string): AppError {
  return new AppError('NOT_FOUND', `the record has nothing of ${identity}`, {
    hint: 'Look at its spelling. To hold it from its first session on, say that it is unseen (`unseen: true`, `--unseen`).',
  });
}

/** What makes the gate milder is a person's to say, and nobody's on their own account. */
function refuse(by: Principal, about: readonly string[], what: string): void {
  if (by.kind !== 'person') throw new AppError('FORBIDDEN', 'only a person says so');
  if (about.some((identity) => identity !== '' && isThemselves(by, identity)))
    throw new AppError('FORBIDDEN', `nobody ${what}`);
}
