import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#kernel';
import { parseConfig } from '#platform';
import { openEndpoints } from '../../services/notify/webhook.endpoints.js';
import { eventually, root, run } from '../support/house.js';
import { specFolder } from './approval.house.js';
import { Receiver } from './webhooks.receiver.js';
import { secret, Stage, webhook } from './webhooks.stage.js';

const page = readFileSync(join(root, 'docs/webhooks.md'), 'utf8');
const block = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);

describe('docs/webhooks.md', () => {
  let stage: Stage;
  let example: ChildProcess;
  let port: string;
  const said: string[] = [];

  beforeAll(async () => {
    stage = new Stage(systemClock);
    const file = join(stage.path, 'receiver.mjs');
    writeFileSync(file, block('js').find((text) => text.includes('createServer')) ?? '');
    const env = { ...process.env, PAGER_WEBHOOK_SECRET: secret, PORT: '0' };
    example = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: example.stdout! }).on('line', (line) => said.push(line));
    await eventually(() => said.length === 1);
    port = said[0]!.split(' ')[1]!;
  });
  afterAll(async () => {
    example.kill();
    await stage.close();
  });

  it('verifies what comes, once, and nothing else', async () => {
    const url = `http://127.0.0.1:${port}/`;
    const copies = await Receiver.open();
    const house = await stage.open(webhook('pager', url), webhook('copy', copies.url));
    const { id } = await stage.approvals.ask();
    await eventually(() => said.length === 2);
    expect(said[1]).toBe(`approval.requested pending https://weir.example/approvals/${id}`);
    expect((await house.call('olga', 'POST', '/webhooks/pager/test')).body).toMatchObject({ status: 204 });
    await copies.until(1);
    const [{ headers, body }] = copies.received as [(typeof copies.received)[number]];
    const replay = (over: Record<string, string> = {}, text = body) =>
      fetch(url, {
        method: 'POST',
        body: text,
        headers: { ...(headers as Record<string, string>), ...over },
      });
    expect((await replay()).status).toBe(204); // the same secret and id: genuine, and seen
    expect((await replay({}, body.replace('pending', 'denied!'))).status).toBe(401);
    expect((await replay({ 'webhook-id': 'evt_2' })).status).toBe(401);
    expect((await replay({ 'webhook-timestamp': '1' })).status).toBe(401);
    expect((await replay({ 'webhook-signature': 'v1,AAAA v1a,AAAA' })).status).toBe(401);
    expect(
      (await replay({ 'webhook-signature': `v1,AAAA ${String(headers['webhook-signature'])}` })).status,
    ).toBe(204);
    expect(said.filter((line) => line.startsWith('approval.'))).toEqual([said[1]]);
    const [sample = '{}'] = block('json');
    expect(keysOf(JSON.parse(sample))).toEqual(keysOf(JSON.parse(body)));
    await copies.close();
  });

  it('has settings that are taken', () => {
    const env = {
      PAGER_WEBHOOK_SECRET: secret,
      SLACK_WEBHOOK_URL: 'https://hooks.slack.example/services/T/B/x',
    };
    const settings = block('yaml').map((text) =>
      text.replace('file:secrets/relay-webhook', 'env:PAGER_WEBHOOK_SECRET'),
    );
    expect(settings.length).toBe(4);
    for (const text of settings)
      expect(openEndpoints(parseConfig(text, '/etc/weirkeeper/weir.yaml', '/tmp'), env).length).toBe(1);
  });

  it('makes a secret that is taken', async () => {
    const { stdout } = await run('bash', [
      '--norc',
      '-c',
      `${block('sh')[0]}\nprintf %s "$PAGER_WEBHOOK_SECRET"`,
    ]);
    const yaml = 'webhooks: [{ name: a, url: "https://a.example", secret: env:MADE }]';
    const config = parseConfig(yaml, '/etc/weirkeeper/weir.yaml', '/tmp');
    expect(openEndpoints(config, { MADE: stdout }).length).toBe(1);
  });
});

describe('what docs/webhooks.md says to paste', () => {
  const folder = specFolder();
  afterAll(() => folder.remove());
  const message = {
    id: 'evt_1',
    at: String(Math.floor(Date.now() / 1000)),
    body: '{"type":"ping","data":{"ä":"€"}}',
  };
  const sh = (text: string, env: Record<string, string> = {}) =>
    run('bash', ['--norc', '-euo', 'pipefail', '-c', text], {
      cwd: folder.path,
      env: { ...process.env, ...env },
    });
  const shown = (part: string) => block('sh').find((text) => text.includes(part)) ?? `no block with ${part}`;
  const signed = (by: string) =>
    new Webhook(by).sign(message.id, new Date(Number(message.at) * 1000), message.body);

  it('keeps a secret where nobody else reads it, and changes it in two steps', async () => {
    const path = join(folder.path, 'secrets/pager-webhook');
    const yaml = 'webhooks: [{ name: a, url: "https://a.example", secret: "file:secrets/pager-webhook" }]';
    const signers = () =>
      openEndpoints(parseConfig(yaml, join(folder.path, 'weir.yaml'), '/tmp'), {})[0]!.signers.length;
    expect((await sh(shown('mkdir -p secrets'))).stderr).toBe('');
    expect([signers(), statSync(path).mode & 0o777]).toEqual([1, 0o600]);
    const old = readFileSync(path, 'utf8').trim();
    const next = (await sh(shown('1. new and old'))).stdout.trim();
    expect([signers(), statSync(path).mode & 0o777]).toEqual([2, 0o600]);
    expect(readFileSync(path, 'utf8').trim().split(' ')).toEqual([next, old]);
    expect(next).not.toBe(old);
    await sh(block('sh').at(block('sh').indexOf(shown('1. new and old')) + 1)!);
    expect([readFileSync(path, 'utf8').trim(), statSync(path).mode & 0o777]).toEqual([next, 0o600]);
  });

  it('verifies with the library, and by openssl', async () => {
    const verify = block('js').find((text) => text.includes('standardwebhooks')) ?? '';
    // Where packages are found from.
    const file = join(root, `test/out/verify-${process.pid}.mjs`);
    mkdirSync(dirname(file), { recursive: true });
    process.env['PAGER_WEBHOOK_SECRET'] = secret;
    try {
      writeFileSync(file, verify);
      const { verified } = (await import(file)) as { verified(headers: object, body: string): unknown };
      const headers = {
        'webhook-id': message.id,
        'webhook-timestamp': message.at,
        'webhook-signature': signed(secret),
      };
      expect(verified(headers, message.body)).toEqual(JSON.parse(message.body));
      expect(() => verified({ ...headers, 'webhook-id': 'evt_2' }, message.body)).toThrow(
        'No matching signature',
      );
    } finally {
      rmSync(file, { force: true });
      delete process.env['PAGER_WEBHOOK_SECRET'];
    }
    writeFileSync(join(folder.path, 'body.json'), message.body);
    const env = { PAGER_WEBHOOK_SECRET: secret, ID: message.id, AT: message.at };
    const { stdout, stderr } = await sh(shown('openssl dgst'), env);
    expect([stdout.trim(), stderr]).toEqual([signed(secret), '']);
  });
});

function keysOf(value: object): unknown {
  return Object.entries(value).map(([key, inner]) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? [key, keysOf(inner)] : key,
  );
}
