import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LoginFile, type Login } from '../../services/cli/login/login.file.js';

let dir: string;
let file: LoginFile;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'weir-login-file-'));
  file = new LoginFile({ XDG_CONFIG_HOME: dir });
});
afterEach(() => rmSync(dir, { recursive: true }));

const gate = 'https://weir.example';
const login = (token: string): Login => ({
  ...{ provider: 'corp', issuer: 'https://idp.example', clientId: 'cli', use: 'access', token },
  expiresAt: 0,
});

describe('the file of logins', () => {
  it('stands in the configuration folder, for its owner alone', async () => {
    expect(new LoginFile({ HOME: '/home/ann' }).path).toBe('/home/ann/.config/weirkeeper/login.json');
    await file.put(gate, login('t'));
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'weirkeeper')).mode & 0o777).toBe(0o700);
    expect(existsSync(`${file.path}.lock`)).toBe(false);
  });

  it('keeps each gate by itself', async () => {
    await file.put(gate, login('one'));
    await file.put('https://other.example', login('two'));
    expect((await file.get(gate))?.token).toBe('one');
    await file.drop(gate);
    expect(await file.get(gate)).toBeUndefined();
    expect((await file.get('https://other.example'))?.token).toBe('two');
  });

  it('is changed by one command at a time, each seeing what the other wrote', async () => {
    await file.put(gate, login('0'));
    const add = async (before: Login) => {
      await new Promise((done) => setTimeout(done, 5));
      return { ...before, token: String(Number(before.token) + 1) };
    };
    await Promise.all(Array.from({ length: 8 }, () => file.change(gate, add)));
    expect((await file.get(gate))?.token).toBe('8');
    const failing = file.change(gate, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect((await file.change(gate, add))?.token).toBe('9');
  });

  it('is not locked for ever by a command that was killed', async () => {
    mkdirSync(join(dir, 'weirkeeper'));
    writeFileSync(`${file.path}.lock`, '');
    const long = new Date(Date.now() - 60_000);
    utimesSync(`${file.path}.lock`, long, long);
    await file.put(gate, login('t'));
    expect((await file.get(gate))?.token).toBe('t');
  });

  it('says so where it is none', async () => {
    mkdirSync(join(dir, 'weirkeeper'));
    writeFileSync(file.path, '{');
    await expect(file.get(gate)).rejects.toThrow(/login\.json cannot be read: remove it/);
  });
});
