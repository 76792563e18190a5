import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { runCli } from '../../services/cli/cli.js';

const one = {
  proxy: 'here-0a0b0c0d',
  ...{ name: 'journal', bytes: 3 * 1024 * 1024, segments: 2, unshippedBytes: 1536, oldestUnshippedAge: 90.5 },
  owner: { state: 'alive', pid: 42, host: 'here' },
  damaged: [{ file: '0000000000000000.journal.damaged', bytes: 100 }],
};
const live = { name: 'here-0a0b0c0d', state: 'live', age: 0 };
const alone = { mode: 'strict', capBytes: 4 * 1024 ** 3, proxies: [live], journals: [one] };
let answer: unknown = alone;

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
beforeEach(() => (answer = alone));
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
    'here-0a0b0c0d  now',
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

it('ends with 1 for a proxy that fell silent, or stopped with events left; with 0 for one that is heard', async () => {
  const other = (state: string, unshippedBytes: number) => ({
    ...alone,
    proxies: [live, { name: 'there-1a1b1c1d', state, age: 95.4 }],
    journals: [
      one,
      { ...one, proxy: 'there-1a1b1c1d', unshippedBytes, oldestUnshippedAge: null, damaged: [] },
    ],
  });
  for (const [state, unshipped, code] of [
    ['silent', 10, 1],
    ['silent', 0, 1],
    ['stopped', 10, 1],
    ['stopped', 0, 0],
    ['heard', 10, 0],
  ] as const) {
    answer = other(state, unshipped);
    const seen = await weir('--max-age', '1h');
    expect([state, unshipped, seen.code]).toEqual([state, unshipped, code]);
    expect(seen.err.includes('there-1a1b1c1d')).toBe(code === 1);
    expect(seen.out).toContain(`there-1a1b1c1d  ${state === 'heard' ? '95.4 s ago' : `${state} 95 s ago`}`);
  }
  answer = { ...alone, proxies: [live, { name: 'torn.json', state: 'silent', age: 1 }] };
  expect(await weir()).toMatchObject({ code: 1, out: expect.stringContaining('torn.json') as unknown });
});
