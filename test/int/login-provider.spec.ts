import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../services/cli/cli.js';
import { HostileProvider } from '../support/hostile-provider.js';
import { IdentityHouse } from './identity.house.js';

const dir = mkdtempSync(join(tmpdir(), 'weir-login-provider-'));
let corp: HostileProvider;
let other: HostileProvider;
let house: IdentityHouse;
beforeAll(async () => {
  corp = await HostileProvider.start();
  other = await HostileProvider.start();
  const entries = [corp.entry('corp', ', cliClientId: cli'), other.entry('other', ', cliClientId: cli')];
  const identity = `  oidc:\n    - ${entries.join('\n    - ')}`;
  house = await IdentityHouse.start({ identity });
});
afterAll(async () => {
  await house.stop();
  await corp.stop();
  await other.stop();
  rmSync(dir, { recursive: true });
});

async function login(...args: string[]) {
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const env = { XDG_CONFIG_HOME: dir };
  const code = await runCli(['login', ...args], { env, url: house.url, dataDir: dir, out: say, err: say });
  return { code, said: said.join('\n') };
}

describe('where `weir login` signs in', () => {
  it('must be said, where a gate has several providers', async () => {
    const { code, said } = await login();
    expect([code, said]).toEqual([2, expect.stringContaining('--provider, one of corp, other') as string]);
    const wrong = await login('--provider', 'evil');
    expect([wrong.code, wrong.said]).toEqual([4, expect.stringContaining('there is: corp, other') as string]);
  });

  it('must have a device sign-in for --device', async () => {
    const { code, said } = await login('--provider', 'corp', '--device');
    expect([code, said]).toEqual([1, expect.stringContaining('has no device sign-in') as string]);
  });

  it('must be who the gate says it is', async () => {
    corp.discovery['issuer'] = 'https://evil.example';
    const { code, said } = await login('--provider', 'corp');
    expect([code, said]).toEqual([3, expect.stringContaining('cannot be used') as string]);
    delete corp.discovery['issuer'];
  });
});
