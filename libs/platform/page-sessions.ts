import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import {
  Follower,
  PageSessionBook,
  pageSessionOver,
  principalAt,
  type Appended,
  type PageSession,
} from '#domain';
import type { EventLog } from '#event-log';
import { newEvent, PageSessionSeenSchema, topics, type Envelope } from '#events';
import { AppError, type Clock, type Principal } from '#kernel';
import type { WeirConfig } from './config.schema.js';
import { refuseCrossSite } from './cross-site.js';
import {
  hashPageSecret,
  isPageSecret,
  pageCookies,
  readCookie,
  type PageCookies,
} from './page-session.cookie.js';
import { Readiness } from './readiness.js';
import { CLOCK, CONFIG, EVENT_LOG, INSTANCE } from './tokens.js';

/** Who calls by cookie. */
export interface PageCaller {
  readonly session: PageSession;
  readonly principal: Principal;
  /** Of the cookie; never leaves the process but as its HMAC. */
  readonly secret: string;
}

/** A use is written to the log when the last that stands there is this part of the idle limit ago. */
const seenFraction = 4;

/** The page sessions as this process knows them: its own fold of weir.identity.v1, and the check of a cookie. */
@Injectable()
export class PageSessions implements OnModuleInit, OnModuleDestroy {
  readonly book = new PageSessionBook();
  readonly cookies: PageCookies;
  readonly #logger = new Logger('page-sessions');
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #publicUrl: string;
  readonly #source: string;
  readonly #readiness: Readiness;
  readonly #seen = new Map<string, number>();
  #follower: Follower | undefined;

  constructor(
    @Inject(EVENT_LOG) log: EventLog,
    @Inject(CLOCK) clock: Clock,
    @Inject(CONFIG) config: WeirConfig,
    @Inject(INSTANCE) instance: string,
    @Inject(Readiness) readiness: Readiness,
  ) {
    this.#log = log;
    this.#clock = clock;
    this.#publicUrl = config.publicUrl;
    this.cookies = pageCookies(config.publicUrl);
    this.#source = `pages/${instance}`;
    this.#readiness = readiness;
  }

  async onModuleInit(): Promise<void> {
    let ready = false;
    this.#readiness.add('page-sessions', () => ready);
    this.book.onEveryChange(({ id, ended }) => void (ended !== undefined && this.#seen.delete(id)));
    this.#follower = new Follower(this.#log, topics.identity, this.book);
    await this.#follower.caughtUp;
    ready = true;
  }

  async onModuleDestroy(): Promise<void> {
    await this.#follower?.stop();
  }

  /** To weir.identity.v1, and waits until the fold here has it. */
  append(...events: readonly [Envelope, ...Envelope[]]): Promise<Appended> {
    if (!this.#follower) throw new AppError('SHUTTING_DOWN', 'page sessions are not read yet');
    return this.#follower.append(...events);
  }

  /**
   * Who calls by cookie; undefined where the request has none. UNAUTHENTICATED for a cookie that is of no session
   * or of one that is over, FORBIDDEN for a change that does not come from our own page. `isUse`: it keeps the session
   * from being idle.
   */
  async identify(
    request: { readonly method: string; readonly headers: IncomingHttpHeaders },
    isUse = true,
  ): Promise<PageCaller | undefined> {
    const secret = readCookie(request.headers.cookie, this.cookies.session);
    if (secret === undefined) return undefined;
    const session = isPageSecret(secret) ? await this.#find(secret) : undefined;
    const now = this.#clock.now();
    if (!session || pageSessionOver(session, now) !== undefined)
      throw new AppError('UNAUTHENTICATED', 'nobody is signed in here, or no longer', {
        hint: 'sign in again',
      });
    refuseCrossSite(request, secret, this.#publicUrl);
    if (isUse) this.#use(session, now);
    return { session, secret, principal: principalAt(session, now) };
  }

  /** Whoever signed in a moment ago asks another process at once: one that is not known yet may stand in the log. */
  async #find(secret: string): Promise<PageSession | undefined> {
    const hash = hashPageSecret(secret).toString('hex');
    const known = this.book.bySecretHash(hash);
    if (known) return known;
    await this.#follower?.catchUp();
    return this.book.bySecretHash(hash);
  }

  #use({ id, principal, seenAt, idle }: PageSession, now: number): void {
    const last = Math.max(seenAt, this.#seen.get(id) ?? 0);
    if (now - last < idle / seenFraction) return;
    this.#seen.set(id, now);
    const origin = { source: this.#source, subject: principal.id, clock: this.#clock };
    this.append(newEvent(PageSessionSeenSchema, { pageSessionId: id }, origin)).catch((error: unknown) => {
      this.#seen.delete(id);
      this.#logger.warn({ message: 'a use of a page session could not be recorded', error });
    });
  }
}
