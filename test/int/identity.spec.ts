import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module, type INestApplication } from '@nestjs/common';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedLog } from '#event-log';
import { systemClock } from '#kernel';
import {
  bootHttp,
  createTokenVerifier,
  issuersOf,
  parseConfig,
  planDevProvider,
  PlatformModule,
  withDevRoles,
  type WeirConfig,
} from '#platform';
import { IdentityModule, openDevProvider } from '../../services/identity/index.js';
import { json } from '../support/json.js';
import { documentedRoutes, publicPaths, statusOf } from '../support/open-api-walk.js';
import { freePort } from '../support/postgres.js';

const dataDir = mkdtempSync(join(tmpdir(), 'weir-identity-'));
const roles =
  'roles: { approver: [approvers], security: [security], auditor: [auditors], operator: [operators] }';

let config: WeirConfig;
let app: INestApplication;
let url: string;
let eventLog: ReturnType<typeof openEmbeddedLog>;

async function start(): Promise<void> {
  config = parseConfig(
    `listen: { http: 127.0.0.1:${await freePort()} }\nidentity: { ${roles} }`,
    '/x/weir.yaml',
    dataDir,
  );
  url = config.publicUrl;
  eventLog = openEmbeddedLog({ path: join(dataDir, 'log') });
  const verifier = createTokenVerifier({ issuers: issuersOf(config), clock: systemClock });
  const platform = PlatformModule.forRoot({
    config,
    clock: systemClock,
    eventLog,
    instance: 'test-1',
    verifier,
  });
  class TestModule {}
  Module({ imports: [platform, IdentityModule] })(TestModule);
  const provider = await openDevProvider(config);
  const { hostname: host, port } = new URL(url);
  const mounts = provider ? [provider] : [];
  app = await bootHttp(TestModule, { listen: { host, port: Number(port) }, mounts, shutdownHooks: false });
}

beforeAll(start);
afterAll(async () => {
  await app.close();
  await eventLog.close();
  rmSync(dataDir, { recursive: true });
});

interface Secrets {
  clients: Record<string, { id: string; secret: string }>;
}
const secretsFile = join(dataDir, 'dev-idp.json');
const secrets = () => JSON.parse(readFileSync(secretsFile, 'utf8')) as Secrets;

async function requestToken(id: string, secret: string): Promise<Response> {
  return fetch(`${url}/dev-idp/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
}

async function tokenOf(role: string): Promise<string> {
  const client = secrets().clients[role];
  if (!client) throw new Error(role);
  return (await json<{ access_token: string }>(await requestToken(client.id, client.secret))).access_token;
}

const me = async (token: string) =>
  json<Record<string, unknown>>(
    await fetch(`${url}/api/identity/me`, { headers: { authorization: `Bearer ${token}` } }),
  );

describe('the development provider', () => {
  it.each([
    ['agent', 'agents', 'agent', []],
    ['approver', 'approvers', 'person', ['approver']],
    ['security', 'security', 'person', ['security']],
    ['auditor', 'auditors', 'person', ['auditor']],
    ['operator', 'operators', 'person', ['operator']],
  ])(
    'signs a token for the %s, in the group %s, that the guard understands as a %s',
    async (role, group, kind, held) => {
      expect(await me(await tokenOf(role))).toEqual({
        id: `dev:dev-${role}`,
        issuer: 'dev',
        subject: `dev-${role}`,
        kind,
        groups: [group],
        displayName: `Development ${role}`,
        roles: held,
        gate: { postgres: '127.0.0.1:15432' },
        pageSession: null,
      });
    },
  );

  it('signs for an hour, for this audience, short enough for a password', async () => {
    const token = await tokenOf('agent');
    const { iat = 0, exp = 0, aud, iss } = decodeJwt(token);
    expect([exp - iat, aud, iss]).toEqual([3600, 'weir', `${url}/dev-idp`]);
    expect(token.length).toBeLessThan(900);
  });

  it('refuses a wrong secret and an unknown client', async () => {
    expect((await requestToken('dev-agent', 'wrong')).status).toBe(401);
    expect((await requestToken('dev-root', 'wrong')).status).toBe(401);
  });

  it('keeps its key and secrets, for its owner alone, across starts', async () => {
    expect(statSync(secretsFile).mode & 0o777).toBe(0o600);
    const token = await tokenOf('agent');
    const before = readFileSync(secretsFile, 'utf8');
    const { port } = new URL(url);
    const again = parseConfig(`listen: { http: 127.0.0.1:${port} }`, '/x/weir.yaml', dataDir);
    await openDevProvider(again);
    expect(readFileSync(secretsFile, 'utf8')).toBe(before);
    const verifier = createTokenVerifier({ issuers: issuersOf(again), clock: systemClock });
    expect((await verifier.verify(token)).principal.id).toBe('dev:dev-agent');
  });

  it('says in one line that its file is not its own', async () => {
    const before = readFileSync(secretsFile, 'utf8');
    writeFileSync(secretsFile, '{"keys":[]}');
    await expect(openDevProvider(config)).rejects.toThrow(/dev-idp\.json is not what .* delete it/);
    writeFileSync(secretsFile, before);
  });

  it.each([
    [
      'identity: { oidc: [{ name: corp, issuer: https://idp.example, audience: weir }] }',
      'identity.oidc configures',
    ],
    ['listen: { postgres: 0.0.0.0:15432 }', 'listen.postgres is 0.0.0.0:15432, which is not loopback'],
    ['identity: { trustedProxies: [127.0.0.1] }', 'identity.trustedProxies names a proxy'],
    ['publicUrl: https://weir.example', 'publicUrl is https://weir.example, which is not loopback'],
  ])('does not start with %s', async (text, why) => {
    const elsewhere = parseConfig(text, '/x/weir.yaml', dataDir);
    expect(planDevProvider(elsewhere)).toMatchObject({
      start: false,
      why: expect.stringContaining(why) as string,
    });
    expect(await openDevProvider(elsewhere)).toBeUndefined();
    expect(issuersOf(elsewhere)).toEqual(elsewhere.identity.oidc);
  });
});

describe('roles without groups', () => {
  const rolesIn = (text: string) => withDevRoles(parseConfig(text, '/x/weir.yaml', dataDir)).identity.roles;

  it('are those of the development groups while that provider runs, and of nobody else', () => {
    expect(rolesIn('identity: { roles: { auditor: [books] } }')).toEqual({
      approver: ['approvers'],
      security: ['security'],
      auditor: ['books'],
      operator: ['operators'],
    });
    const own = 'identity: { oidc: [{ name: corp, issuer: https://idp.example, audience: weir }] }';
    expect(rolesIn(own).approver).toEqual([]);
  });
});

describe('every documented route', () => {
  it('refuses a caller without a token, and one with a token of no issuer', async () => {
    const routes = (await documentedRoutes(url)).filter(({ path }) => !publicPaths.includes(path));
    expect(routes).toContainEqual({ method: 'GET', path: '/api/identity/me' });
    for (const route of routes) {
      expect([route, await statusOf(url, route)]).toEqual([route, 401]);
      expect([route, await statusOf(url, route, 'a.b.c')]).toEqual([route, 401]);
    }
  });
});
