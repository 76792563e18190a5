import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlainBrowser, signInAs, type Me } from '../support/browser.js';
import { eventually, TestHouse } from '../support/house.js';
import { json } from '../support/json.js';
import { connect } from 'node:net';
import { documentedRoutes, publicPaths, statusOf, statusWith, type Route } from '../support/open-api-walk.js';

// Served to any valid token; what it may see, the handler decides.
const forAnyone = [
  '/api/identity/me',
  '/api/identity/sign-out',
  '/api/decisions/x',
  '/api/activity/x',
  '/api/setup',
];

describe('the guard of the whole API, both processes', () => {
  let house: TestHouse;
  let routes: Route[];
  beforeAll(async () => {
    house = await TestHouse.start();
    routes = (await documentedRoutes(house.url)).filter(({ path }) => !publicPaths.includes(path));
  }, 120_000);
  afterAll(() => house.stop());

  it('documents the routes of every service', () => {
    const paths = routes.map(({ path }) => path);
    for (const path of [
      '/api/identity/me',
      '/api/connections',
      '/api/policies',
      '/api/approvals',
      '/api/sessions',
      '/api/sql',
      '/api/decisions/x',
    ])
      expect(paths).toContain(path);
  });

  it('lives on after headers that are of one connection, or that cannot be sent on', async () => {
    for (const [name, value] of [
      ['trailer', 'x'],
      ['te', 'trailers'],
      ['expect', 'nothing'],
      ['upgrade', 'h2c'],
    ] as const)
      for (const path of ['/api/sessions', '/api/decisions/x', '/dev-idp/jwks'])
        await statusOfRaw(house.url + path, { [name]: value });
    expect(await statusOfRaw(`${house.url}/api/sessions`, { trailer: 'x' })).toBe(401);
    expect((await fetch(`${house.url}/healthz`)).status).toBe(200);
  });

  it('lets no browser and no cache keep an answer, and opens no stream for HEAD', async () => {
    const authorization = `Bearer ${await house.token('approver')}`;
    for (const path of [
      '/api/approvals',
      '/api/identity/me',
      '/api/setup',
      '/api/decisions/x',
      '/api/sessions',
    ]) {
      const answer = await fetch(house.url + path, { headers: { authorization } });
      expect([path, answer.headers.get('cache-control')]).toEqual([path, 'no-store']);
    }
    for (let i = 0; i < 12; i++) {
      const head = await fetch(`${house.url}/api/approvals/stream`, {
        method: 'HEAD',
        headers: { authorization },
      });
      expect(head.status).toBe(200);
    }
  });

  it('refuses each route without a token', async () => {
    for (const route of routes) expect([route, await statusOf(house.url, route)]).toEqual([route, 401]);
  });

  it('refuses each route with a token that no issuer of ours signed', async () => {
    const forged = `${(await house.token('operator')).split('.').slice(0, 2).join('.')}.AAAA`;
    for (const route of routes)
      expect([route, await statusOf(house.url, route, forged)]).toEqual([route, 401]);
  });

  it('refuses each route to a role that it is not for', async () => {
    const agent = await house.token('agent');
    for (const route of routes.filter(({ path }) => !forAnyone.includes(path)))
      expect([route, await statusOf(house.url, route, agent)]).toEqual([route, 403]);
  });

  it('refuses each route with a cookie of no page session', async () => {
    const cookie = `weir=${'A'.repeat(43)}`;
    for (const route of routes)
      expect([route, await statusWith(house.url, route, { cookie })]).toEqual([route, 401]);
  });

  it('refuses each route to the page session of a role that it is not for', async () => {
    const { cookie, csrf } = await signedIn(house, 'agent');
    for (const route of routes.filter(({ path }) => !forAnyone.includes(path)))
      expect([route, await statusWith(house.url, route, { cookie, 'x-weir-csrf': csrf })]).toEqual([
        route,
        403,
      ]);
  });

  it('refuses each change by cookie alone, in both processes', async () => {
    for (const role of ['approver', 'auditor', 'operator']) {
      const { cookie } = await signedIn(house, role);
      const changes = routes.filter(({ method }) => method !== 'GET');
      expect(changes.length).toBeGreaterThan(5);
      for (const route of changes)
        expect([route, await statusWith(house.url, route, { cookie })]).toEqual([route, 403]);
    }
  });

  it('serves a page session what it is for, in both processes, until it ends', async () => {
    const { cookie, csrf } = await signedIn(house, 'auditor');
    const at = (path: string, init: RequestInit = {}, headers = {}) =>
      fetch(house.url + path, { ...init, headers: { cookie, ...headers } });
    const sql = (headers: object) =>
      at(
        '/api/sql',
        { method: 'POST', body: '{"query":"SELECT 1"}' },
        { 'content-type': 'application/json', ...headers },
      );
    expect((await at('/api/identity/me')).status).toBe(200);
    await eventually(async () => (await at('/api/sessions')).status === 200);
    expect((await sql({ 'x-weir-csrf': csrf })).status).toBe(200);
    expect((await sql({})).status).toBe(403);
    const out = await at('/api/identity/sign-out', { method: 'POST' }, { 'x-weir-csrf': csrf });
    expect(out.status).toBe(200);
    expect((await at('/api/identity/me')).status).toBe(401);
    await eventually(async () => (await at('/api/sessions')).status === 401, 1_000);
  });

  it('leaves a record of who was signed in, and until when', async () => {
    await eventually(async () => {
      const rows = await house.sql(
        "SELECT type, identity, reason FROM control_events WHERE topic = 'weir.identity.v1' ORDER BY logged_at",
      );
      const types = rows.map(
        ({ type, identity, reason }) =>
          `${String(type).split('.').at(-1)} ${String(identity)}${String(reason)}`,
      );
      return (
        types.includes('PageSessionStarted dev:dev-auditor') && types.includes('PageSessionEnded signed out')
      );
    });
  });

  it('serves the one it is for', async () => {
    expect((await house.fetch('auditor', '/api/sessions')).status).toBe(200);
    expect((await house.fetch('approver', '/api/approvals?status=pending')).status).toBe(200);
    expect((await house.fetch('operator', '/api/connections')).status).toBe(200);
    expect((await house.fetch('agent', '/api/identity/me')).status).toBe(200);
  });

  it('leads from the links of errors to pages, which hold no data, and to nothing else', async () => {
    const at = async (path: string, method = 'GET') => {
      const answer = await fetch(house.url + path, { method });
      return [answer.status, answer.headers.get('content-type'), await answer.text()] as const;
    };
    const page = await at('/decisions/ses_01m7wfbyqd685ercy2qknzas5g-2');
    expect(page.slice(0, 2)).toEqual([200, 'text/html; charset=utf-8']);
    expect(await at('/approvals/apr_01m7webmfb2zc9aqbvpabwwdn7')).toEqual(page);
    expect((await at('/approvals/apr_01m7webmfb2zc9aqbvpabwwdn7', 'POST'))[0]).toBe(405);
    expect((await at('/decisions/<script>'))[0]).toBe(404);
    for (const path of ['/healthz', '/readyz', '/metrics']) expect((await at(path))[2]).not.toBe(page[2]);
    expect((await at('/api/unknown'))[1]).toMatch(/^application\/problem\+json/);
  });
});

async function signedIn({ url }: TestHouse, role: string): Promise<{ cookie: string; csrf: string }> {
  const browser = new PlainBrowser();
  await signInAs(browser, url, role);
  const { pageSession } = await json<Me>(await browser.ask(`${url}/api/identity/me`));
  return { cookie: `weir=${browser.cookie(url, 'weir')}`, csrf: pageSession?.csrf ?? '' };
}

/** With headers that no client would send; 0 where the connection broke. */
function statusOfRaw(url: string, headers: Record<string, string>): Promise<number> {
  const { hostname, port, pathname } = new URL(url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write(`GET ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\n${lines.join('')}\r\n`),
    );
    socket.once('data', (data) => {
      resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(data.toString())?.[1] ?? 0));
      socket.destroy();
    });
    socket.on('error', () => resolve(0));
    socket.on('close', () => resolve(0));
    socket.setTimeout(3_000, () => socket.destroy());
  });
}
