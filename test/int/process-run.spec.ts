import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { eventually, root } from '../support/house.js';

// Each loads the whole platform first.
vi.setConfig({ testTimeout: 60_000 });

let child: ChildProcess;
let said = '';
let ended: Promise<unknown[]>;
afterEach(() => child.kill('SIGKILL'));

function begin(way: string): void {
  const main = join(root, 'dist/test/int/process-run.child.js');
  child = fork(main, [way], { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  said = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (data: Buffer) => (said += data.toString()));
  // Not `close`, which a parent that disconnects is not told.
  ended = once(child, 'exit').then(async (how) => {
    await Promise.all(
      [child.stdout!, child.stderr!].map(async (stream) => stream.closed || once(stream, 'close')),
    );
    return how;
  });
}
const hasSaid = (text: string) => eventually(() => said.includes(text));
const wholeLife = 'starting\nstarted\nstopping\nstopped\n';

it('a process that its engine holds at its end is killed', async () => {
  begin('fails');
  expect(await Promise.race([ended, sleep(30_000)])).toEqual([null, 'SIGKILL']);
  expect(said).toContain('no start');
});

it.each(['SIGTERM', 'SIGINT'] as const)(
  '%s during the start ends what was begun, in order',
  async (signal) => {
    begin('first');
    await hasSaid('starting');
    child.kill(signal);
    expect([await ended, said]).toEqual([[0, null], wholeLife]);
  },
);

it('what is told twice to end still ends in order', async () => {
  begin('first');
  await hasSaid('started');
  child.kill('SIGTERM');
  await hasSaid('stopping');
  child.kill('SIGTERM');
  expect([await ended, said]).toEqual([[0, null], wholeLife]);
});

it('Ctrl-C is not for a child: it ends when its parent says so, or goes', async () => {
  for (const end of [() => child.kill('SIGTERM'), () => child.disconnect()]) {
    begin('child');
    await hasSaid('starting');
    child.kill('SIGINT');
    await hasSaid('started');
    child.kill('SIGINT');
    await sleep(300);
    expect(said).toBe('starting\nstarted\n');
    end();
    expect([await ended, said]).toEqual([[0, null], wholeLife]);
  }
});
