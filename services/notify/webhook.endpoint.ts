import { createHash, createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { WebhookConfig } from '#platform';
import type { NoticeType } from './notice.js';

/** A configured webhook with what its references stand for. */
export interface Endpoint {
  readonly name: string;
  readonly url: URL;
  readonly format: WebhookConfig['format'];
  /** Absent for Slack, which verifies nothing: its URL is the secret. */
  readonly signer: Webhook | undefined;
  /** Absent: all. */
  readonly events: ReadonlySet<NoticeType> | undefined;
  readonly allowPrivate: readonly string[];
  /** Changes with anything that an operator may have repaired. */
  readonly configuration: Buffer;
}

export function wants({ events }: Endpoint, type: NoticeType): boolean {
  return events === undefined || events.has(type);
}

/** `secret` is `whsec_…`, checked before. */
export function endpointOf(config: WebhookConfig, url: URL, secret: string | undefined): Endpoint {
  const { name, format, events, allowPrivate } = config;
  return {
    ...{ name, url, format, allowPrivate: allowPrivate.map((host) => host.toLowerCase()) },
    signer: secret === undefined ? undefined : new Webhook(secret),
    events: events && new Set(events),
    configuration: digestOf(config, url, secret),
  };
}

/** Goes into events, so it must tell nothing of secret or URL: it is keyed with the one, and one-way for the other. */
function digestOf(config: WebhookConfig, url: URL, secret: string | undefined): Buffer {
  const text = JSON.stringify([config, url.href]);
  const hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  return hash.update(text).digest().subarray(0, 16);
}
