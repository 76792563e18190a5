import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { payload, NotificationQueuedSchema } from '#events';
import type { EventLog } from '#event-log';
import type { NotificationBook } from './notification.book.js';
import type { NotifyFold } from './notify.fold.js';
import type { NotificationEvent } from './notification.events.js';
import { deliveries } from './notify.metrics.js';
import { nextTry } from './retry.schedule.js';
import { failed, gone, timeoutMs, tryToDeliver, type Message, type Outcome, type World } from './try.js';
import type { Endpoint } from './webhook.endpoint.js';
import type { Delivery } from './webhook.state.js';

/** Tries at once at one webhook. A dead one holds these, and no other's. */
const parallel = 4;
/** A turn must last for the try and for saying what became of it. */
const neededMs = timeoutMs + 5_000;
/** Between what failed on our side and doing it again. */
const restMs = 2_000;
const lost: Outcome = { ...failed('its text is no longer in the log'), isFinal: true };

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
    for (const delivery of this.#state().pending.values()) {
      if (this.#underway.size >= parallel) return;
      if (!this.#isDue(delivery) || this.#underway.has(delivery.messageId) || this.#isOthers(delivery))
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
      .catch(async (error: unknown) => {
        this.#log.error({ message: `webhook ${delivery.webhook}: ${messageId} is tried again later`, error });
        await rest(abort.signal);
      })
      .finally(() => {
        this.#underway.delete(messageId);
        setImmediate(() => this.look());
      });
    this.#underway.set(messageId, { abort, done });
  }

  async #attempt(known: Delivery, signal: AbortSignal): Promise<void> {
    if (!(await this.#takeTurn(known))) return rest(signal);
    // Its claim has told what the log's clock says: after a start nothing else may have.
    const current = this.#state().pending.get(known.messageId);
    if (current && this.#isDue(current)) await this.#deliver(current, signal);
  }

  async #deliver(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const message = await this.#read(delivery);
    const { endpoint, world } = this.#options;
    const outcome = message ? await tryToDeliver(endpoint, message, world, signal) : lost;
    if (signal.aborted) return;
    for (const event of this.#eventsOf(delivery, outcome)) await this.#say(event, signal);
    // A fold that is late still has it as it was: that must not send it again.
    while (!signal.aborted && this.#isAsBefore(delivery)) await rest(signal);
  }

  /** True if nobody else will send it until we have. */
  async #takeTurn({ messageId, webhook }: Delivery): Promise<boolean> {
    if (this.#isOurs(messageId)) return true;
    const { fold } = this.#options;
    const folded = await fold.say({ type: 'NotificationClaimed', data: { messageId, webhook } });
    return folded && this.#isOurs(messageId);
  }

  #isOurs(messageId: string): boolean {
    const delivery = this.#state().pending.get(messageId);
    return delivery?.claim.by === this.#options.source && this.#left(delivery) >= neededMs;
  }

  #isOthers(delivery: Delivery): boolean {
    return delivery.claim.by !== this.#options.source && this.#left(delivery) > 0;
  }

  /** Of the turn. */
  #left({ claim, ahead }: Delivery): number {
    return claim.until + ahead - this.#now();
  }

  #isDue({ dueAt, ahead }: Delivery): boolean {
    return dueAt + ahead <= this.#now();
  }

  #isAsBefore({ messageId, failures }: Delivery): boolean {
    return this.#state().pending.get(messageId)?.failures === failures;
  }

  /** A body is read when it is sent: a backlog in memory is ids and times. Undefined: the log has it no more. */
  async #read({ messageId, position }: Delivery): Promise<Message | undefined> {
    const before = { ...position, offset: position.offset - 1 };
    const [logged] = await this.#options.log.read(before, 1);
    const queued = logged && payload(NotificationQueuedSchema, logged.envelope);
    return queued?.messageId === messageId ? { id: messageId, body: queued.body } : undefined;
  }

  /** What there is to say of a try. */
  #eventsOf({ messageId, webhook, failures }: Delivery, outcome: Outcome): NotificationEvent[] {
    const attempt = failures + 1;
    const about = { messageId, webhook, attempt, status: outcome.status };
    if (outcome.kind === 'delivered') {
      deliveries.inc({ webhook, outcome: 'delivered' });
      return [{ type: 'NotificationDelivered', data: about }];
    }
    const { reason, isFinal, retryAfter } = outcome;
    const now = this.#now();
    const at = isFinal ? undefined : nextTry({ attempt, now, retryAfter, random: this.#options.random() });
    deliveries.inc({ webhook, outcome: at === undefined ? 'given_up' : 'failed' });
    this.#log.warn(`webhook ${webhook}: ${messageId}, try ${attempt}: ${reason}`);
    if (at !== undefined)
      return [{ type: 'NotificationFailed', data: { ...about, reason, nextTryAtUs: BigInt(at) * 1000n } }];
    const givenUp: NotificationEvent = { type: 'NotificationGivenUp', data: { ...about, reason } };
    if (outcome.status !== gone) return [givenUp];
    const { configuration } = this.#options.endpoint;
    return [givenUp, { type: 'WebhookDisabled', data: { webhook, configuration, reason } }];
  }

  /** Until the log takes it: what was sent must not be sent again because it could not be said. */
  async #say(event: NotificationEvent, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#options.fold.say(event);
        return;
      } catch (error) {
        this.#log.error({ message: 'the log does not take what became of a message; trying again', error });
        await rest(signal);
      }
    }
  }

  #state(): ReturnType<NotificationBook['state']> {
    return this.#options.fold.book.state(this.#options.endpoint.name);
  }

  #now(): number {
    return this.#options.world.clock.now();
  }
}

async function rest(signal: AbortSignal): Promise<void> {
  await pause(restMs, undefined, { signal, ref: false }).catch(() => undefined);
}
