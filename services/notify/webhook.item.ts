import { z } from 'zod';
import type { Endpoint } from './webhook.endpoint.js';
import type { WebhookState } from './webhook.state.js';
import { shownUrl } from './webhook.url.js';

const time = z.iso.datetime();

/** A webhook as the API shows it. Times are ISO 8601, UTC. */
export const webhookItem = z.object({
  name: z.string(),
  /** Its path and query are left out: they can be a secret. */
  url: z.string(),
  format: z.enum(['standard', 'slack']),
  /** Null: all. */
  events: z.array(z.string()).nullable(),
  /** `disabled`: it answered 410, and gets nothing until its configuration changes. */
  status: z.enum(['active', 'disabled']),
  disabledReason: z.string().nullable(),
  /** Messages not delivered yet, and when the next of them is due. */
  pending: z.number().int(),
  nextTryAt: time.nullable(),
  lastDelivery: z.object({ at: time, status: z.number().int() }).nullable(),
  lastFailure: z.object({ at: time, reason: z.string() }).nullable(),
  /** Tries that failed since the last delivery. */
  failuresInARow: z.number().int(),
});

export const webhookList = z.object({ webhooks: z.array(webhookItem) });

/** What became of a test message; it was tried once. */
export const testResult = z.object({
  delivered: z.boolean(),
  /** Its `webhook-id`. */
  id: z.string(),
  /** The answer's; null: there was none. */
  status: z.number().int().nullable(),
  reason: z.string().nullable(),
});

export type WebhookItem = z.infer<typeof webhookItem>;
export type TestResult = z.infer<typeof testResult>;

export function toWebhookItem(endpoint: Endpoint, state: WebhookState): WebhookItem {
  const { name, url, format, events } = endpoint;
  const { disabled, pending, lastDelivery, lastFailure, failuresInARow } = state;
  const due = [...pending.values()].reduce((least, { dueAt }) => Math.min(least, dueAt), Infinity);
  return {
    ...{ name, url: shownUrl(url), format, events: events ? [...events] : null },
    status: disabled ? 'disabled' : 'active',
    disabledReason: disabled?.reason ?? null,
    pending: pending.size,
    nextTryAt: due === Infinity ? null : iso(due),
    lastDelivery: lastDelivery ? { at: iso(lastDelivery.at), status: lastDelivery.status } : null,
    lastFailure: lastFailure ? { at: iso(lastFailure.at), reason: lastFailure.reason } : null,
    failuresInARow,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
