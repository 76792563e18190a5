import { describe, expect, it } from 'vitest';
import { routesOf } from './api.routes.js';

const table = (slices: Record<string, string[]>) =>
  routesOf(new Map(Object.entries(slices).map(([target, paths]) => [target, { paths }])));

describe('the routing table', () => {
  it('goes by the first segment, and by whole paths where one target serves some below another’s', () => {
    const routes = table({
      policy: ['/api/connections', '/api/connections/{name}', '/api/policies/publish'],
      proxy: ['/api/connections/{name}/check', '/api/connections/all.of/*path'],
    });
    expect(routes).toEqual([
      { pattern: '^/api/connections/[^/]+/check$', target: 'proxy' },
      { pattern: '^/api/connections/all\\.of/.+$', target: 'proxy' },
      { prefix: '/api/connections', target: 'policy' },
      { prefix: '/api/policies', target: 'policy' },
      { prefix: '/api/openapi.json', target: 'identity' },
      { prefix: '/', target: 'identity' },
    ]);
  });

  it.each([
    ['/api/sessions/{id}', '/api/sessions/{name}'],
    ['/api/sessions/{id}', '/api/sessions/ended'],
    ['/api/sessions/*rest', '/api/sessions/{id}/events'],
    ['/api/sessions', '/api/sessions'],
  ])('is none where two targets serve a path: %s, %s', (one, other) => {
    expect(() => table({ audit: ['/api/sessions/of/one/more', one], proxy: [other] })).toThrow('which one');
  });

  it.each([
    ['/api/sessions/{id}', '/api/sessions'],
    ['/api/sessions/{id}', '/api/sessions/{id}/events'],
    ['/api/sessions/ended', '/api/sessions/begun'],
  ])('has both where they differ: %s, %s', (one, other) => {
    expect(
      table({ audit: ['/api/sessions', one], proxy: other === '/api/sessions' ? [] : [other] }),
    ).toBeDefined();
  });

  it('is none where a segment is shared and nobody serves it', () => {
    expect(() => table({ audit: ['/api/a/b'], proxy: ['/api/a/c'] })).toThrow("is nobody's");
  });
});
