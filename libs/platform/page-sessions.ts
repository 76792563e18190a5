import { Inject, Injectable, Logger } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import { pageSessionOver, principalAt, type PageSession } from '#domain';
import { newEvent, PageSessionSeenSchema } from '#events';
import { AppError, type Clock, type Principal } from '#kernel';
import type { WeirConfig } from './config.schema.js';
import { refuseCrossSite } from './cross-site.js';
import { IdentityLog } from './identity-log.js';
import {
  hashPageSecret,
  isPageSecret,
  pageCookies,
  readCookie,
  type PageCookies,
} from './page-session.cookie.js';
import { Pauses } from './pauses.js';
import { CLOCK, CONFIG, INSTANCE } from './tokens.js';

/** Who calls by cookie. */
export interface PageCaller {
  readonly session: PageSession;
  readonly principal: Principal;
  /** Of the cookie; never leaves the process but as its HMAC. */
  readonly secret: string;
}

/** A use is written to the log when the last that stands there is this part of the idle limit ago. */
const seenFraction = 4;

/** The check of a cookie, in every process that serves the API. */
@Injectable()
export class PageSessions {
  readonly cookies: PageCookies;
  readonly #logger = new Logger('page-sessions');
  readonly #clock: Clock;
  readonly #publicUrl: string;
  readonly #source: string;
  readonly #written = new Pauses();

  constructor(
    @Inject(IdentityLog) readonly identity: IdentityLog,
    @Inject(CLOCK) clock: Clock,
    @Inject(CONFIG) config: WeirConfig,
    @Inject(INSTANCE) instance: string,
  ) {
    this.#clock = clock;
    this.#publicUrl = config.publicUrl;
    this.cookies = pageCookies(config.publicUrl);
    this.#source = `pages/${instance}`;
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
    const { sessions } = this.identity;
    const known = sessions.bySecretHash(hash);
    if (known) return known;
    await this.identity.catchUp();
    return sessions.bySecretHash(hash);
  }

  #use({ id, principal, seenAt, idle }: PageSession, now: number): void {
    const pause = idle / seenFraction;
    if (now - seenAt < pause || this.#written.lasts(id, now)) return;
    this.#written.begin(id, now, now + pause);
    const origin = { source: this.#source, subject: principal.id, clock: this.#clock };
    this.identity
      .append(newEvent(PageSessionSeenSchema, { pageSessionId: id }, origin))
      .catch((error: unknown) => {
        this.#written.end(id);
        this.#logger.warn({ message: 'a use of a page session could not be recorded', error });
      });
  }
}
