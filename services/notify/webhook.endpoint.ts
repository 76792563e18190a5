import { createHash, createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { severities, type Severity } from '#domain';
import type { WebhookConfig } from '#platform';
import type { Notice, NoticeType } from './notice.js';

/** A configured webhook with what its references stand for. */
export interface Endpoint {
  readonly name: string;
  readonly url: URL;
  readonly format: WebhookConfig['format'];
  /** One for each secret; none for Slack, which verifies nothing: its URL is the secret. */
  readonly signers: readonly Webhook[];
  /** Absent: all. */
  readonly events: ReadonlySet<NoticeType> | undefined;
  /** Of findings, at least; absent: all. */
  readonly minSeverity: Severity | undefined;
  readonly allowPrivate: readonly string[];
  /** Changes with anything that an operator may have repaired. */
  readonly configuration: Buffer;
}

export function wants({ events, minSeverity }: Endpoint, { type, severity }: Notice): boolean {
  if (events !== undefined && !events.has(type)) return false;
  if (minSeverity === undefined || severity === undefined) return true;
  return severities.indexOf(severity) >= severities.indexOf(minSeverity);
}

/** Secrets are `whsec_…`, checked before. */
export function endpointOf(config: WebhookConfig, url: URL, secrets: readonly string[]): Endpoint {
  const { name, format, events, minSeverity, allowPrivate } = config;
  return {
    ...{ name, url, format, allowPrivate: allowPrivate.map((host) => host.toLowerCase()) },
    signers: secrets.map((secret) => new Webhook(secret)),
    events: events && new Set(events),
    minSeverity,
    configuration: digestOf(config, url, secrets),
  };
}

/** Goes into events, so it must tell nothing of secret or URL: it is keyed with the one, and one-way for the other. */
function digestOf(config: WebhookConfig, url: URL, secrets: readonly string[]): Buffer {
  const text = JSON.stringify([config, url.href]);
  const hash = secrets.length === 0 ? createHash('sha256') : createHmac('sha256', secrets.join(' '));
  return hash.update(text).digest().subarray(0, 16);
}
