import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#kernel';
import {
  CLOCK,
  CONFIG,
  hashPageSecret,
  PageSessions,
  parseNetworks,
  readCookie,
  setCookie,
  sourceAddress,
  type Networks,
  type WeirConfig,
} from '#platform';
import { PAGES_KEY, SIGN_IN_PROVIDERS } from '../identity.tokens.js';
import { PageSessionDesk } from '../pages/page-session.desk.js';
import { localPath } from './local-path.js';
import { SignInFailure, type SignInProvider } from './sign-in.provider.js';
import { SignInRefusals } from './sign-in.refusals.js';
import { SignInTransaction, transactionLife } from './sign-in.transaction.js';
import { UsedTransactions } from './used-transactions.js';

/** Where the browser goes next, and the cookies that it takes along. */
export interface Onwards {
  readonly to: string;
  readonly cookies: readonly string[];
}

/** The way to a provider and back, the same for every kind: what was begun here, by this browser, ends here, once. */
@Injectable()
export class SignInDesk {
  readonly #used = new UsedTransactions();
  readonly #trusted: Networks;

  constructor(
    @Inject(SIGN_IN_PROVIDERS) private readonly providers: readonly SignInProvider[],
    @Inject(PAGES_KEY) private readonly key: Buffer,
    @Inject(PageSessionDesk) private readonly desk: PageSessionDesk,
    @Inject(SignInRefusals) private readonly refusals: SignInRefusals,
    @Inject(PageSessions) private readonly pages: PageSessions,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) config: WeirConfig,
  ) {
    this.#trusted = parseNetworks(config.identity.trustedProxies);
  }

  /** Never throws: what fails is a way to the sign-in page. `to` is what the browser asked for, unchecked. */
  async begin(name: string, to: unknown): Promise<Onwards> {
    const path = localPath(to);
    try {
      const provider = this.#provider(name);
      const transaction = SignInTransaction.begin(name, path, this.clock.now());
      const there = await provider.begin(transaction);
      return { to: there, cookies: [this.#transactionCookie(transaction.seal(this.key), transactionLife)] };
    } catch (error) {
      return this.#failed(name, error, path);
    }
  }

  /** Never throws. What a provider's answer (`?code=…&state=…`, or '') makes of the transaction that this browser began. */
  async finish(name: string, search: string, request: IncomingMessage): Promise<Onwards> {
    const now = this.clock.now();
    const cookie = readCookie(request.headers.cookie, this.pages.cookies.signIn);
    const transaction = SignInTransaction.open(cookie, this.key, now);
    try {
      if (!transaction) throw new SignInFailure('expired', 'there is no sign-in to finish');
      if (transaction.provider !== name)
        throw new SignInFailure('mismatch', `the sign-in was begun at ${transaction.provider}`);
      const provider = this.#provider(name);
      const person = { saidAt: now, ...(await provider.complete(search, transaction)) };
      if (!this.#used.use(transaction.id, transaction.endsAt, now))
        throw new SignInFailure('expired', 'this sign-in was finished before');
      const session = await this.desk.start(provider, person, sourceAddress(request, this.#trusted));
      await this.#endFormer(request);
      return { to: transaction.to, cookies: [session, this.#transactionCookie('', 0)] };
    } catch (error) {
      const answer = transaction?.provider === name ? request : undefined;
      return this.#failed(name, error, transaction?.to ?? '/', answer);
    }
  }

  #provider(name: string): SignInProvider {
    const provider = this.providers.find((candidate) => candidate.name === name);
    if (!provider) throw new SignInFailure('unknown', 'there is no such provider');
    return provider;
  }

  #transactionCookie(value: string, life: number): string {
    const { cookies } = this.pages;
    return setCookie(cookies.signIn, value, cookies, life / 1000);
  }

  /** Who signs in anew leaves no second session behind in the same browser. */
  async #endFormer(request: IncomingMessage): Promise<void> {
    const secret = readCookie(request.headers.cookie, this.pages.cookies.session);
    const former =
      secret && this.pages.identity.sessions.bySecretHash(hashPageSecret(secret).toString('hex'));
    if (former && former.ended === undefined) await this.desk.tryToEnd(former, 'signed out');
  }

  /** `answer`: of a sign-in that this browser had begun with that provider; only such a one is worth a record. */
  async #failed(name: string, error: unknown, path: string, answer?: IncomingMessage): Promise<Onwards> {
    const code = await this.refusals.note(name, error, answer);
    const query = new URLSearchParams({ error: code, ...(path === '/' ? {} : { to: path }) });
    // An answer to something else ends nothing: the way that this browser is on may be another tab's.
    const cookies = code === 'mismatch' ? [] : [this.#transactionCookie('', 0)];
    return { to: `/sign-in?${query.toString()}`, cookies };
  }
}
