import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, freePort, root } from '../support/house.js';
import { peer } from '../support/peers.js';

const nginx = peer('nginx');
const { routes, composePorts, generated } = (await import(join(root, 'deploy/dev/deployment.mjs'))) as {
  routes: () => readonly { readonly prefix?: string; readonly pattern?: string; readonly target: string }[];
  composePorts: Record<string, number>;
  generated: () => Readonly<Record<string, string>>;
};
const { nginxConf } = (await import(join(root, 'deploy/dev/nginx-conf.mjs'))) as {
  nginxConf: (routes: object, ports: object, options: object) => string;
};

/** `node deploy/dev/nginx-conf.mjs …` */
function byHand(...args: readonly string[]) {
  const program = join(root, 'deploy/dev/nginx-conf.mjs');
  return spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
}
const own = ['--identity', '10.0.0.1:9101', '--policy', 'policy.example:80', '--approval', '[::1]:9103'];
const audit = ['--audit', '127.0.0.1:9104'];

describe('a front made by hand', () => {
  it('goes to the addresses given, to each of several, and listens on loopback unless told otherwise', () => {
    const { status, stdout } = byHand(...own, ...audit, '--proxy', '10.0.0.5:9005,10.0.0.6:9005');
    expect(status).toBe(0);
    expect(stdout).toContain('upstream proxy { server 10.0.0.5:9005; server 10.0.0.6:9005; keepalive 16; }');
    expect(stdout).toContain('upstream approval { server [::1]:9103; keepalive 16; }');
    expect(stdout).toContain('listen 127.0.0.1:8080;');
    const open = byHand(...own, ...audit, '--proxy', 'a:1', '--listen', '0.0.0.0:80');
    expect(open.stdout).toContain('listen 0.0.0.0:80;');
  });

  it.each([
    [[], "--proxy ''"],
    [['--proxy', 'a:1; include /etc/passwd'], '--proxy'],
    [['--proxy', 'a:1,'], '--proxy'],
    [['--proxy', 'a:1', '--listen', '80; }'], '--listen'],
    [['--proxy', 'a:1', '--folder', '/tmp;'], '--folder'],
    [['--proxy', 'a:1', '--prxy', 'b:1'], '--prxy'],
  ])('is not made of %j', (args, says) => {
    const { status, stdout, stderr } = byHand(...own, ...audit, ...args);
    expect([status, stdout, stderr]).toEqual([2, '', expect.stringContaining(says)]);
  });

  it.skipIf(!nginx)('is accepted by nginx', () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-front-'));
    const named = own.map((each) => each.replace('policy.example', '127.0.0.1')); // nginx looks names up
    const proxies = ['--proxy', '10.0.0.5:9005,10.0.0.6:9005'];
    writeFileSync(join(folder, 'my.conf'), byHand(...named, ...audit, ...proxies, '--folder', folder).stdout);
    const args = ['-t', '-c', join(folder, 'my.conf'), '-e', 'stderr'];
    const { status, stderr } = spawnSync(nginx!.program, args, { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    expect([status, stderr]).toEqual([0, expect.stringContaining('test is successful')]);
  });
});

/** What stands where a target does: it says which one, and what it was asked. */
function target(name: string): Promise<Server> {
  const server = createServer(({ url, headers }, response) => {
    response.setHeader('x-target', name);
    response.write(`data: ${JSON.stringify({ url, from: headers['x-forwarded-for'] })}\n\n`);
    if (url !== '/api/approvals/stream') response.end();
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

describe.skipIf(!nginx)('the front of docker-compose.yml', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-front-'));
  const servers: Server[] = [];
  let process_: ChildProcess;
  let port: number;

  beforeAll(async () => {
    const names = Object.keys(composePorts);
    for (const name of names) servers.push(await target(name));
    const addresses = Object.fromEntries(
      names.map((name, i) => [name, `127.0.0.1:${(servers[i]!.address() as AddressInfo).port}`]),
    );
    port = await freePort();
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, nginxConf(routes(), addresses, { listen: `127.0.0.1:${port}`, folder }));
    process_ = spawn(nginx!.program, ['-c', file, '-e', 'stderr'], { stdio: 'ignore' });
    await eventually(async () => (await ask('/healthz')).statusCode === 200);
  });
  afterAll(async () => {
    const ended = once(process_, 'exit');
    process_.kill('SIGTERM');
    await ended;
    for (const server of servers) server.close().closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As it is: no path is tidied on its way. */
  function ask(path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    return new Promise((done, failed) => {
      request({ host: '127.0.0.1', port, path, headers }, done).once('error', failed).end();
    });
  }
  async function first(answer: IncomingMessage): Promise<{ url: string; from: string }> {
    const [chunk] = (await once(answer, 'data')) as [Buffer];
    return JSON.parse(chunk.toString().replace('data: ', '')) as { url: string; from: string };
  }

  it.each(routes().map(({ prefix, pattern, target }) => [prefix ?? pattern!, target] as const))(
    'sends %s to %s, and what is below',
    async (route, name) => {
      const below = `${route.replace(/\/$/, '')}/x%2Fy?z=1`;
      const paths = route.startsWith('^')
        ? [route.replace('[^/]+', 'orders').replaceAll(/[\^$]/g, '')]
        : [route, below];
      for (const path of paths) {
        const answer = await ask(path);
        expect([path, answer.headers['x-target'], (await first(answer)).url]).toEqual([path, name, path]);
      }
    },
  );

  it('takes a pattern for the whole path', async () => {
    for (const path of [
      '/api/connections/orders/check/more',
      '/api/connections/check',
      '/x/api/connections/orders/check',
    ])
      expect([path, (await ask(path)).headers['x-target']]).toEqual([
        path,
        path.startsWith('/x') ? 'identity' : 'policy',
      ]);
  });

  it('ends a prefix where its segment ends', async () => {
    expect((await ask('/api/sqlite')).headers['x-target']).toBe('identity');
  });

  it('says who asks, whatever they say of themselves', async () => {
    const answer = await ask('/api/sql', { 'x-forwarded-for': '10.1.2.3' });
    expect((await first(answer)).from).toBe('127.0.0.1');
  });

  it('hands a stream on while it lasts', async () => {
    const answer = await ask('/api/approvals/stream');
    expect((await first(answer)).url).toBe('/api/approvals/stream');
    expect(answer.complete).toBe(false);
    answer.destroy();
  });

  it('is not made of a table whose order it could not keep', () => {
    const all = { target: 'policy', prefix: '/' };
    for (const later of [{ pattern: '^/a$' }, { prefix: '/a' }])
      expect(() => nginxConf([all, { ...later, target: 'proxy' }], {}, {})).toThrow('stands behind');
  });

  it('is as silent as those that are made for Compose and for the chart', () => {
    const silent = /location \S+ \{ return 404; \}/g;
    const here = nginxConf(routes(), composePorts, {}).match(silent);
    const made = Object.entries(generated()).filter(([path]) => path.endsWith('nginx.conf'));
    expect(made.map(([, text]) => text.match(silent))).toEqual([here, here]);
  });

  it.each([
    '/metrics',
    '/metrics/own',
    '/%6detrics',
    '//metrics',
    '/x/../metrics',
    '/./metrics',
    '/metrics;x',
    '/readyz',
    '/dev-idp',
    '/dev-idp/.well-known/openid-configuration',
    '/dev-idp?x',
    '/%64ev-idp/token',
    '/x/..//dev-idp/auth',
  ])('keeps %s, which is for the machine of the services alone, to itself', async (path) => {
    const { statusCode, headers } = await ask(path);
    expect([statusCode, headers['x-target']]).toEqual([404, undefined]);
  });
});
