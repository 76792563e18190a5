import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { eventually, root } from '../../support/house.js';
import { typePassword, type Stage } from './stage.js';

const dir = mkdtempSync(join(tmpdir(), 'weir-keycloak-'));
const opened = join(dir, 'opened');
const browser = join(dir, 'browser');
const file = join(dir, 'weirkeeper', 'login.json');

/** For the gate's environment, which its commands share: a "browser" that writes down what it is to open. */
export function commandLine(): NodeJS.ProcessEnv {
  writeFileSync(browser, `#!/bin/sh\nprintf %s "$1" > ${opened}.new && mv ${opened}.new ${opened}\n`);
  chmodSync(browser, 0o755);
  const { WEIR_TOKEN: _, ...env } = process.env;
  return { ...env, XDG_CONFIG_HOME: dir, BROWSER: browser };
}

export function removeCommandLine(): void {
  rmSync(dir, { recursive: true });
}

export function signsInToCommands(stage: () => Stage): void {
  afterEach(() => rmSync(opened, { force: true }));

  it('signs in by a browser and a loopback address', async () => {
    const ran = stage().house.weir('login');
    await eventually(() => existsSync(opened) && readFileSync(opened, 'utf8').length > 0);
    const page = await stage().chromium.person();
    await page.goto(readFileSync(opened, 'utf8'));
    await typePassword(page, 'ana');
    await page.waitForSelector('text=You can close this page');
    const { code, stdout, stderr } = await ran;
    expect([code, stderr.replaceAll(/http\S+/g, 'URL')]).toEqual([
      0,
      'your browser opens; if it does not: URL\n',
    ]);
    expect(stdout).toBe(`signed in as ana Corp, corp:${await stage().realm.user('ana')} (approver)\n`);
    expect(await stage().house.weir('approvals')).toMatchObject({
      code: 0,
      stdout: 'nothing waits for you\n',
    });
    expect((await stage().house.weir('sessions')).code).toBe(3);
    await page.context().close();
  }, 60_000);

  it('renews its token, until that person is signed out there', async () => {
    expire();
    expect(await stage().house.weir('approvals')).toMatchObject({ code: 0 });
    await stage().realm.signOut('ana');
    expire();
    const { code, stderr } = await stage().house.weir('approvals');
    expect(code).toBe(3);
    expect(stderr).toContain('your sign-in is over');
    await stage().house.weir('logout');
  }, 60_000);

  it('signs in with a code on another device', async () => {
    const { house, chromium } = stage();
    const env = { ...commandLine(), WEIR_URL: house.url, WEIR_DATA: house.dataDir };
    const main = join(root, 'dist/services/cli/main.js');
    const child = spawn(process.execPath, [main, 'login', '--device'], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise((done) => child.once('exit', done));
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    await eventually(() => /or open (\S+)\n/.test(stderr));
    const page = await chromium.person();
    await page.goto(/or open (\S+)\n/.exec(stderr)![1]!);
    await typePassword(page, 'aud');
    // Keycloak asks whether this device is meant.
    await page.click('#kc-login');
    await page.waitForSelector('text=Device Login Successful');
    expect(await ended).toBe(0);
    expect((await house.weir('sessions')).code).toBe(0);
    await house.weir('logout');
    await page.context().close();
  }, 60_000);
}

/** As if it had been got long ago. */
function expire(): void {
  const all = JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>;
  const old = Object.entries(all).map(([url, login]) => [url, { ...login, expiresAt: 0 }]);
  writeFileSync(file, JSON.stringify(Object.fromEntries(old)));
}
