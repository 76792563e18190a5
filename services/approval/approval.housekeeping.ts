import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import {
  approval as decider,
  grantExpiresAt,
  isExpired,
  toApprovalEnvelope,
  type OpenedApproval,
} from '#domain';
import { newId, timeOfId, type Clock } from '#kernel';
import { CLOCK, IdentityLog, INSTANCE, type ApprovalKeyStore } from '#platform';
import { ApprovalFold } from './approval.fold.js';
import { APPROVAL_KEYS } from './approval.tokens.js';
import { voidDecisions } from './void.decisions.js';

/** Milliseconds. */
const tickEvery = 1_000;
/** A proxy stores a key just before it appends the request; one this old belongs to a request that never came. */
const orphanAfter = 10 * 60_000;

/**
 * Says `expired` in the log when a request's time is over, and that a yes is void when its giver has lost the role;
 * destroys the keys of what is closed. Several
 * of these may run: the fold ignores what is said twice, or too early by the log's clock.
 */
@Injectable()
export class ApprovalHousekeeping implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger('approval');
  readonly #fold: ApprovalFold;
  readonly #identity: IdentityLog;
  readonly #keys: ApprovalKeyStore;
  readonly #clock: Clock;
  readonly #instance: string;
  readonly #ends: (() => void)[] = [];
  readonly #toDestroy = new Set<string>();
  #ticking: Promise<void> | undefined;

  constructor(
    @Inject(ApprovalFold) fold: ApprovalFold,
    @Inject(IdentityLog) identity: IdentityLog,
    @Inject(APPROVAL_KEYS) keys: ApprovalKeyStore,
    @Inject(CLOCK) clock: Clock,
    @Inject(INSTANCE) instance: string,
  ) {
    this.#fold = fold;
    this.#identity = identity;
    this.#keys = keys;
    this.#clock = clock;
    this.#instance = instance;
  }

  async onApplicationBootstrap(): Promise<void> {
    this.#ends.push(this.#fold.book.onEveryChange((approval) => this.#follow(approval)));
    const ticks = setInterval(() => void this.tick(), tickEvery).unref();
    const sweeps = setInterval(() => void this.#sweep(), orphanAfter).unref();
    this.#ends.push(
      () => clearInterval(ticks),
      () => clearInterval(sweeps),
    );
    await this.#sweep();
  }

  async onModuleDestroy(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    await this.#ticking;
    await this.#destroyKeys();
  }

  /** One round; a second call while one runs joins it. Never throws: what failed is tried again next time. */
  tick(): Promise<void> {
    this.#ticking ??= this.#round().finally(() => (this.#ticking = undefined));
    return this.#ticking;
  }

  async #round(): Promise<void> {
    try {
      await this.#sayWhatIsDue();
    } catch (error) {
      this.#log.warn({ message: 'requests could not be expired, nor lost roles told; trying again', error });
    }
    await this.#destroyKeys();
  }

  async #sayWhatIsDue(): Promise<void> {
    const now = this.#clock.now();
    const { book, follower } = this.#fold;
    const { groups } = this.#identity;
    const due = [
      ...book.pending().filter((approval) => isExpired(approval, now)),
      ...book.approved().filter((approval) => now >= grantExpiresAt(approval)),
    ];
    const events = due.flatMap((approval) =>
      decider.decide({ type: 'Expire', eventId: newId('evt', now), at: now }, approval),
    );
    events.push(...book.pending().flatMap((approval) => voidDecisions(approval, groups, now)));
    const origin = { source: `approval/${this.#instance}`, clock: this.#clock };
    const [first, ...rest] = events.map((event) => toApprovalEnvelope(event, origin));
    if (first) await follower.append(first, ...rest);
  }

  #follow({ status, request }: OpenedApproval): void {
    if (status === 'pending') return;
    this.#toDestroy.add(request.id);
    void this.#destroyKeys();
  }

  async #destroyKeys(): Promise<void> {
    for (const id of this.#toDestroy) {
      try {
        await this.#keys.destroy(id);
        this.#toDestroy.delete(id);
      } catch (error) {
        this.#log.error({ message: `the key of ${id} could not be destroyed; trying again`, error });
      }
    }
  }

  /** What was closed while nobody watched. */
  async #sweep(): Promise<void> {
    try {
      for (const id of await this.#keys.list()) if (this.#isOver(id)) this.#toDestroy.add(id);
    } catch (error) {
      this.#log.error({ message: 'the keys of requests could not be listed', error });
    }
    await this.#destroyKeys();
  }

  #isOver(id: string): boolean {
    const approval = this.#fold.book.get(id);
    return approval ? approval.status !== 'pending' : this.#clock.now() - timeOfId(id) > orphanAfter;
  }
}
