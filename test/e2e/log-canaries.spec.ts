import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, freePort } from '../support/house.js';
import { peer } from '../support/peers.js';
import { leaksIn } from './canaries.js';
import { Stage } from './stage.js';

// Values that cannot occur by chance, by where they come from.
const canary = {
  literal: 'canary-literal-0b1c',
  parameter: 'canary-parameter-2d3e',
  password: 'canary-password-4f50',
  bearer: `eyJhbGciOiJub25lIn0.${Buffer.from('canary-bearer-6172').toString('base64url')}.AAAA`,
  basic: 'canary-basic-8394',
  body: 'canary-body-a5b6',
  query: 'canary-query-c7d8',
  wire: 'canary-wire-e9fa',
  code: 'canary-code-1b2c',
  clientSecret: 'canary-client-secret-3d4e',
  hookUrl: 'canary-hook-url-5f60',
  hookSecret: `whsec_${Buffer.from('canary-hook-secret-7182-and-more').toString('base64')}`,
  reason: 'canary-reason-93a4',
} as const;

describe.skipIf(!peer('postgres'))('what all processes log in a full run', { timeout: 120_000 }, () => {
  let stage: Stage;
  let tokens: string[];
  let log: string;

  beforeAll(async () => {
    const hook = createServer((_, response) => response.writeHead(500).end(canary.hookUrl));
    await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done));
    const { port } = hook.address() as AddressInfo;
    process.env['HOOK_URL'] = `http://localhost:${port}/${canary.hookUrl}`;
    process.env['GONE_URL'] = `http://localhost:${await freePort()}/${canary.hookUrl}`;
    process.env['HOOK_SECRET'] = canary.hookSecret;
    process.env['WRONG_PW'] = 'not its password 9';
    const hooks = ['HOOK', 'GONE'].map(
      (name) =>
        `  - { name: ${name.toLowerCase()}, url: "env:${name}_URL", secret: "env:HOOK_SECRET", allowPrivate: [localhost] }`,
    );
    stage = await Stage.build({
      yaml: ['webhooks:', ...hooks, 'proxy: { workers: 2 }'].join('\n'),
      connections: [
        'name: wrong, protocol: postgres, host: 127.0.0.1, port: PORT, database: postgres, user: svc_orders, password: env:WRONG_PW, tls: disable',
        'name: nobody, protocol: postgres, host: 127.0.0.1, port: 1, database: postgres, user: svc_orders, password: env:WRONG_PW, tls: disable',
      ],
    });
    tokens = await Promise.all(
      ['agent', 'auditor', 'operator', 'approver'].map((role) => stage.house.token(role)),
    );
    await honest();
    await hostile();
    await overHttp();
    await theJournal();
    await sleep(1500); // webhooks try again, the shipper and ingest say what they have to say
    await stage.house.kill('SIGTERM');
    log = stage.house.logged;
    await new Promise((done) => hook.close(done));
  }, 240_000);
  afterAll(() => stage?.down());

  async function client(database = 'orders', password?: string): Promise<pg.Client> {
    const address = await stage.address(database);
    const made = new pg.Client({
      ...address,
      user: 'agent',
      ...(password === undefined ? {} : { password }),
    });
    made.on('error', () => undefined);
    await made.connect();
    return made;
  }

  /** What a session may do, what is refused, what the target says no to, what is held. */
  async function honest(): Promise<void> {
    const one = await client();
    const tried = (text: string, values?: unknown[]) =>
      one.query(text, values).then(
        () => 'ok',
        () => 'refused',
      );
    const outcomes = [
      await tried('select * from customers'),
      await tried('select name from customers where name = $1', [canary.parameter]),
      await tried(`select id from tickets where title = '${canary.literal}'`),
      await tried(`drop table "${canary.literal}"`),
      await tried(`select '${canary.literal}'::int`),
      await tried('select $1::text::int', [canary.parameter]),
      await tried(`no sql '${canary.literal}'`),
      await tried(`select "${canary.literal}" from tickets`),
      await tried('select id from customers where email like $1', [stage.canaries.email(1)]),
      await tried(`select id from tickets where title = '${'x'.repeat(2 * 1024 * 1024)}${canary.literal}'`),
    ];
    expect(outcomes.slice(0, 3)).toEqual(['ok', 'ok', 'ok']);
    expect(outcomes.slice(3)).toEqual(Array(7).fill('refused'));
    const held = one.query(`update tickets set title = '${canary.literal}' where id = $1`, [1]);
    held.catch(() => undefined);
    await stage.house.decide(await stage.house.pendingApproval(), 'deny', canary.reason);
    await expect(held).rejects.toThrow('denied');
    await one.end();
  }

  async function hostile(): Promise<void> {
    await expect(client('orders', canary.password)).rejects.toThrow('token');
    await expect(client('orders', canary.bearer)).rejects.toThrow('token');
    await expect(client('wrong')).rejects.toThrow('target');
    await expect(client('nobody')).rejects.toThrow('target');
    for (const bytes of [
      Buffer.from(`GET /${canary.wire} HTTP/1.1\r\n\r\n`),
      Buffer.concat([
        Buffer.from([0, 0, 0, 60, 0, 3, 0, 0]),
        Buffer.from(`user\0${canary.wire}\0`),
        Buffer.alloc(60, 0x41),
      ]),
    ])
      await new Promise<void>((done) => {
        const socket = connect(stage.house.postgresPort, '127.0.0.1', () => socket.end(bytes));
        socket.on('error', () => done()).on('close', () => done());
        socket.resume();
      });
    // In the middle of a session: no message of the protocol.
    const broken = await client();
    const gone = new Promise((done) => broken.once('end', done));
    (broken as unknown as { connection: { stream: NodeJS.WritableStream } }).connection.stream.write(
      Buffer.from(`\x01\x00\x00\x00\x30${canary.wire}${'z'.repeat(100)}`, 'latin1'),
    );
    await gone;
  }

  async function overHttp(): Promise<void> {
    const { house } = stage;
    const at = (path: string, init?: RequestInit) =>
      fetch(house.url + path, init).then(({ status }) => status);
    const bearer = { authorization: `Bearer ${canary.bearer}` };
    const post = (body: unknown) => ({ method: 'POST', body: JSON.stringify(body) });
    const typed = { 'content-type': 'application/json' };
    expect(await at('/api/sessions', { headers: bearer })).toBe(401);
    expect(await at('/api/connections', { headers: bearer })).toBe(401);
    for (const query of [
      `select '${canary.query}' from nowhere`,
      `selec ${canary.query}`,
      `select * from url('http://${canary.query}')`,
    ])
      expect((await house.fetch('auditor', '/api/sql', { ...post({ query }), headers: typed })).ok).toBe(
        false,
      );
    for (const body of [{ [canary.body]: 1 }, { name: canary.body }, canary.body])
      expect((await house.fetch('operator', '/api/connections', { ...post(body), headers: typed })).ok).toBe(
        false,
      );
    await house.fetch('auditor', `/api/sessions?cursor=${canary.query}`);
    expect(await at(`/api/identity/callback/dev?code=${canary.code}&state=${canary.code}`)).toBeGreaterThan(
      0,
    );
    const basic = Buffer.from(`dev-agent:${canary.clientSecret}`).toString('base64');
    const grant = new URLSearchParams({
      grant_type: 'client_credentials',
      client_secret: canary.clientSecret,
    });
    const refused = { method: 'POST', headers: { authorization: `Basic ${basic}` }, body: grant };
    expect(await at('/dev-idp/token', refused)).toBeGreaterThanOrEqual(400);
    const door = `http://127.0.0.1:${house.sqlPort}/`;
    const user = { authorization: `Basic ${Buffer.from(`x:${canary.basic}`).toString('base64')}` };
    expect((await fetch(`${door}?query=${canary.query}`, { headers: user })).status).toBeGreaterThanOrEqual(
      400,
    );
    const query = `select '${canary.query}' + from`;
    const auditor = { authorization: `Bearer ${tokens[1]}` };
    expect((await fetch(door, { method: 'POST', body: query, headers: auditor })).ok).toBe(false);
  }

  /** A worker that is killed leaves a torn journal behind: its successor says what it found. */
  async function theJournal(): Promise<void> {
    const { house } = stage;
    const { journals } = await house.json<{ journals: { name: string; owner: { pid: number } }[] }>(
      'operator',
      '/api/journal',
    );
    const clients = await Promise.all([client(), client(), client(), client()]);
    for (const each of clients) await each.query(`select id from tickets where title = '${canary.literal}'`);
    const { appendFileSync, readdirSync } = await import('node:fs');
    const folder = `${house.dataDir}/${journals[1]!.name}`;
    const newest = readdirSync(folder)
      .filter((name) => name.endsWith('.journal'))
      .sort()
      .at(-1)!;
    process.kill(journals[1]!.owner.pid, 'SIGSTOP');
    appendFileSync(`${folder}/${newest}`, canary.literal);
    process.kill(journals[1]!.owner.pid, 'SIGKILL');
    await eventually(async () => house.logged.includes('unfinished write'), 30_000);
    await eventually(async () => (await fetch(`${house.url}/readyz`)).status === 200, 30_000);
    await Promise.all(clients.map((each) => each.end().catch(() => undefined)));
  }

  it('is a JSON object a line, with time, level and context', () => {
    const lines = log.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      const parsed = JSON.parse(line) as object;
      expect([line, Object.keys(parsed)]).toEqual([
        line,
        expect.arrayContaining(['time', 'level', 'context', 'message']),
      ]);
    }
  });

  it('tells what happened', () => {
    for (const said of [
      'TOKEN_INVALID',
      'TARGET_REFUSED',
      'TARGET_UNREACHABLE',
      'PROTOCOL_VIOLATION',
      'unfinished write',
      'hook',
    ])
      expect(log).toContain(said);
  });

  it('holds no literal, parameter, password, token, cell, secret of a webhook or of the identity provider', () => {
    const found = Object.entries(canary).filter(([, value]) => log.includes(value));
    expect(found).toEqual([]);
    expect(leaksIn(Buffer.from(log), stage.canaries)).toEqual([]);
    const secrets = [
      ...tokens,
      stage.postgres.password,
      'a password that no client may see 7',
      'not its password 9',
    ];
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
    expect(log).not.toMatch(/eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/);
    expect(log).not.toContain(canary.hookSecret.slice('whsec_'.length));
  });
});
