import type { z } from 'zod';
import type { ConfigProblem } from './config.problems.js';
import type {
  AuditStoreSettings,
  configSchema,
  EventLogConfig,
  SamlProviderConfig,
} from './config.schema.js';
import { isSecretReference } from './config.secret.js';
import { isLoopbackHost } from '#wire';
import { parseNetworks } from './source-address.js';

type Parsed = z.infer<typeof configSchema>;

/** What the schema can't say: rules between keys. */
export function checkConfig(config: Parsed): ConfigProblem[] {
  return [
    ...config.identity.oidc.flatMap((issuer, i) =>
      at(['identity', 'oidc', i, 'issuer'], issuerProblem(issuer.issuer)),
    ),
    ...repeated(config.identity.oidc, 'name', ['identity', 'oidc']),
    ...config.identity.oidc.flatMap((issuer, i) =>
      at(['identity', 'oidc', i, 'signIn'], issuer.signIn && signInProblem(config.publicUrl)),
    ),
    ...config.identity.saml.flatMap((provider, i) => samlProblems(provider, i, config)),
    ...config.identity.trustedProxies.flatMap((text, i) =>
      at(['identity', 'trustedProxies', i], networkProblem(text)),
    ),
    ...config.observability.metrics.from.flatMap((text, i) =>
      at(['observability', 'metrics', 'from', i], networkProblem(text)),
    ),
    ...repeated(config.identity.oidc, 'issuer', ['identity', 'oidc']),
    ...repeated(config.identity.saml, 'name', ['identity', 'saml']),
    ...sharedNames(config),
    ...repeated(config.connections, 'name', ['connections']),
    ...repeated(config.webhooks, 'name', ['webhooks']),
    ...demoNameTaken(config),
    ...eventLogProblems(config.eventLog),
    ...auditStoreProblems(config.auditStore),
    ...at(['audit', 'retention', 'sessions'], outlived(config)),
    ...literalPasswords(config),
  ];
}

function eventLogProblems(log: EventLogConfig): ConfigProblem[] {
  if (log.kind === 'embedded') {
    const keys = (['brokers', 'tls', 'sasl'] as const).filter((key) => [log[key] ?? []].flat().length > 0);
    return keys.flatMap((key) => at(['eventLog', key], 'is of a log with `kind: kafka` only'));
  }
  const { brokers, minInSync, replication, tls } = log;
  return [
    ...at(['eventLog', 'brokers'], brokers.length > 0 ? undefined : 'name at least one broker, host:port'),
    ...at(
      ['eventLog', 'minInSync'],
      minInSync > replication ? `is more than replication, ${replication}` : undefined,
    ),
    ...at(
      ['eventLog', 'tls'],
      (tls?.cert === undefined) === (tls?.key === undefined) ? undefined : 'cert and key go together',
    ),
  ];
}

/** What the store erases must not go on standing in the log. The embedded one follows the store. */
function outlived({ eventLog: { kind, retention }, audit }: Parsed): string | undefined {
  const days = audit.retention.sessions;
  return kind === 'kafka' && days !== undefined && days * 86_400 < retention
    ? `is less than eventLog.retention, ${retention} seconds: the log would keep what the store erases`
    : undefined;
}

function auditStoreProblems(store: AuditStoreSettings): ConfigProblem[] {
  if (store.kind === 'clickhouse')
    return at(
      ['auditStore', 'url'],
      store.url === undefined ? 'give the address of its HTTP interface' : undefined,
    );
  const given = (['url', 'reader', 'cluster'] as const).filter((key) => store[key] !== undefined);
  return given.flatMap((key) => at(['auditStore', key], 'is of a store with `kind: clickhouse` only'));
}

/** Other machines read such a log: what it refers to must be theirs to read, too. */
function literalPasswords({ eventLog, connections }: Parsed): ConfigProblem[] {
  if (eventLog.kind === 'embedded') return [];
  return connections.flatMap(({ password }, i) =>
    at(
      ['connections', i, 'password'],
      password === '' || isSecretReference(password)
        ? undefined
        : 'with a Kafka log, name it as env:NAME or file:PATH',
    ),
  );
}

/** Plain http would let anyone between us and the issuer choose the keys that tokens are verified with. */
function issuerProblem(issuer: string): string | undefined {
  const { protocol, hostname, search, hash } = new URL(issuer);
  if (search || hash) return 'an issuer has no query and no fragment';
  if (protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))) return undefined;
  return 'expected an https:// issuer (http:// is accepted on loopback only)';
}

function samlProblems(
  { ssoUrl, sloUrl, peopleOf }: SamlProviderConfig,
  i: number,
  { publicUrl, identity: { oidc } }: Parsed,
): ConfigProblem[] {
  const path = ['identity', 'saml', i];
  return [
    ...at([...path, 'name'], signInProblem(publicUrl)),
    ...at([...path, 'ssoUrl'], browserUrlProblem(ssoUrl)),
    ...at([...path, 'sloUrl'], sloUrl === undefined ? undefined : browserUrlProblem(sloUrl)),
    ...at(
      [...path, 'peopleOf'],
      peopleOf === undefined || oidc.some(({ name }) => name === peopleOf)
        ? undefined
        : `"${peopleOf}" is no name in identity.oidc`,
    ),
  ];
}

function browserUrlProblem(url: string): string | undefined {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))) return undefined;
  return 'expected an https:// address (http:// is accepted on loopback only)';
}

/** A cookie that travels in the clear is anyone's who listens. */
function signInProblem(publicUrl: string): string | undefined {
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol === 'https:' || isLoopbackHost(hostname)) return undefined;
  return 'people sign in over https:// only: set publicUrl (http:// is accepted on loopback only)';
}

function networkProblem(text: string): string | undefined {
  try {
    parseNetworks([text]);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function repeated<K extends string>(
  items: readonly Readonly<Record<K, string>>[],
  key: K,
  path: readonly PropertyKey[],
): ConfigProblem[] {
  return items.flatMap((item, i) => {
    const first = items.findIndex((other) => other[key] === item[key]);
    return first < i ? [{ path: [...path, i, key], message: `"${item[key]}" is used twice` }] : [];
  });
}

/** Identities are `name:subject`: of two providers with one name, each could speak for the other's people. */
function sharedNames({ identity: { oidc, saml } }: Parsed): ConfigProblem[] {
  return saml.flatMap(({ name }, i) =>
    at(
      ['identity', 'saml', i, 'name'],
      oidc.some((issuer) => issuer.name === name) ? `"${name}" is used twice` : undefined,
    ),
  );
}

function demoNameTaken(config: Parsed): ConfigProblem[] {
  const i = config.demo ? config.connections.findIndex(({ name }) => name === 'demo') : -1;
  return at(['connections', i, 'name'], i < 0 ? undefined : '"demo" is the demo database while `demo: true`');
}

function at(path: readonly PropertyKey[], message: string | undefined): ConfigProblem[] {
  return message === undefined ? [] : [{ path, message }];
}
