import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { EventLog } from '#event-log';
import { AppError, type Clock } from '#kernel';
import { CLOCK, CONFIG, EVENT_LOG, INSTANCE, Readiness, type WeirConfig } from '#platform';
import { ApprovalNotices } from './approval.notices.js';
import { Courier } from './courier.js';
import { FindingNotices } from './finding.notices.js';
import { backlog, lag } from './notify.metrics.js';
import { NotifyFold } from './notify.fold.js';
import { ENDPOINTS, RESOLVE } from './notify.tokens.js';
import { Outbox } from './outbox.js';
import type { Resolve } from './safe-post.js';
import { Unserved } from './unserved.js';
import type { Endpoint } from './webhook.endpoint.js';
import type { WebhookState } from './webhook.state.js';

/** Milliseconds. */
const tickEvery = 1_000;
const graceMs = 3_000;

/** Tells the configured webhooks what happens. Without any it reads nothing. */
@Injectable()
export class Notifier implements OnModuleInit, OnModuleDestroy {
  #fold: NotifyFold | undefined;
  #outbox: Outbox | undefined;
  #couriers: readonly Courier[] = [];
  #unserved: Unserved | undefined;
  #ticks: NodeJS.Timeout | undefined;
  #willLook = false;

  constructor(
    @Inject(CONFIG) private readonly config: WeirConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EVENT_LOG) private readonly log: EventLog,
    @Inject(INSTANCE) private readonly instance: string,
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(ENDPOINTS) private readonly endpoints: readonly Endpoint[],
    @Inject(RESOLVE) private readonly resolve: Resolve,
  ) {}

  async onModuleInit(): Promise<void> {
    if (this.endpoints.length === 0) return;
    this.readiness.add('webhooks', () => this.#ticks !== undefined);
    const { log, clock, endpoints } = this;
    const source = `notify/${this.instance}`;
    const fold = new NotifyFold({ log, clock, source, onChange: () => this.#lookSoon() });
    this.#fold = fold;
    await fold.caughtUp;
    await this.#sayConfigurations(fold);
    const { publicUrl } = this.config;
    const sources = [new ApprovalNotices(publicUrl), new FindingNotices(publicUrl)];
    this.#outbox = new Outbox({ log, clock, fold, endpoints, sources });
    await this.#outbox.caughtUp;
    const world = { clock, resolve: this.resolve };
    this.#couriers = endpoints.map(
      (endpoint) => new Courier({ log, fold, endpoint, source, world, random: Math.random }),
    );
    const served = new Set(endpoints.map(({ name }) => name));
    this.#unserved = new Unserved({ fold, served, source, clock });
    this.#ticks = setInterval(() => this.tick(), tickEvery).unref();
    this.tick();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#ticks);
    await this.#outbox?.stop();
    await Promise.all(this.#couriers.map((courier) => courier.stop(graceMs)));
    await this.#unserved?.stop();
    await this.#fold?.stop();
  }

  /** What the log says of a configured webhook. */
  state(webhook: string): WebhookState {
    if (!this.#fold) throw new AppError('SHUTTING_DOWN', 'webhooks have not started');
    return this.#fold.book.state(webhook);
  }

  /** One look at what is due. */
  tick(): void {
    this.#look();
    this.#unserved?.look();
    for (const { name } of this.endpoints) {
      const { pending } = this.state(name);
      const [oldest] = pending.values();
      backlog.set({ webhook: name }, pending.size);
      lag.set({ webhook: name }, oldest ? Math.max(0, this.clock.now() - oldest.occurredAt) / 1000 : 0);
    }
  }

  async #sayConfigurations(fold: NotifyFold): Promise<void> {
    for (const { name: webhook, configuration } of this.endpoints)
      if (fold.book.state(webhook).configuration !== configuration.toString('base64'))
        await fold.say({ type: 'WebhookConfigured', data: { webhook, configuration } });
  }

  /** Once for all that one batch of the log changes. */
  #lookSoon(): void {
    if (this.#willLook) return;
    this.#willLook = true;
    setImmediate(() => {
      this.#willLook = false;
      this.#look();
    });
  }

  #look(): void {
    for (const courier of this.#couriers) courier.look();
  }
}
