import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConsoleFiles } from '../../services/all/console.files.js';
import { consoleMount } from '../../services/all/console.mount.js';

const page = '<!doctype html><title>page</title>';
const script = 'console.log("a script")'.repeat(50);

describe('the pages’ files over HTTP', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-console-'));
  let server: Server;
  beforeAll(async () => {
    mkdirSync(join(folder, 'pages/assets'), { recursive: true });
    writeFileSync(join(folder, 'pages/index.html'), page);
    writeFileSync(join(folder, 'pages/theme.js'), 'theme');
    writeFileSync(join(folder, 'pages/assets/index-abc123.js'), script);
    writeFileSync(join(folder, 'pages/notes.txt'), 'of no known type');
    writeFileSync(join(folder, 'secret.js'), 'secret');
    server = createServer(consoleMount(readConsoleFiles(join(folder, 'pages')), []).handle);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterAll(async () => {
    await new Promise((done) => server.close(done));
    rmSync(folder, { recursive: true });
  });

  /** Paths go as they are: `fetch` would tidy them up. */
  function ask(path: string, { method = 'GET', headers = {} }: { method?: string; headers?: object } = {}) {
    const { port } = server.address() as AddressInfo;
    return new Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, method, headers: { ...headers } }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
        );
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  const ids = { approval: 'apr_01m7webmfb2zc9aqbvpabwwdn7', session: 'ses_01m7wfbyqd685ercy2qknzas5g' };

  it.each([
    '/',
    '/sign-in',
    '/sign-in?to=/approvals&error=state',
    '/approvals',
    `/approvals/${ids.approval}`,
    '/sessions',
    '/sessions?table=public.customers',
    `/sessions/${ids.session}`,
    `/decisions/${ids.session}-12`,
    '/findings',
    '/findings/fnd_3d1bdc99a7dd377f2611983bcea0ab98',
  ])('serves the page %s, which nobody keeps', async (path) => {
    const { status, headers, body } = await ask(path);
    expect([status, String(body), headers['content-type'], headers['cache-control']]).toEqual([
      ...[200, page, 'text/html; charset=utf-8', 'no-store'],
    ]);
  });

  it.each([
    '/unknown',
    '/approvals/xyz',
    '/approvals/apr_1/more',
    '/decisions',
    '/findings/xyz',
    '/decisions/<script>',
    '/sign-in/x',
  ])('says of %s, in a page, that there is none', async (path) => {
    const { status, body } = await ask(path);
    expect([status, String(body)]).toEqual([404, page]);
  });

  it.each([
    '/assets/none.js',
    '/assets/',
    '/favicon.ico',
    '/index.html',
    '/notes.txt',
    '/../secret.js',
    '/assets/../../secret.js',
    '/%2e%2e/secret.js',
    '/assets/..%2f..%2fsecret.js',
    '/..\\secret.js',
    '//etc/passwd',
    '/.git/config',
    '/assets/index-abc123.js.map',
    '/__proto__.js',
  ])('has no file %s', async (path) => {
    const { status, headers, body } = await ask(path);
    expect([status, String(body), headers['content-type']]).toEqual([
      404,
      'Not found\n',
      'text/plain; charset=utf-8',
    ]);
  });

  it('lets a file be kept whose name changes with it, and has the others asked for again', async () => {
    const asset = await ask('/assets/index-abc123.js');
    expect([asset.status, String(asset.body), asset.headers['content-type']]).toEqual([
      ...[200, script, 'text/javascript; charset=utf-8'],
    ]);
    expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect((await ask('/theme.js')).headers['cache-control']).toBe('no-cache');
  });

  it('answers what is current with nothing, and compresses for whoever takes it', async () => {
    const { etag } = (await ask('/theme.js')).headers;
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await ask('/theme.js', { headers: { 'if-none-match': tag } });
      expect([again.status, again.body.length]).toEqual([304, 0]);
    }
    expect((await ask('/theme.js', { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
    expect((await ask('/', { headers: { 'if-none-match': '*' } })).status).toBe(200);
    const zipped = await ask('/assets/index-abc123.js', { headers: { 'accept-encoding': 'gzip, br' } });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(String(gunzipSync(zipped.body))).toBe(script);
    expect(zipped.headers['vary']).toBe('accept-encoding');
  });

  it('answers HEAD with the head alone, and no other method', async () => {
    const head = await ask('/', { method: 'HEAD' });
    expect([head.status, head.body.length, head.headers['content-length']]).toEqual([
      200,
      0,
      String(page.length),
    ]);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const refused = await ask(`/approvals/${ids.approval}`, { method });
      expect([refused.status, refused.headers['allow']]).toEqual([405, 'GET, HEAD']);
    }
  });

  it.each(['/', '/unknown', '/assets/none.js', '/theme.js'])('has the policy on %s', async (path) => {
    const { headers } = await ask(path);
    const policy = (headers['content-security-policy'] as string).split('; ').toSorted();
    expect(policy).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "font-src 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "img-src 'self' data:",
      "script-src 'self'",
      "style-src 'self'",
    ]);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  });

  it('says so where the pages were not built', async () => {
    const bare = consoleMount(readConsoleFiles(join(folder, 'nowhere')), []);
    const told: unknown[] = [];
    const response = { writeHead: (status: number) => told.push(status), end: () => undefined };
    await bare.handle({ method: 'GET', url: '/', headers: {} } as never, response as never);
    expect(told).toEqual([503]);
  });
});
