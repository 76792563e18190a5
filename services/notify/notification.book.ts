import type { LoggedEvent } from '#event-log';
import { fromLoggedNotification, type NotificationEvent } from './notification.events.js';
import type { Delivery, WebhookState } from './webhook.state.js';

const minute = 60_000;
/** How long a message is its claimant's: more than a try takes. */
export const leaseMs = 30_000;
/** An event older than this is news no more: it is not queued. */
export const newsMs = 60 * minute;
/** A replica may be this late to queue what another has queued, and delivered, before. */
const latenessMs = 10 * minute;
/** More than all tries of a message take; one older belongs to a webhook that nobody serves any more. */
const longestMs = 5 * 24 * 60 * minute;
/** Messages that wait for one webhook. Past it new ones are dropped. */
export const mostPending = 10_000;
const mostConcluded = 100_000;

type Of<T extends NotificationEvent['type']> = Extract<NotificationEvent, { type: T }>['data'];
type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Account = Omit<Writable<WebhookState>, 'pending'> & {
  readonly pending: Map<string, Delivery>;
  /** Messages that are over, with when; oldest first. */
  readonly concluded: Map<string, number>;
};

/** weir.notification.v1, folded: what waits for whom, and whose turn it is. Reads no clock. */
export class NotificationBook {
  readonly #webhooks = new Map<string, Account>();

  /**
   * Never throws. What is repeated, comes too late or is not understood changes nothing. `seenAt`: when by this process's
   * own clock the log's stood at `appendedAt`.
   */
  apply(logged: LoggedEvent, seenAt = logged.appendedAt): void {
    const event = fromLoggedNotification(logged);
    if (event) this.#apply(event, logged, seenAt - logged.appendedAt);
  }

  state(webhook: string): WebhookState {
    return this.#account(webhook);
  }

  /** True if this message waits for this webhook, or was delivered or given up. */
  knows(webhook: string, messageId: string): boolean {
    const { pending, concluded } = this.#account(webhook);
    return pending.has(messageId) || concluded.has(messageId);
  }

  #apply(event: NotificationEvent, logged: LoggedEvent, ahead: number): void {
    const at = logged.appendedAt;
    switch (event.type) {
      case 'WebhookConfigured':
        return this.#configured(event.data, at);
      case 'WebhookDisabled':
        return this.#disabled(event.data, at);
      case 'NotificationQueued':
        return this.#queued(event.data, logged, ahead);
      case 'NotificationClaimed':
        return this.#claimed(event.data, logged, ahead);
      case 'NotificationFailed':
        return this.#failed(event.data, logged, ahead);
      case 'NotificationDelivered':
        return this.#delivered(event.data, at);
      case 'NotificationGivenUp':
        return this.#givenUp(event.data, at);
    }
  }

  #configured({ webhook, configuration }: Of<'WebhookConfigured'>, at: number): void {
    const account = this.#account(webhook);
    const digest = base64(configuration);
    if (account.configuration === digest) return;
    Object.assign(account, { configuration: digest, since: at, failuresInARow: 0 });
    delete account.disabled;
  }

  #disabled({ webhook, configuration, reason }: Of<'WebhookDisabled'>, at: number): void {
    const account = this.#account(webhook);
    if (account.configuration !== base64(configuration) || account.disabled) return;
    account.disabled = { at, reason };
    for (const messageId of account.pending.keys()) conclude(account, messageId, at);
  }

  #queued(data: Of<'NotificationQueued'>, logged: LoggedEvent, ahead: number): void {
    const { position, appendedAt: at, envelope } = logged;
    const { messageId, type, webhooks, occurredAtUs } = data;
    const occurredAt = Number(occurredAtUs / 1000n);
    if (at - occurredAt > newsMs + latenessMs) return;
    const claim = { by: envelope.source, until: at + leaseMs };
    for (const webhook of webhooks) {
      const account = this.#account(webhook);
      forgetOld(account, at);
      if (account.disabled || account.pending.size >= mostPending || this.knows(webhook, messageId)) continue;
      account.pending.set(messageId, {
        ...{ messageId, webhook, type, occurredAt, position, queuedAt: at, failures: 0, dueAt: at, claim },
        ahead,
      });
    }
  }

  /** One that comes too early tells what the time is, no more. */
  #claimed({ webhook, messageId }: Of<'NotificationClaimed'>, logged: LoggedEvent, ahead: number): void {
    const { appendedAt, envelope } = logged;
    const { pending } = this.#account(webhook);
    const delivery = pending.get(messageId);
    if (!delivery) return;
    const isFree = delivery.claim.by === envelope.source || appendedAt >= delivery.claim.until;
    const claim = isFree ? { by: envelope.source, until: appendedAt + leaseMs } : delivery.claim;
    pending.set(messageId, { ...delivery, claim, ahead });
  }

  /** Who failed keeps the turn: the others know the outcome's writer to be alive. */
  #failed(data: Of<'NotificationFailed'>, logged: LoggedEvent, ahead: number): void {
    const { appendedAt: at, envelope } = logged;
    const account = this.#account(data.webhook);
    const delivery = account.pending.get(data.messageId);
    if (!delivery || data.attempt <= delivery.failures) return;
    // Both by the writer's clock, whatever that says: only what lies between them counts.
    const dueAt = at + Math.max(0, Number((data.nextTryAtUs - envelope.timeUs) / 1000n));
    const claim = { by: envelope.source, until: dueAt + leaseMs };
    account.pending.set(data.messageId, { ...delivery, failures: data.attempt, dueAt, claim, ahead });
    account.lastFailure = { at, reason: data.reason };
    account.failuresInARow++;
  }

  #delivered({ webhook, messageId, status }: Of<'NotificationDelivered'>, at: number): void {
    const account = this.#account(webhook);
    if (!conclude(account, messageId, at)) return;
    account.lastDelivery = { at, status };
    account.failuresInARow = 0;
  }

  #givenUp({ webhook, messageId, reason }: Of<'NotificationGivenUp'>, at: number): void {
    const account = this.#account(webhook);
    if (!conclude(account, messageId, at)) return;
    account.lastFailure = { at, reason };
    account.failuresInARow++;
  }

  #account(webhook: string): Account {
    const known = this.#webhooks.get(webhook);
    if (known) return known;
    const account: Account = { failuresInARow: 0, pending: new Map(), concluded: new Map() };
    this.#webhooks.set(webhook, account);
    return account;
  }
}

/** False: it did not wait. */
function conclude({ pending, concluded }: Account, messageId: string, at: number): boolean {
  if (!pending.delete(messageId)) return false;
  concluded.set(messageId, at);
  return true;
}

/** By the log's clock, so that every replica forgets the same. */
function forgetOld({ pending, concluded }: Account, now: number): void {
  for (const [id, at] of concluded) {
    if (now - at <= newsMs + latenessMs && concluded.size <= mostConcluded) break;
    concluded.delete(id);
  }
  for (const [id, { queuedAt }] of pending) {
    if (now - queuedAt <= longestMs) break;
    pending.delete(id);
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
