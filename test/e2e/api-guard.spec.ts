import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestHouse } from '../support/house.js';
import { documentedRoutes, statusOf, type Route } from '../support/open-api-walk.js';

// Served to any valid token; what it may see, the handler decides.
const forAnyone = ['/api/identity/me', '/api/decisions/x'];
const open = ['/api/openapi.json'];

describe('the guard of the whole API, both processes', () => {
  let house: TestHouse;
  let routes: Route[];
  beforeAll(async () => {
    house = await TestHouse.start();
    routes = (await documentedRoutes(house.url)).filter(({ path }) => !open.includes(path));
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
