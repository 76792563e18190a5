import { Logger } from '@nestjs/common';
import { payload, NotificationQueuedSchema } from '#events';
import type { EventLog } from '#event-log';
import type { NotificationBook } from './notification.book.js';
import type { NotifyFold } from './notify.fold.js';
import { deliveries } from './notify.metrics.js';
import { nextTry } from './retry.schedule.js';
import { timeoutMs, tryToDeliver, type Message, type Outcome, type World } from './try.js';
import type { Endpoint } from './webhook.endpoint.js';
import type { Delivery } from './webhook.state.js';

/** Tries at once at one webhook. A dead one holds these, and no other's. */
const parallel = 4;
/** A turn must last for the try and for saying what became of it. */
const neededMs = timeoutMs + 5_000;

export interface CourierOptions {
  readonly log: EventLog;
  readonly fold: NotifyFold;
  readonly endpoint: Endpoint;
  readonly source: string;
  readonly world: World;
  /** 0 to 1. */
  readonly random: () => number;
}

/**
 * Sends one webhook's messages when they are due and the turn is ours. What became of a try is said in the log; if
 * this process dies before, the turn ends by itself and another takes it, under the same id.
 */
export class Courier {
  readonly #log = new Logger('webhooks');
  readonly #options: CourierOptions;
  readonly #underway = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();
  #isStopped = false;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Starts what may start. */
  look(): void {
    if (this.#isStopped || this.#underway.size >= parallel) return;
    const now = this.#now();
    for (const delivery of this.#state().pending.values()) {
      if (this.#underway.size >= parallel) return;
      if (delivery.dueAt > now || this.#underway.has(delivery.messageId) || this.#isOthers(delivery))
        continue;
      this.#start(delivery);
    }
  }

  /** Waits for what is under way, at most `graceMs`; what is cut short then is sent again by whoever comes next. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopped = true;
    const underway = [...this.#underway.values()];
    const cut = setTimeout(() => underway.forEach(({ abort }) => abort.abort()), graceMs);
    await Promise.all(underway.map(({ done }) => done));
    clearTimeout(cut);
  }

  #start(delivery: Delivery): void {
    const abort = new AbortController();
    const { messageId } = delivery;
    const done = this.#attempt(delivery, abort.signal)
      .catch((error: unknown) =>
        this.#log.error({ message: `webhook ${delivery.webhook}: ${messageId} is tried again later`, error }),
      )
      .finally(() => {
        this.#underway.delete(messageId);
        setImmediate(() => this.look());
      });
    this.#underway.set(messageId, { abort, done });
  }

  async #attempt(delivery: Delivery, signal: AbortSignal): Promise<void> {
    if (!(await this.#takeTurn(delivery))) return;
    const message = await this.#read(delivery);
    const { endpoint, world } = this.#options;
    const outcome = await tryToDeliver(endpoint, message, world, signal);
    if (!signal.aborted) await this.#tell(delivery, outcome);
  }

  /** True if nobody else will send it until we have. */
  async #takeTurn({ messageId, webhook }: Delivery): Promise<boolean> {
    if (this.#isOurs(messageId)) return true;
    const folded = await this.#options.fold.say({
      type: 'NotificationClaimed',
      data: { messageId, webhook },
    });
    return folded && this.#isOurs(messageId);
  }

  #isOurs(messageId: string): boolean {
    const claim = this.#state().pending.get(messageId)?.claim;
    return claim?.by === this.#options.source && claim.until - this.#now() >= neededMs;
  }

  #isOthers({ claim }: Delivery): boolean {
    return claim.by !== this.#options.source && claim.until > this.#now();
  }

  /** A body is read when it is sent: a backlog in memory is ids and times. */
  async #read({ messageId, position }: Delivery): Promise<Message> {
    const before = { ...position, offset: position.offset - 1 };
    const [logged] = await this.#options.log.read(before, 1);
    const queued = logged && payload(NotificationQueuedSchema, logged.envelope);
    if (queued?.messageId !== messageId) throw new Error(`the log has ${messageId} no more`);
    return { id: messageId, body: queued.body };
  }

  async #tell({ messageId, webhook, failures }: Delivery, outcome: Outcome): Promise<void> {
    const { fold, endpoint, random } = this.#options;
    const attempt = failures + 1;
    const about = { messageId, webhook, attempt, status: outcome.status };
    if (outcome.kind === 'delivered') {
      deliveries.inc({ webhook, outcome: 'delivered' });
      await fold.say({ type: 'NotificationDelivered', data: about });
      return;
    }
    const { reason, isGone, retryAfter } = outcome;
    const at = isGone ? undefined : nextTry({ attempt, now: this.#now(), retryAfter, random: random() });
    deliveries.inc({ webhook, outcome: at === undefined ? 'given_up' : 'failed' });
    this.#log.warn(`webhook ${webhook}: ${messageId}, try ${attempt}: ${reason}`);
    if (at === undefined) await fold.say({ type: 'NotificationGivenUp', data: { ...about, reason } });
    else {
      const nextTryAtUs = BigInt(at) * 1000n;
      await fold.say({ type: 'NotificationFailed', data: { ...about, reason, nextTryAtUs } });
    }
    if (isGone) {
      const { configuration } = endpoint;
      await fold.say({ type: 'WebhookDisabled', data: { webhook, configuration, reason } });
    }
  }

  #state(): ReturnType<NotificationBook['state']> {
    return this.#options.fold.book.state(this.#options.endpoint.name);
  }

  #now(): number {
    return this.#options.world.clock.now();
  }
}
