import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { pageSessionOver, type PageSession } from '#domain';
import { timeOfId, type Clock } from '#kernel';
import { CLOCK, CONFIG, IdentityLog, Pauses, type WeirConfig } from '#platform';
import { KEPT_SECRETS, SIGN_IN_PROVIDERS } from '../identity.tokens.js';
import type { ReadAgain, SignInProvider } from '../sign-in/sign-in.provider.js';
import type { KeptSecretsFiles } from './kept-secrets.file.js';
import { Lanes } from './lanes.js';
import { PageSessionDesk } from './page-session.desk.js';

/** Milliseconds. */
const tickEvery = 1_000;
const sweepEvery = 10 * 60_000;
const longestPause = 30_000;
/** What is kept for a session stands before the log knows of it. */
const orphanAfter = 60_000;
/** A provider's answers that are waited for at once; the same for what is written down as over. */
const mostAtOnce = 32;
const ends = 'ends';

/**
 * Asks providers again who their people are, and writes down what is over. Only a process on the state of the one that
 * began a session has what is needed to ask; the others follow by the log.
 */
@Injectable()
export class PageSessionKeeper implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('page-sessions');
  readonly #lanes = new Lanes(mostAtOnce);
  readonly #pauses = new Pauses();
  readonly #warnings = new Pauses();
  readonly #refresh: number;
  readonly #stops: (() => void)[] = [];

  constructor(
    @Inject(IdentityLog) private readonly identity: IdentityLog,
    @Inject(PageSessionDesk) private readonly desk: PageSessionDesk,
    @Inject(KEPT_SECRETS) private readonly kept: KeptSecretsFiles,
    @Inject(SIGN_IN_PROVIDERS) private readonly providers: readonly SignInProvider[],
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) config: WeirConfig,
  ) {
    this.#refresh = config.identity.pages.refresh * 1000;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.sweep();
    // Another process may have ended it.
    const unwatch = this.identity.sessions.onEveryChange(({ id, ended }) => {
      if (ended !== undefined) void this.kept.drop(id).catch(() => undefined);
    });
    const ticks = setInterval(() => this.tick(), tickEvery).unref();
    const sweeps = setInterval(() => void this.sweep().catch(() => undefined), sweepEvery).unref();
    this.#stops.push(
      unwatch,
      () => clearInterval(ticks),
      () => clearInterval(sweeps),
    );
  }

  async onModuleDestroy(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await this.#lanes.settled();
  }

  /** Begins what is due; `settled` resolves when it is done. */
  tick(): void {
    const now = this.clock.now();
    for (const session of this.identity.sessions.all()) {
      if (session.ended !== undefined || this.#pauses.lasts(session.id, now)) continue;
      const isOver = pageSessionOver(session, now) !== undefined;
      if (!isOver && !this.#isToBeRead(session, now)) continue;
      const lane = isOver ? ends : `at ${session.provider}`;
      const isBegun = this.#lanes.begin(lane, session.id, () => this.#work(session, now));
      if (isBegun) this.#pauses.begin(session.id, now, now + Math.min(longestPause, this.#refresh / 4));
    }
  }

  settled(): Promise<void> {
    return this.#lanes.settled();
  }

  /** Removes what was kept for sessions that ended while nobody watched, and what a crash left half-written. */
  async sweep(): Promise<void> {
    const now = this.clock.now();
    await this.kept.sweep((id) => {
      const session = this.identity.sessions.get(id);
      return session ? session.ended === undefined : now - timeOfId(id) < orphanAfter;
    });
  }

  #isToBeRead({ groupsFor, readAt }: PageSession, now: number): boolean {
    return groupsFor > 0 && now >= readAt + this.#refresh;
  }

  async #work(session: PageSession, now: number): Promise<void> {
    try {
      const over = pageSessionOver(session, now);
      if (over === 'idle' || over === 'over') await this.desk.end(session, over);
      else await this.#ask(session);
    } catch (error) {
      this.#logger.warn({ message: `page session ${session.id}`, error });
    }
  }

  /** A refresh token may be good for one use: of several processes that have it, one asks. */
  async #ask({ id, provider: name }: PageSession): Promise<void> {
    const provider = this.providers.find((each) => each.name === name);
    // Begun elsewhere, or what was kept is lost: its groups run out by themselves.
    if (!provider?.readAgain || !(await this.kept.get(id))) return;
    const giveBack = await this.kept.claim(id);
    if (!giveBack) return;
    try {
      // Whoever had the claim before has said in the log what it was told.
      await this.identity.catchUp();
      const [session, kept] = [this.identity.sessions.get(id), await this.kept.get(id)];
      if (!session || session.ended !== undefined || !kept) return;
      if (this.#isToBeRead(session, this.clock.now()))
        await this.#take(session, await provider.readAgain(kept));
    } finally {
      await giveBack();
    }
  }

  async #take(session: PageSession, answer: ReadAgain): Promise<void> {
    const isRefused = answer.kind === 'refused';
    if (isRefused || (answer.kind === 'person' && answer.principal.id !== session.principal.id))
      return this.desk.end(session, 'the provider refused');
    // First what the next question needs: a refresh token may be good for one use.
    await this.kept.put(session.id, answer.kept);
    if (answer.kind === 'person') await this.desk.refresh(session, answer.principal);
    else this.#warn(session.provider, answer.reason);
    if (this.identity.sessions.get(session.id)?.ended !== undefined) await this.kept.drop(session.id);
  }

  /** A provider that is away is away for all of its people: once in a while is enough. */
  #warn(provider: string, reason: string): void {
    const now = this.clock.now();
    if (this.#warnings.lasts(provider, now)) return;
    this.#warnings.begin(provider, now, now + longestPause);
    this.#logger.warn({ message: `${provider} can't be asked who is still who: ${reason}` });
  }
}
