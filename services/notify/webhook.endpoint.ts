import { createHash, createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { WebhookConfig } from '#platform';
import type { NoticeType } from './notice.js';

/** A configured webhook with what its references stand for. */
export interface Endpoint {
  readonly name: string;
  readonly url: URL;
  readonly format: WebhookConfig['format'];
  /** One for each secret; none for Slack, which verifies nothing: its URL is the secret. */
  readonly signers: readonly Webhook[];
  /** Absent: all. */
  readonly events: ReadonlySet<NoticeType> | undefined;
  readonly allowPrivate: readonly string[];
  /** Changes with anything that an operator may have repaired. */
  readonly configuration: Buffer;
}

export function wants({ events }: Endpoint, type: NoticeType): boolean {
  return events === undefined || events.has(type);
}

/** Secrets are `whsec_…`, checked before. */
export function endpointOf(config: WebhookConfig, url: URL, secrets: readonly string[]): Endpoint {
  const { name, format, events, allowPrivate } = config;
  return {
    ...{ name, url, format, allowPrivate: allowPrivate.map((host) => host.toLowerCase()) },
    signers: secrets.map((secret) => new Webhook(secret)),
    events: events && new Set(events),
    configuration: digestOf(config, url, secrets),
  };
}

/** Goes into events, so it must tell nothing of secret or URL: it is keyed with the one, and one-way for the other. */
function digestOf(config: WebhookConfig, url: URL, secrets: readonly string[]): Buffer {
  const text = JSON.stringify([config, url.href]);
  const hash = secrets.length === 0 ? createHash('sha256') : createHmac('sha256', secrets.join(' '));
  return hash.update(text).digest().subarray(0, 16);
}
