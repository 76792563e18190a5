import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root, run, TestHouse } from '../support/house.js';

const page = readFileSync(join(root, 'docs/clickhouse.md'), 'utf8');
const block = (language: string): string =>
  new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page)?.[1] ?? '';
let house: TestHouse;

beforeAll(async () => void (house = await TestHouse.start({ yaml: 'demo: true' })), 120_000);
afterAll(() => house.stop());

describe('docs/clickhouse.md', () => {
  it('its lines for curl do what they say, against a whole instance', async () => {
    await house.psql('demo', ['-c', 'SELECT 41 + 1']);
    // The token is the house's own, the port, too.
    const lines = block('sh')
      .replace(/^TOKEN=.*$/m, '')
      .replaceAll(':8123', `:${house.sqlPort}`);
    const TOKEN = await house.token('auditor');
    await expect
      .poll(() => run('sh', ['-ec', lines], { env: { ...process.env, TOKEN } }), {
        timeout: 15_000,
        interval: 200,
      })
      .toMatchObject({
        code: 0,
        stderr: '',
        stdout: expect.stringMatching(
          /^\{"n":[1-9]\d*\}\n"time","decision","text"\n".*"allow","SELECT 41 \+ 1"\n[^]*Ok\.\n$/,
        ) as string,
      });
  });

  it('is closed to who may not read', async () => {
    const ask = async (role: string) => {
      const headers = {
        authorization: `Basic ${Buffer.from(`me:${await house.token(role)}`).toString('base64')}`,
      };
      return (await fetch(`http://127.0.0.1:${house.sqlPort}/?query=SELECT+1`, { headers })).status;
    };
    expect(await ask('auditor')).toBe(200);
    for (const role of ['security', 'agent', 'approver', 'operator']) expect(await ask(role)).toBe(403);
  });

  it("Grafana's panel, once its macro is replaced, is answered", async () => {
    const query = block('sql').replace(
      '$__timeFilter(time)',
      'time >= toDateTime(0) AND time <= toDateTime(4102444800)',
    );
    const headers = { authorization: `Bearer ${await house.token('auditor')}` };
    const url = `http://127.0.0.1:${house.sqlPort}/?default_format=JSON`;
    const answer = await fetch(url, { method: 'POST', body: query, headers });
    const { meta } = (await answer.json()) as { meta: { name: string }[] };
    expect(meta.map(({ name }) => name)).toEqual(['time', 'decision', 'statements']);
    expect(parse(block('yaml'))).toMatchObject({
      datasources: [{ jsonData: { protocol: 'http', port: 8123 } }],
    });
  });
});
