import { isIP } from 'node:net';
import { isAppError } from '#kernel';
import {
  configInvalid,
  isSecretReference,
  resolveSecret,
  type ConfigProblem,
  type WebhookConfig,
  type WeirConfig,
} from '#platform';
import { reachOf } from './address.rules.js';
import { endpointOf, type Endpoint } from './webhook.endpoint.js';
import { hostOf } from './webhook.url.js';

type Key = 'url' | 'secret';
/** A wrong key of one webhook. */
class Wrong extends Error {
  constructor(
    readonly key: Key,
    message: string,
  ) {
    super(message);
  }
}

/** The configured webhooks, references resolved. CONFIG_INVALID names file, line and key of all that is wrong. */
export function openEndpoints(config: WeirConfig, env: NodeJS.ProcessEnv = process.env): Endpoint[] {
  const problems: ConfigProblem[] = [];
  const endpoints = config.webhooks.flatMap((webhook, i) => {
    try {
      return [openEndpoint(webhook, config.file, env)];
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      problems.push({ path: ['webhooks', i, error.key], message: error.message });
      return [];
    }
  });
  if (problems.length > 0) throw configInvalid(config, problems);
  return endpoints;
}

function openEndpoint(webhook: WebhookConfig, file: string, env: NodeJS.ProcessEnv): Endpoint {
  const url = urlOf(webhook, file, env);
  return endpointOf(webhook, url, secretsOf(webhook, file, env));
}

function urlOf(webhook: WebhookConfig, file: string, env: NodeJS.ProcessEnv): URL {
  const text = resolved('url', webhook.url, file, env);
  if (!URL.canParse(text)) throw new Wrong('url', 'expected an http(s) URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new Wrong('url', 'expected an https:// URL (http:// for hosts of allowPrivate)');
  if (url.username !== '' || url.password !== '') throw new Wrong('url', 'a URL carries no credentials here');
  const refused = hostProblem(url, webhook.allowPrivate);
  if (refused !== undefined) throw new Wrong('url', refused);
  return url;
}

/** What can be said of a host before its name is looked up. */
function hostProblem(url: URL, allowPrivate: readonly string[]): string | undefined {
  const host = hostOf(url);
  const isAllowed = allowPrivate.some((name) => name.toLowerCase() === host);
  const reach = isIP(host) ? reachOf(host) : host === 'localhost' ? 'private' : 'public';
  if (reach === 'never') return `${host} is no address that a webhook may go to`;
  if (reach === 'private' && !isAllowed)
    return `${host} is a private address; to allow it: allowPrivate: ['${host}']`;
  if (url.protocol !== 'https:' && !isAllowed)
    return `http:// is for private hosts; to allow this one: allowPrivate: ['${host}']`;
  return undefined;
}

/** One, or two while the receiver changes from the old to the new. */
function secretsOf(webhook: WebhookConfig, file: string, env: NodeJS.ProcessEnv): string[] {
  if (webhook.secret === undefined) {
    if (webhook.format === 'slack') return [];
    throw new Wrong('secret', 'a webhook of this format is signed: name a secret, env:NAME or file:PATH');
  }
  if (!isSecretReference(webhook.secret))
    throw new Wrong('secret', 'expected env:NAME or file:PATH, not the secret itself');
  const secrets = resolved('secret', webhook.secret, file, env).trim().split(/\s+/);
  if (secrets.length > 2 || !secrets.every(isSigningSecret))
    throw new Wrong('secret', 'what it names is not whsec_ and 24 to 64 bytes in base64');
  return secrets;
}

/** Standard Webhooks 1.0: 192 to 512 bits, base64, prefixed. */
function isSigningSecret(secret: string): boolean {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  if (base64 === undefined || base64.length % 4 !== 0) return false;
  const { length } = Buffer.from(base64, 'base64');
  return length >= 24 && length <= 64;
}

function resolved(key: Key, value: string, file: string, env: NodeJS.ProcessEnv): string {
  try {
    return resolveSecret(value, file, env);
  } catch (error) {
    if (isAppError(error, 'CONFIG_INVALID')) throw new Wrong(key, error.message);
    throw error;
  }
}
