import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestHouse } from '../support/house.js';
import { documentedRoutes, statusOf, type Route } from '../support/open-api-walk.js';

// Served to any valid token; what it may see, the handler decides.
const forAnyone = ['/api/identity/me', '/api/decisions/x', '/api/activity/x'];
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

  it('leads from the links of errors to the command to run, and nowhere else', async () => {
    const at = (path: string) => fetch(house.url + path);
    const id = 'ses_01m7wfbyqd685ercy2qknzas5g-2';
    expect(await (await at(`/decisions/${id}`)).text()).toContain(
      './weir replay ses_01m7wfbyqd685ercy2qknzas5g\n',
    );
    expect(await (await at('/approvals/apr_01m7webmfb2zc9aqbvpabwwdn7')).text()).toContain(
      './weir approve apr_',
    );
    expect((await at('/decisions/<script>')).status).toBe(404);
  });
});
