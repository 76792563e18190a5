import { Inject, Injectable } from '@nestjs/common';
import { toWirePrincipal, type PageSession } from '#domain';
import {
  newEvent,
  PageSessionEndedSchema,
  PageSessionRefreshedSchema,
  PageSessionStartedSchema,
  type EventOrigin,
} from '#events';
import { AppError, newId, type Clock, type Principal } from '#kernel';
import {
  CLOCK,
  CONFIG,
  hashPageSecret,
  INSTANCE,
  newPageSecret,
  PageSessions,
  setCookie,
  type WeirConfig,
} from '#platform';
import type { KeptSecrets, SignedInPerson, SignInProvider } from '../sign-in/sign-in.provider.js';
import { KEPT_SECRETS } from '../identity.tokens.js';
import type { KeptSecretsFiles } from './kept-secrets.file.js';

/** A session whose groups can't be read again lasts this many times `identity.pages.refresh` at most. */
const unreadLife = 12;

/** Groups count for this many times `identity.pages.refresh` after they were read, if the provider is away. */
const groupsLife = 2;

export type EndReason =
  'signed out' | 'signed out at the provider' | 'the provider refused' | 'idle' | 'over';

/** Starts, refreshes and ends page sessions, whatever kind of provider vouched for them. */
@Injectable()
export class PageSessionDesk {
  constructor(
    @Inject(PageSessions) private readonly pages: PageSessions,
    @Inject(KEPT_SECRETS) private readonly kept: KeptSecretsFiles,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: WeirConfig,
    @Inject(INSTANCE) private readonly instance: string,
  ) {}

  /**
   * A new session with a new secret, whatever cookie the browser had: resolves, once this process knows it, to
   * the `set-cookie` line.
   */
  async start(
    { name, kind }: Pick<SignInProvider, 'name' | 'kind'>,
    person: SignedInPerson,
    sourceAddress: string,
  ): Promise<string> {
    const now = this.clock.now();
    const id = newId('pgs', now);
    const secret = newPageSecret();
    await this.kept.put(id, { ...person.kept, ...index(person) });
    const { idle, refresh } = this.config.identity.pages;
    const init = {
      pageSessionId: id,
      secretHash: hashPageSecret(secret),
      principal: toWirePrincipal(person.principal),
      ...{ provider: name, kind, sourceAddress },
      endsAtUs: microseconds(this.#endOf(person, now)),
      idleUs: microseconds(idle * 1000),
      groupsUs: microseconds(person.isReadAgain ? groupsLife * refresh * 1000 : 0),
    };
    await this.pages.append(newEvent(PageSessionStartedSchema, init, this.#origin(person.principal)));
    if (!this.pages.book.get(id)) throw new AppError('TIMEOUT', 'the sign-in is recorded but not read yet');
    return setCookie(this.pages.cookies.session, secret, this.pages.cookies);
  }

  /** Who it is, as the provider says now. */
  async refresh(session: PageSession, principal: Principal): Promise<void> {
    const init = { pageSessionId: session.id, principal: toWirePrincipal(principal) };
    await this.pages.append(newEvent(PageSessionRefreshedSchema, init, this.#origin(principal)));
  }

  /** From then on its cookie is nobody's, here and, once they read it, in every process. */
  async end({ id, principal }: PageSession, reason: EndReason): Promise<void> {
    const init = { pageSessionId: id, reason };
    await this.pages.append(newEvent(PageSessionEndedSchema, init, this.#origin(principal)));
    await this.kept.drop(id);
  }

  /**
   * The provider says that somebody's session there has ended, at `at`: the sessions that it began here before end,
   * too. Which one, says its index; without one, all of that subject, as the provider called it (a person may be named
   * by another claim here). One whose index is not known may be meant.
   */
  async endAtProvider(
    provider: string,
    {
      subject,
      sessionIndex,
    }: { readonly subject?: string | undefined; readonly sessionIndex?: string | undefined },
    at: number,
  ): Promise<void> {
    if (subject === undefined && sessionIndex === undefined) return;
    const candidates = this.pages.book
      .all()
      .filter(
        (session) => session.provider === provider && session.ended === undefined && session.startedAt <= at,
      );
    for (const session of candidates) {
      const kept = await this.kept.get(session.id);
      if (subject !== undefined && subject !== (kept?.['subject'] ?? session.principal.subject)) continue;
      const known = kept?.['sessionIndex'];
      const isMeant =
        sessionIndex === undefined || known === sessionIndex || (known === undefined && subject);
      if (isMeant) await this.end(session, 'signed out at the provider');
    }
  }

  #endOf({ endsAt, isReadAgain }: SignedInPerson, now: number): number {
    const { maxAge, refresh } = this.config.identity.pages;
    const most = isReadAgain ? maxAge : Math.min(maxAge, unreadLife * refresh);
    return Math.min(now + most * 1000, endsAt ?? Infinity);
  }

  #origin({ id }: Principal): EventOrigin {
    return { source: `identity/${this.instance}`, subject: id, clock: this.clock };
  }
}

function index({ sessionIndex }: SignedInPerson): KeptSecrets {
  return sessionIndex === undefined ? {} : { sessionIndex };
}

function microseconds(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1000n;
}
