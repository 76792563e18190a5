import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PlainBrowser } from '../support/browser.js';
import { eventually, root, run, TestHouse } from '../support/house.js';

const dir = mkdtempSync(join(tmpdir(), 'weir-login-'));
const opened = join(dir, 'opened');
const browser = join(dir, 'browser');
const file = join(dir, 'weirkeeper', 'login.json');

let house: TestHouse;
beforeAll(async () => {
  writeFileSync(browser, `#!/bin/sh\nprintf %s "$1" > ${opened}.new && mv ${opened}.new ${opened}\n`);
  chmodSync(browser, 0o755);
  const { WEIR_TOKEN: _, ...env } = process.env;
  house = await TestHouse.start({
    env: { ...env, XDG_CONFIG_HOME: dir, BROWSER: browser },
    yaml: 'demo: true',
  });
}, 120_000);
afterAll(async () => {
  await house.stop();
  rmSync(dir, { recursive: true });
});
beforeEach(() => rmSync(opened, { force: true }));

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  stderr: string;
}

function start(...args: string[]): Running {
  const env = { ...process.env, WEIR_URL: house.url, WEIR_DATA: house.dataDir, XDG_CONFIG_HOME: dir };
  const main = join(root, 'dist/services/cli/main.js');
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  const running: Running = { child, ended, stderr: '' };
  child.stderr.on('data', (data: Buffer) => (running.stderr += data.toString()));
  return running;
}

async function addressOpened(): Promise<string> {
  await eventually(() => existsSync(opened));
  return readFileSync(opened, 'utf8');
}

const logins = () => JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, unknown>>;

describe('weir login', () => {
  it('signs in by a browser, and every command then speaks as that person', async () => {
    const ran = house.weir('login');
    const person = new PlainBrowser();
    const roles = await person.open(await addressOpened());
    const landed = await person.submit(roles, { role: 'approver' });
    expect(landed).toMatchObject({
      status: 200,
      html: expect.stringContaining('You can close this page') as string,
    });
    expect(await ran).toMatchObject({
      code: 0,
      stdout: 'signed in as Development approver, dev:dev-approver (approver)\n',
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await house.weir('approvals')).toMatchObject({ code: 0, stdout: 'nothing waits for you\n' });
    // Not the development provider's auditor, who would be served.
    expect((await house.weir('sessions')).code).toBe(3);
    const mine = (await house.weir('token')).stdout.trim();
    expect(logins()[house.url]?.['token']).toBe(mine);
    expect((await house.weir('token', 'agent')).stdout.trim()).not.toBe(mine);
  });

  it('renews its token once, for two commands at the same time', async () => {
    const all = logins();
    const before = all[house.url]!;
    writeFileSync(file, JSON.stringify({ ...all, [house.url]: { ...before, expiresAt: Date.now() } }));
    const both = await Promise.all([house.weir('approvals'), house.weir('approvals')]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const after = logins()[house.url]!;
    expect(after['refreshToken']).not.toBe(before['refreshToken']);
    expect(after['expiresAt']).toBeGreaterThan(Date.now() + 60_000);
  });

  it('outlives a restart of the gate', async () => {
    await house.kill('SIGTERM');
    await house.up();
    const all = logins();
    writeFileSync(file, JSON.stringify({ ...all, [house.url]: { ...all[house.url]!, expiresAt: 0 } }));
    expect((await house.weir('approvals')).code).toBe(0);
  }, 120_000);

  it('says so when the provider renews nothing, and does not speak as somebody else instead', async () => {
    const all = logins();
    const broken = { ...all[house.url]!, expiresAt: 0, refreshToken: 'gone' };
    writeFileSync(file, JSON.stringify({ ...all, [house.url]: broken }));
    const { code, stderr } = await house.weir('sessions');
    expect(code).toBe(3);
    expect(stderr).toContain('your sign-in is over');
    writeFileSync(file, JSON.stringify(all));
  });

  it('counts after WEIR_TOKEN', async () => {
    const env = { ...process.env, WEIR_URL: house.url, WEIR_DATA: house.dataDir, XDG_CONFIG_HOME: dir };
    const auditor = { ...env, WEIR_TOKEN: await house.token('auditor') };
    const main = join(root, 'dist/services/cli/main.js');
    expect((await run(process.execPath, [main, 'sessions'], { env: auditor })).code).toBe(0);
    expect((await run(process.execPath, [main, 'approvals'], { env: auditor })).code).toBe(3);
  });

  it('ends with logout', async () => {
    expect(await house.weir('logout')).toMatchObject({ code: 0, stdout: 'signed out\n' });
    expect(logins()).toEqual({});
    expect(await house.weir('logout')).toMatchObject({ stdout: 'nobody was signed in\n' });
    expect((await house.weir('sessions')).code).toBe(0);
  });

  it('takes an answer with its own state only', async () => {
    const ran = house.weir('login');
    const url = await addressOpened();
    const back = new URL(new URL(url).searchParams.get('redirect_uri')!);
    for (const search of ['?code=x&state=wrong', '?code=x', ''])
      expect((await fetch(back.href + search)).status).toBe(404);
    const person = new PlainBrowser();
    await person.submit(await person.open(url), { role: 'auditor' });
    expect((await ran).code).toBe(0);
    await house.weir('logout');
  });

  it('signs in without a browser, with a code on another device', async () => {
    const running = start('login', '--device');
    await eventually(() => /type in (\S+)\nor open (\S+)/.test(running.stderr));
    const [, code = '', complete = ''] = /type in (\S+)\nor open (\S+)/.exec(running.stderr)!;
    const phone = new PlainBrowser();
    const asked = await phone.submit(await phone.open(complete));
    expect(asked.html).toContain(code);
    const roles = await phone.submit(asked, {});
    const done = await phone.submit(roles, { role: 'agent' });
    expect(done.html).toContain('You can close this page');
    expect(await running.ended).toBe(0);
    // What connects then, connects as whoever signed in: PGHOST and the like are set, a password is not.
    const script = `import pg from 'pg';
      const client = new pg.Client();
      await client.connect();
      console.log((await client.query('SELECT count(*)::int AS n FROM customers')).rows[0].n);
      await client.end();`;
    const command = ['--', process.execPath, '--input-type=module', '-e', script];
    expect(await house.weir('connect', 'demo', ...command)).toMatchObject({ code: 0, stdout: '2000\n' });
    await eventually(async () => {
      const rows = await house.sql('SELECT DISTINCT identity FROM sessions');
      return rows.some(({ identity }) => identity === 'dev:dev-agent');
    });
    await house.weir('logout');
  }, 60_000);

  it('names the providers that there are', async () => {
    const { code, stderr } = await house.weir('login', '--provider', 'corp');
    expect(code).toBe(4);
    expect(stderr).toContain('there is: dev');
  });
});
