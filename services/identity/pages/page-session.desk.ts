import { Inject, Injectable } from '@nestjs/common';
import { pageSessionOver, sessionIndexHash, subjectHash, toWirePrincipal, type PageSession } from '#domain';
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
  IdentityLog,
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

/** Page sessions of one person at once: browsers, not tabs. With one more the oldest ends. */
export const mostOfOnePerson = 16;

export type EndReason =
  'signed out' | 'signed out at the provider' | 'the provider refused' | 'too many' | 'idle' | 'over';

/** Starts, refreshes and ends page sessions, whatever kind of provider vouched for them. */
@Injectable()
export class PageSessionDesk {
  constructor(
    @Inject(IdentityLog) private readonly identity: IdentityLog,
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
    const ownName = person.kept?.['subject'];
    const init = {
      pageSessionId: id,
      secretHash: hashPageSecret(secret),
      principal: toWirePrincipal(person.principal),
      ...{ provider: name, kind, sourceAddress },
      endsAtUs: microseconds(this.#endOf(person, now)),
      idleUs: microseconds(idle * 1000),
      groupsUs: microseconds(person.isReadAgain ? groupsLife * refresh * 1000 : 0),
      ...(ownName && { subjectHash: subjectHash(name, ownName) }),
      ...(person.sessionIndex && { sessionIndexHash: sessionIndexHash(name, person.sessionIndex) }),
    };
    await this.identity.append(newEvent(PageSessionStartedSchema, init, this.#origin(person.principal)));
    if (!this.identity.sessions.get(id))
      throw new AppError('TIMEOUT', 'the sign-in is recorded but not read yet');
    await this.#endOldest(person.principal, now);
    return setCookie(this.pages.cookies.session, secret, this.pages.cookies);
  }

  /** Who it is, as the provider says now. */
  async refresh(session: PageSession, principal: Principal): Promise<void> {
    const init = { pageSessionId: session.id, principal: toWirePrincipal(principal) };
    await this.identity.append(newEvent(PageSessionRefreshedSchema, init, this.#origin(principal)));
  }

  /**
   * From then on its cookie is nobody's, here and, once they read it, in every process. `idle` and `over` count only
   * where the log's time says so.
   */
  async end({ id, principal }: PageSession, reason: EndReason): Promise<void> {
    const init = { pageSessionId: id, reason };
    await this.identity.append(newEvent(PageSessionEndedSchema, init, this.#origin(principal)));
    if (this.identity.sessions.get(id)?.ended !== undefined) await this.kept.drop(id);
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
    const indexHash =
      sessionIndex === undefined ? undefined : sessionIndexHash(provider, sessionIndex).toString('hex');
    // It may have begun in another process, a moment ago.
    await this.identity.catchUp();
    const meant = this.identity.sessions
      .all()
      .filter((session) => session.provider === provider && session.ended === undefined)
      .filter(({ startedAt }) => startedAt <= at)
      .filter((session) => subject === undefined || isSubject(session, subject))
      .filter(
        (session) =>
          indexHash === undefined ||
          session.indexHash === indexHash ||
          (session.indexHash === '' && subject !== undefined),
      );
    for (const session of meant) await this.end(session, 'signed out at the provider');
  }

  /** Whoever takes over an account, or a tool that signs in anew each time, is bounded; who began last goes on. */
  async #endOldest({ id }: Principal, now: number): Promise<void> {
    const open = this.identity.sessions
      .all()
      .filter((session) => session.principal.id === id && pageSessionOver(session, now) === undefined);
    for (const session of open.slice(0, -mostOfOnePerson)) await this.end(session, 'too many');
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

/** The provider calls people by its own name, which may not be the claim that names them here. */
function isSubject({ provider, principal, subjectHash: hash }: PageSession, subject: string): boolean {
  if (hash === '') return principal.id === `${provider}:${subject}`;
  return hash === subjectHash(provider, subject).toString('hex');
}
