import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { pageSessionOver, type PageSession } from '#domain';
import type { Clock } from '#kernel';
import { CLOCK, CONFIG, PageSessions, type WeirConfig } from '#platform';
import { KEPT_SECRETS, SIGN_IN_PROVIDERS } from '../identity.tokens.js';
import type { ReadAgain, SignInProvider } from '../sign-in/sign-in.provider.js';
import type { KeptSecretsFiles } from './kept-secrets.file.js';
import { PageSessionDesk } from './page-session.desk.js';

/** Milliseconds. */
const tickEvery = 1_000;
const longestPause = 30_000;
/** Providers' answers that are waited for at once. */
const mostAtOnce = 32;

/**
 * Asks providers again who their people are, and writes down what is over. Only the process that began a session has
 * what is needed to ask; the others follow by the log.
 */
@Injectable()
export class PageSessionKeeper implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('page-sessions');
  readonly #asking = new Map<string, Promise<void>>();
  readonly #notBefore = new Map<string, number>();
  readonly #warned = new Map<string, number>();
  readonly #refresh: number;
  #unwatch: (() => void) | undefined;
  #ticks: NodeJS.Timeout | undefined;

  constructor(
    @Inject(PageSessions) private readonly pages: PageSessions,
    @Inject(PageSessionDesk) private readonly desk: PageSessionDesk,
    @Inject(KEPT_SECRETS) private readonly kept: KeptSecretsFiles,
    @Inject(SIGN_IN_PROVIDERS) private readonly providers: readonly SignInProvider[],
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) config: WeirConfig,
  ) {
    this.#refresh = config.identity.pages.refresh * 1000;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#sweep();
    // Another process may have ended it.
    this.#unwatch = this.pages.book.onEveryChange(({ id, ended }) => {
      if (ended !== undefined) void this.kept.drop(id).catch(() => undefined);
    });
    this.#ticks = setInterval(() => this.tick(), tickEvery).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#ticks);
    this.#unwatch?.();
    await Promise.all(this.#asking.values());
  }

  /** Begins what is due; `settled` resolves when it is done. */
  tick(): void {
    const now = this.clock.now();
    for (const session of this.pages.book.all()) {
      if (this.#asking.size >= mostAtOnce) return;
      if (this.#isDue(session, now)) this.#begin(session, now);
    }
  }

  async settled(): Promise<void> {
    await Promise.all(this.#asking.values());
  }

  #isDue(session: PageSession, now: number): boolean {
    if (session.ended !== undefined || this.#asking.has(session.id)) return false;
    if (now < (this.#notBefore.get(session.id) ?? 0)) return false;
    return pageSessionOver(session, now) !== undefined || this.#isToBeRead(session, now);
  }

  #isToBeRead({ groupsFor, readAt }: PageSession, now: number): boolean {
    return groupsFor > 0 && now >= readAt + this.#refresh;
  }

  #begin(session: PageSession, now: number): void {
    this.#notBefore.set(session.id, now + Math.min(longestPause, this.#refresh / 4));
    const work = this.#see(session, now)
      .catch((error: unknown) => this.#logger.warn({ message: `page session ${session.id}`, error }))
      .finally(() => {
        this.#asking.delete(session.id);
        if (this.pages.book.get(session.id)?.ended !== undefined) this.#notBefore.delete(session.id);
      });
    this.#asking.set(session.id, work);
  }

  async #see(session: PageSession, now: number): Promise<void> {
    const over = pageSessionOver(session, now);
    if (over === 'idle' || over === 'over') return this.desk.end(session, over);
    const provider = this.providers.find(({ name }) => name === session.provider);
    const kept = await this.kept.get(session.id);
    // Begun by another process, or what was kept is lost: its groups run out by themselves.
    if (!kept || !provider?.readAgain) return;
    await this.#take(session, await provider.readAgain(kept));
  }

  async #take(session: PageSession, answer: ReadAgain): Promise<void> {
    const isRefused = answer.kind === 'refused';
    if (isRefused || (answer.kind === 'person' && answer.principal.id !== session.principal.id))
      return this.desk.end(session, 'the provider refused');
    // First what the next question needs: a refresh token may be good for one use.
    await this.kept.put(session.id, answer.kept);
    if (answer.kind === 'person') await this.desk.refresh(session, answer.principal);
    else this.#warn(session.provider, answer.reason);
    if (this.pages.book.get(session.id)?.ended !== undefined) await this.kept.drop(session.id);
  }

  /** A provider that is away is away for all of its people: once in a while is enough. */
  #warn(provider: string, reason: string): void {
    const now = this.clock.now();
    if (now - (this.#warned.get(provider) ?? -Infinity) < longestPause) return;
    this.#warned.set(provider, now);
    this.#logger.warn({ message: `${provider} can't be asked who is still who: ${reason}` });
  }

  /** What was kept for sessions that ended while nobody watched. */
  async #sweep(): Promise<void> {
    for (const id of await this.kept.list()) {
      const session = this.pages.book.get(id);
      if (!session || session.ended !== undefined) await this.kept.drop(id);
    }
  }
}
