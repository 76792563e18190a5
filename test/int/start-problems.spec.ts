import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/house.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-start-'));
let server: Server;
let taken: string;

beforeAll(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  taken = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** All that a start says before it ends by itself. */
async function startWith(yaml: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  writeFileSync(join(folder, 'weir.yaml'), yaml);
  const gate = spawn(process.execPath, [join(root, 'dist/services/all/main.js')], {
    cwd: folder,
    env: { ...process.env, WEIR_LOG: 'log', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = await Promise.all([text(gate.stdout), text(gate.stderr)]);
  return out + err;
}
const policies = `policies: ${join(root, 'policies')}`;
const free = '127.0.0.1:0';

describe('a start that cannot be', () => {
  it('names a folder of policies and a masking file that are not there', async () => {
    expect(await startWith('policies: polices/\nmasking: nowhere.yaml\n')).toBe(
      `weir: weir.yaml:1: policies: ${folder}/polices does not exist; name the folder of your *.cedar files, or \`api\`\n` +
        `weir.yaml:2: masking: ${folder}/nowhere.yaml does not exist; name your masking file, or drop the key for the shipped rules\n`,
    );
    mkdirSync(join(folder, 'polices'));
    expect(await startWith('policies: polices/\n')).not.toContain('polices does not exist');
  });

  it.each(['http', 'postgres'])('names the key of a port that is in use: %s', async (name) => {
    const listen = { http: free, postgres: free, [name]: taken };
    const said = await startWith(`${policies}\nlisten:\n  ${name}: ${taken}\n${rest(listen, name)}`);
    expect(lines(said).filter((line) => !line.startsWith('{'))).toEqual([
      `weir: weir.yaml:3: listen.${name}: ${taken} is in use by another process; stop that one, or name another port here`,
    ]);
  });

  it('says what is wrong with a webhook once, and all that it logs is JSON', async () => {
    const oidc = 'identity: { oidc: [{ name: corp, issuer: "https://idp.example", audience: weir }] }';
    const hook = 'webhooks:\n  - { name: a, url: "https://hook.example", secret: env:HOOK }\n';
    const listen = `listen: { http: ${free}, postgres: ${free} }`;
    const said = await startWith(`${policies}\n${listen}\n${oidc}\n${hook}`, { HOOK: 'short' });
    const [logged, told] = [
      lines(said).filter((line) => line.startsWith('{')),
      lines(said).filter((line) => !line.startsWith('{')),
    ];
    expect(told).toEqual([expect.stringContaining('weir: weir.yaml:5: webhooks[0].secret: what it names')]);
    expect(logged.join('\n')).toContain('"context":"dev-provider"');
    expect(logged.join('\n')).not.toContain('"level":"error"');
  });
});

describe('a configuration that is wrong', () => {
  /** Packages that a start loaded. */
  async function loaded(yaml: string): Promise<readonly string[]> {
    const coverage = mkdtempSync(join(folder, 'coverage-'));
    await startWith(yaml, { NODE_V8_COVERAGE: coverage });
    const texts = readdirSync(coverage).map((name) => readFileSync(join(coverage, name), 'utf8'));
    return [...texts.join('').matchAll(/node_modules\/((?:@[^/"]+\/)?[^/"]+)/g)].map(([, name]) => name!);
  }

  it('is told before what it would start is loaded', { timeout: 60_000 }, async () => {
    expect(await startWith('identitty: {}\n')).toContain('weir: weir.yaml:1: identitty: unknown key');
    const few = await loaded('identitty: {}\n');
    expect(few).toContain('zod');
    expect(few.filter((name) => /nestjs|prom-client|kafkajs|lmdb|opentelemetry/.test(name))).toEqual([]);
    // As one that is right as far as its file can tell does.
    expect(await loaded('policies: nowhere/\n')).toContain('@nestjs/core');
  });
});

const lines = (said: string) => said.split('\n').filter((line) => line !== '');

function rest(listen: Readonly<Record<string, string>>, name: string): string {
  return Object.entries(listen)
    .filter(([other]) => other !== name)
    .map(([other, address]) => `  ${other}: ${address}\n`)
    .join('');
}
