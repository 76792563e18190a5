import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureServerCertificate } from '#wire';
import { safePost, type PostOptions } from '../../services/notify/safe-post.js';
import { specFolder } from './approval.house.js';
import { Receiver } from './webhooks.receiver.js';

const never = () => new AbortController().signal;
const noNames = () => Promise.reject(Object.assign(new Error('no names here'), { code: 'ENOTFOUND' }));

function post(url: string, over: Partial<PostOptions> = {}) {
  const { hostname } = new URL(url);
  return safePost({
    ...{ url: new URL(url), headers: { 'content-type': 'application/json' }, body: '{"a":"ü"}' },
    ...{ allowPrivate: [hostname], timeoutMs: 2_000, resolve: noNames, signal: never() },
    ...over,
  });
}

describe('a post', () => {
  let receiver: Receiver;
  beforeEach(async () => void (receiver = await Receiver.open()));
  afterEach(() => receiver.close());

  it('arrives whole where it is allowed', async () => {
    expect(await post(receiver.url)).toMatchObject({ kind: 'answered', status: 200 });
    expect(receiver.received).toMatchObject([{ body: '{"a":"ü"}', path: '/hook' }]);
    expect(receiver.received[0]?.headers.host).toBe(`127.0.0.1:${receiver.port}`);
  });

  it('does not go to a private address that is not allowed by name', async () => {
    expect(await post(receiver.url, { allowPrivate: [] })).toMatchObject({
      ...{ kind: 'failed', reason: expect.stringContaining('private address') },
    });
    const byName = { resolve: async () => ['127.0.0.1'], allowPrivate: ['other.example'] };
    const url = `https://hook.example:${receiver.port}/`;
    expect(await post(url, byName)).toMatchObject({
      reason: expect.stringContaining('hook.example is 127.0.0.1'),
    });
    expect(receiver.received).toEqual([]);
  });

  it.each(['169.254.169.254', '0.0.0.0', '::ffff:169.254.169.254', '224.0.0.1'])(
    'goes to %s for nobody',
    async (address) => {
      const options = { resolve: async () => ['127.0.0.1', address], allowPrivate: ['hook.example'] };
      const answer = await post(`http://hook.example:${receiver.port}/`, options);
      expect(answer).toEqual({
        kind: 'failed',
        reason: `hook.example is ${address}, where no webhook may go`,
      });
      expect(receiver.received).toEqual([]);
    },
  );

  it('looks a name up once, and connects to what it checked', async () => {
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    let asked = 0;
    const resolve = async () => answers[asked++] ?? [];
    const url = `http://hook.example:${receiver.port}/`;
    expect(await post(url, { resolve })).toMatchObject({ status: 200 });
    expect(asked).toBe(1);
    expect(receiver.received[0]?.headers.host).toBe(`hook.example:${receiver.port}`);
    // The name has changed its mind: the second post is another look-up, checked again.
    expect(await post(url, { resolve })).toMatchObject({
      reason: expect.stringContaining('169.254.169.254'),
    });
    expect(receiver.received.length).toBe(1);
  });

  it('goes to the next address where the first does not answer', async () => {
    const resolve = async () => ['::1', '127.0.0.2', '127.0.0.1'];
    expect(await post(`http://hook.example:${receiver.port}/`, { resolve })).toMatchObject({ status: 200 });
  });

  it('sends nothing in the clear to a public address', async () => {
    const options = { resolve: async () => ['8.8.8.8'] };
    expect(await post('http://hook.example/', options)).toMatchObject({
      reason: expect.stringContaining('https'),
    });
  });

  it.each(['http://127.0.0.1:PORT/secret', 'http://169.254.169.254/latest/meta-data/'])(
    'follows no redirect to %s',
    async (location) => {
      const other = await Receiver.open();
      receiver.answer = (_, response) =>
        void response.writeHead(307, { location: location.replace('PORT', String(other.port)) }).end();
      expect(await post(receiver.url)).toMatchObject({ kind: 'answered', status: 307 });
      await sleep(100);
      expect(other.received).toEqual([]);
      await other.close();
    },
  );

  it('takes no proxy from the environment', async () => {
    const proxy = await Receiver.open();
    const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'];
    for (const name of names) process.env[name] = `http://127.0.0.1:${proxy.port}`;
    try {
      expect(await post(receiver.url)).toMatchObject({ status: 200 });
      expect([receiver.received.length, proxy.received.length]).toEqual([1, 0]);
    } finally {
      for (const name of names) delete process.env[name];
      await proxy.close();
    }
  });

  it('gives up on one that hangs, with or without an answer begun', async () => {
    receiver.answer = () => undefined;
    const began = Date.now();
    expect(await post(receiver.url, { timeoutMs: 300 })).toEqual({
      ...{ kind: 'failed', reason: 'no answer within 0.3 s' },
    });
    expect(Date.now() - began).toBeLessThan(2_000);
    const resolve = () => new Promise<string[]>(() => undefined);
    expect(await post('https://hook.example/', { timeoutMs: 100, resolve })).toMatchObject({
      kind: 'failed',
    });
  });

  it('reads an answer no further than its status', async () => {
    let written = 0;
    receiver.answer = (_, response) => {
      response.writeHead(200);
      const more = () => {
        for (let taken = true; taken && !response.destroyed; written += 64 * 1024)
          taken = response.write(Buffer.alloc(64 * 1024));
      };
      response.on('drain', more);
      more();
    };
    expect(await post(receiver.url)).toMatchObject({ status: 200 });
    await sleep(300);
    expect(written).toBeLessThan(16 * 1024 * 1024); // socket buffers, and then the end
    const before = written;
    await sleep(300);
    expect(written).toBe(before);
  });

  it('fails in words of our own where the answer is none', async () => {
    receiver.answer = (request) => request.socket.resetAndDestroy();
    expect(await post(receiver.url)).toEqual({ kind: 'failed', reason: 'no answer: ECONNRESET' });
    receiver.answer = (_, response) => void response.writeHead(200, { big: 'x'.repeat(64 * 1024) }).end();
    expect(await post(receiver.url)).toMatchObject({ reason: 'no answer: HPE_HEADER_OVERFLOW' });
    receiver.answer = ({ socket }) =>
      void socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
    expect(await post(receiver.url)).toEqual({ kind: 'failed', reason: 'the connection failed' });
    const unused = await Receiver.open();
    const url = unused.url.replace('/hook', '/path-secret');
    await unused.close();
    expect(await post(url)).toEqual({ kind: 'failed', reason: 'no answer: ECONNREFUSED' });
    expect(await post('https://nowhere.example/s3cret')).toEqual({
      kind: 'failed',
      reason: 'no answer: ENOTFOUND',
    });
  });

  it('speaks to what is no HTTP server without harm', async () => {
    const server = await listening(createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')));
    expect(await post(`http://127.0.0.1:${portOf(server)}/`)).toMatchObject({ kind: 'failed' });
    server.close();
  });

  it('trusts no certificate that nobody vouches for, and asks for the host by name', async () => {
    const folder = specFolder();
    const names: string[] = [];
    const SNICallback = (name: string, done: (error: null) => void) => {
      names.push(name);
      done(null);
    };
    const server = createTlsServer({ ...(await ensureServerCertificate(folder.path)), SNICallback });
    server.on('tlsClientError', () => undefined);
    await listening(server);
    const url = `https://hook.example:${portOf(server)}/`;
    expect(await post(url, { resolve: async () => ['127.0.0.1'] })).toEqual({
      ...{ kind: 'failed', reason: 'no answer: DEPTH_ZERO_SELF_SIGNED_CERT' },
    });
    expect(names).toEqual(['hook.example']);
    server.close();
    folder.remove();
  });
});

async function listening<S extends Server>(server: S): Promise<S> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
