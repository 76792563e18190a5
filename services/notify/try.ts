import type { Clock } from '#kernel';
import { safePost, type Posted, type Resolve } from './safe-post.js';
import { slackMessage } from './slack.message.js';
import type { Endpoint } from './webhook.endpoint.js';

/** Milliseconds; of the 15 to 30 s that Standard Webhooks recommends. */
export const timeoutMs = 15_000;

/** It wants nothing any more. */
export const gone = 410;

export interface Message {
  readonly id: string;
  /** JSON, as Standard Webhooks has it. */
  readonly body: string;
}

/** What became of one try. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly status: number }
  | {
      readonly kind: 'failed';
      /** 0: there was no answer. */
      readonly status: number;
      readonly reason: string;
      /** No other try would help. */
      readonly isFinal: boolean;
      readonly retryAfter: string | undefined;
    };

export interface World {
  readonly clock: Clock;
  readonly resolve: Resolve;
}

/** One try: signed at this moment, under the message's own id. Never throws. */
export async function tryToDeliver(
  endpoint: Endpoint,
  message: Message,
  { clock, resolve }: World,
  signal: AbortSignal,
): Promise<Outcome> {
  const { url, allowPrivate } = endpoint;
  const body = formatted(endpoint, message.body);
  if (body === undefined) return failed(`the message has no form for ${endpoint.format}`);
  const headers = headersOf(endpoint, message.id, body, clock.now());
  return outcomeOf(await safePost({ url, allowPrivate, headers, body, timeoutMs, resolve, signal }));
}

function formatted({ format }: Endpoint, body: string): string | undefined {
  if (format === 'standard') return body;
  try {
    return slackMessage(body);
  } catch {
    return undefined;
  }
}

function headersOf({ signers }: Endpoint, id: string, body: string, now: number): Record<string, string> {
  const at = new Date(now);
  const signatures = signers.map((signer) => signer.sign(id, at, body)).join(' ');
  return {
    'content-type': 'application/json',
    'user-agent': 'Weirkeeper',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now / 1000)),
    ...(signers.length === 0 ? {} : { 'webhook-signature': signatures }),
  };
}

function outcomeOf(posted: Posted): Outcome {
  if (posted.kind === 'failed') return failed(posted.reason);
  const { status, retryAfter } = posted;
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  const redirects = status >= 300 && status < 400 ? '; redirects are not followed' : '';
  return {
    ...{ kind: 'failed', status, isFinal: status === gone, retryAfter },
    reason: `it answered ${status}${redirects}`,
  };
}

export function failed(reason: string): Extract<Outcome, { kind: 'failed' }> {
  return { kind: 'failed', status: 0, reason, isFinal: false, retryAfter: undefined };
}
