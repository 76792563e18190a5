import { spawn } from 'node:child_process';
import { afterEach, expect, it, vi } from 'vitest';
import { Logger } from '@nestjs/common';
import { KeptProcess } from '#platform';
import { eventually } from '../support/house.js';

const living = () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
/** ENOENT, and a process that never was: `error` and `close`, no `exit`. */
const unborn = () => spawn('/nowhere/to-be-found', { stdio: 'ignore' });
const refused = () => {
  throw Object.assign(new Error('spawn ENOMEM'), { code: 'ENOMEM' });
};

let kept: KeptProcess | undefined;
afterEach(async () => {
  await kept?.stop();
  vi.restoreAllMocks();
});

function keep(...ways: readonly (() => ReturnType<typeof spawn>)[]): {
  begun: () => number;
  lines: string[];
} {
  let begun = 0;
  const lines: string[] = [];
  vi.spyOn(Logger.prototype, 'error').mockImplementation((line: string) => void lines.push(line));
  kept = new KeptProcess('spec', () => (ways[begun++] ?? living)());
  kept.start();
  return { begun: () => begun, lines };
}

const isAlive = () => kept?.pid !== undefined && process.kill(kept.pid, 0);

it('starts again what could not be spawned, and what the system refused to fork, also the first time', async () => {
  const { begun, lines } = keep(refused, unborn);
  await eventually(() => begun() === 3 && isAlive());
  expect(lines).toEqual([
    'the spec process could not be started (spawn ENOMEM); starting it again in 500 ms',
    'the spec process: spawn /nowhere/to-be-found ENOENT',
    'the spec process ended (-2); starting it again in 1000 ms',
  ]);
});

it('starts again what was killed, and leaves alone what it stopped', async () => {
  const { begun, lines } = keep(living);
  process.kill(kept!.pid!, 'SIGKILL');
  await eventually(() => begun() === 2 && isAlive());
  const pid = kept!.pid!;
  await kept!.stop();
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  await new Promise((done) => setTimeout(done, 1_200));
  expect([begun(), lines]).toEqual([2, ['the spec process ended (SIGKILL); starting it again in 500 ms']]);
});

it('is stopped at once between two starts', async () => {
  const { begun } = keep(unborn);
  await kept!.stop();
  await new Promise((done) => setTimeout(done, 700));
  expect(begun()).toBe(1);
});
