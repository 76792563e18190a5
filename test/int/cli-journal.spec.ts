import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../../services/cli/cli.js';

const one = {
  ...{ name: 'journal', bytes: 3 * 1024 * 1024, segments: 2, unshippedBytes: 1536, oldestUnshippedAge: 90.5 },
  owner: { state: 'alive', pid: 42, host: 'here' },
  damaged: [{ file: '0000000000000000.journal.damaged', bytes: 100 }],
};
const answer = { mode: 'strict', capBytes: 4 * 1024 ** 3, journals: [one] };

let gate: Server;
let url: string;
beforeAll(async () => {
  gate = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.writeHead(request.url === '/api/journal' ? 200 : 404).end(JSON.stringify(answer));
  });
  await new Promise<void>((done) => gate.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(gate.address() as AddressInfo).port}`;
});
afterAll(() => gate.close());

async function weir(...argv: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const env = { WEIR_TOKEN: 'a.b.c' };
  const to = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const code = await runCli(['journal', ...argv], { env, url, ...to });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

it('shows mode, cap, size, what is to ship and since when, the owner, and what was set aside', async () => {
  const { code, out } = await weir();
  expect(code).toBe(0);
  for (const shown of [
    'strict',
    '4.0 GiB',
    '3.0 MiB',
    '0.1 %',
    '1.5 KiB',
    '90.5 s',
    'alive (42)',
    '.damaged',
  ])
    expect(out).toContain(shown);
  expect(JSON.parse((await weir('--json')).out)).toEqual(answer);
});

it('ends with 1 where something waits for longer than --max-age, and with 0 where not', async () => {
  expect(await weir('--max-age', '90s')).toMatchObject({
    code: 1,
    err: expect.stringContaining('journal') as unknown,
  });
  expect(await weir('--max-age', '91s')).toMatchObject({ code: 0, err: '' });
  expect(await weir('--max-age', '91s', '--json')).toMatchObject({ code: 0 });
  expect((await weir('--max-age', 'soon')).code).toBe(2);
});
