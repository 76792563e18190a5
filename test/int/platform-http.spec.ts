import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Body, Controller, Get, Module, Post, type INestApplication, type Type } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openEmbeddedLog } from '#event-log';
import { AppError, ManualClock, type Principal } from '#kernel';
import {
  Authenticated,
  bootHttp,
  Caller,
  parseConfig,
  PlatformModule,
  Public,
  Readiness,
  Roles,
  type CallerIdentity,
  type Mount,
  type PlatformOptions,
} from '#platform';
import { eventually } from '../support/house.js';
import { json } from '../support/json.js';

const order = z.strictObject({ count: z.number().int() });

@Controller('things')
class ThingsController {
  @Get('undeclared')
  undeclared() {
    return { leaked: true };
  }

  @Public()
  @Get('public')
  open() {
    return { ok: true };
  }

  @Authenticated()
  @Get('me')
  me(@Caller() caller: CallerIdentity) {
    return { id: caller.principal.id, roles: [...caller.roles] };
  }

  @Roles('auditor', 'security')
  @Get('audit')
  audit() {
    return { ok: true };
  }

  @Authenticated()
  @Post('orders')
  order(@Body({ schema: order }) body: z.infer<typeof order>) {
    return body;
  }

  @Public()
  @Get('broken')
  broken() {
    throw new Error('password hunter2 in a stack');
  }

  @Public()
  @Get('conflict')
  conflict() {
    throw new AppError('CONFLICT', 'it is there already', { hint: 'use another name' });
  }

  @Public()
  @Get('away')
  away() {
    throw new AppError('LOG_UNAVAILABLE', 'it is away');
  }
}

const people: Record<string, readonly string[]> = {
  ann: ['auditors'],
  bob: ['nobodies'],
  eve: ['approvers'],
};

const logDir = mkdtempSync(join(tmpdir(), 'weir-http-'));
const eventLog = openEmbeddedLog({ path: logDir });
const options: PlatformOptions = {
  config: parseConfig('identity: { roles: { auditor: [auditors] } }', '/nowhere/weir.yaml', '/nowhere/.weir'),
  clock: new ManualClock(),
  eventLog,
  instance: 'test-1',
  verifier: {
    verify: (token) => {
      const groups = people[token];
      if (!groups) return Promise.reject(new AppError('TOKEN_INVALID', 'the token is not accepted'));
      const principal: Principal = { id: `t:${token}`, issuer: 't', subject: token, kind: 'person', groups };
      return Promise.resolve({ principal, expiresAt: 0 });
    },
  },
};
const platform = PlatformModule.forRoot(options);

@Module({ imports: [platform], controllers: [ThingsController] })
class TestModule {}

let app: INestApplication;
let url: string;
beforeAll(async () => {
  ({ app, url } = await boot(TestModule));
});
afterAll(async () => {
  await app.close();
  await eventLog.close();
  rmSync(logDir, { recursive: true });
});

async function boot(module: Type) {
  const mounts = [{ path: '/raw', handle: rawEcho }];
  const listen = { host: '127.0.0.1', port: 0 };
  const booted = await bootHttp(module, { listen, mounts, shutdownHooks: false, bodyLimit: 1000 });
  return { app: booted, url: await booted.getUrl() };
}

function rawEcho(request: IncomingMessage, response: ServerResponse) {
  request.pipe(response);
}

const get = (path: string, token?: string) =>
  fetch(url + path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
const post = (path: string, body: string, headers = {}) =>
  fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

describe('the guard', () => {
  it('refuses a route that declares no access to everyone, with a token and without', async () => {
    expect((await get('/api/things/undeclared')).status).toBe(401);
    expect((await get('/api/things/undeclared', 'ann')).status).toBe(403);
  });

  it('serves a public route without a token', async () => {
    expect(await (await get('/api/things/public')).json()).toEqual({ ok: true });
  });

  it('answers 401 with a challenge without a token, and names the error with a wrong one', async () => {
    const without = await get('/api/things/me');
    expect([without.status, without.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="weirkeeper"',
    ]);
    const wrong = await get('/api/things/me', 'nobody');
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="weirkeeper", error="invalid_token"',
    ]);
  });

  it('tells the handler who calls, with the roles of the groups', async () => {
    expect(await (await get('/api/things/me', 'ann')).json()).toEqual({ id: 't:ann', roles: ['auditor'] });
  });

  it('asks for one of the roles', async () => {
    expect((await get('/api/things/audit', 'ann')).status).toBe(200);
    expect((await get('/api/things/audit', 'bob')).status).toBe(403);
    // `eve` is in a group named like a role's usual one, but this configuration maps nothing to it.
    expect((await get('/api/things/audit', 'eve')).status).toBe(403);
  });
});

describe('input', () => {
  const token = { authorization: 'Bearer bob' };

  it('takes what the schema allows', async () => {
    expect(await (await post('/api/things/orders', '{"count":2}', token)).json()).toEqual({ count: 2 });
  });

  it.each([
    ['{"count":"2"}', 400, 'count'],
    ['{"count":2,"extra":1}', 400, 'extra'],
    ['{"count":', 400, 'JSON'],
    [JSON.stringify({ count: 1, pad: 'x'.repeat(2000) }), 413, 'large'],
  ])('refuses %s with a problem document', async (body, status, mentions) => {
    const answer = await post('/api/things/orders', body, token);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect((await json<{ detail: string }>(answer)).detail).toContain(mentions);
  });
});

describe('errors', () => {
  it('translates an AppError with its code and hint', async () => {
    expect(await (await get('/api/things/conflict')).json()).toEqual({
      type: 'urn:weirkeeper:problem:conflict',
      title: 'conflict',
      status: 409,
      detail: 'it is there already',
      code: 'CONFLICT',
      hint: 'use another name',
    });
  });

  it('says when to ask again where something is away, and only there', async () => {
    const away = await get('/api/things/away');
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await get('/api/things/conflict')).headers.get('retry-after')).toBeNull();
  });

  it('says nothing about what nobody foresaw but where to look', async () => {
    const answer = await get('/api/things/broken');
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(text).not.toMatch(/hunter2|stack|\.ts/);
    expect(JSON.parse(text).instance).toMatch(/^urn:weirkeeper:error:err_/);
  });

  it('answers an unknown route with a problem document', async () => {
    const answer = await get('/api/nothing');
    expect([answer.status, (await json<{ code: string }>(answer)).code]).toEqual([404, 'NOT_FOUND']);
  });
});

describe('what every application serves', () => {
  it('is healthy, and ready once its checks hold', async () => {
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
    let ready = false;
    app.get(Readiness).add('fold', () => ready);
    const waiting = await get('/readyz');
    expect([waiting.status, await waiting.json()]).toEqual([
      503,
      { status: 'waiting', waitingFor: ['fold'] },
    ]);
    ready = true;
    expect((await get('/readyz')).status).toBe(200);
  });

  it('serves metrics', async () => {
    expect(await (await get('/metrics')).text()).toContain('process_cpu_user_seconds_total');
  });

  it('serves metrics to those that the configuration names, who ask through a proxy, too', async () => {
    const yaml =
      'identity: { trustedProxies: [127.0.0.1] }\nobservability: { metrics: { from: [10.7.0.0/16] } }';
    const config = parseConfig(yaml, '/nowhere/weir.yaml', '/nowhere/.weir');
    @Module({ imports: [PlatformModule.forRoot({ ...options, config })] })
    class NamedModule {}
    const named = await boot(NamedModule);
    const asked = async (path: string, from?: string) => {
      const headers = from === undefined ? {} : { 'x-forwarded-for': from };
      return (await fetch(named.url + path, { headers })).status;
    };
    expect([await asked('/metrics'), await asked('/metrics', '10.7.0.1')]).toEqual([200, 200]);
    expect([await asked('/metrics', '203.0.113.9'), await asked('/metrics/own', '10.7.0.1')]).toEqual([
      403, 403,
    ]);
    await named.app.close();
  });

  it('describes its routes and their bodies', async () => {
    const document = await json<OpenAPIObject>(await get('/api/openapi.json'));
    const body = document.paths['/api/things/orders']?.post?.requestBody as {
      content: Record<string, { schema: object }>;
    };
    expect(body.content['application/json']?.schema).toMatchObject({
      properties: { count: { type: 'integer' } },
    });
  });

  it('sends security headers', async () => {
    const { headers } = await get('/healthz');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
  });

  it('hands a mount its requests unparsed', async () => {
    expect(await (await post('/raw/token', 'a=1&b=2')).text()).toBe('a=1&b=2');
    expect((await get('/rawest')).status).toBe(404);
  });
});

describe('two routes for one path', () => {
  @Controller('things')
  class TwinController {
    @Public()
    @Get('public')
    other() {
      return { ok: false };
    }
  }

  @Module({ imports: [platform], controllers: [ThingsController, TwinController] })
  class TwinModule {}

  it('do not start', async () => {
    await expect(boot(TwinModule)).rejects.toThrow(/things\/public/);
  });
});

describe('an application that closes', () => {
  /** A connection of its own, with what came on it. */
  async function dial(target: string, request = '') {
    const socket = connect(Number(new URL(target).port), '127.0.0.1');
    const said = { text: '', isOver: false };
    socket.on('data', (data) => (said.text += String(data)));
    socket.on('error', () => undefined);
    const over = once(socket, 'close').then(() => (said.isOver = true));
    await once(socket, 'connect');
    socket.write(request);
    return { socket, said, over };
  }

  it('is not held by connections without a request, and finishes what was asked', async () => {
    let answer!: () => void;
    const mounts: Mount[] = [
      { path: '/slow', handle: (_, response) => void (answer = () => void response.end('whole')) },
    ];
    const listen = { host: '127.0.0.1', port: 0 };
    const module = PlatformModule.forRoot(options);
    const closing = await bootHttp(module, { listen, mounts, shutdownHooks: false });
    const target = await closing.getUrl();
    const [preconnect, idle, slow] = await Promise.all([
      dial(target),
      dial(target, 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'),
      dial(target, 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n'),
    ]);
    await eventually(() => idle.said.text.includes('ok') && answer !== undefined);
    const begun = performance.now();
    const closed = closing.close();
    await Promise.all([preconnect.over, idle.over]);
    expect(slow.said.isOver).toBe(false);
    answer();
    await closed;
    expect(slow.said.text).toContain('whole');
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  it('cuts off at last what does not end', async () => {
    const mounts: Mount[] = [{ path: '/endless', handle: (_, response) => void response.write('on') }];
    const listen = { host: '127.0.0.1', port: 0 };
    const closing = await bootHttp(PlatformModule.forRoot(options), {
      ...{ listen, mounts, shutdownHooks: false },
    });
    const endless = await dial(await closing.getUrl(), 'GET /endless HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually(() => endless.said.text.includes('on'));
    await closing.close();
    await endless.over;
  }, 15_000);

  it('says first of all that it takes no more work', async () => {
    const readiness = app.get(Readiness);
    await readiness.leave();
    const answer = await get('/readyz');
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { status: 'waiting', waitingFor: ['shutting down'] },
    ]);
    expect((await get('/healthz')).status).toBe(200);
  });
});
