import { Logger } from '@nestjs/common';
import { afterEach, expect, it, vi } from 'vitest';
import { endInOrder } from './process.end.js';
import { Readiness } from './readiness.js';

const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
afterEach(() => logged.mockClear());
const errors = () => logged.mock.calls.map(([line]) => (line as { error: Error }).error.message);
const later = () => new Promise<void>((done) => setTimeout(done, 20));

it('what fails as a process leaves is logged, and holds nothing else up', async () => {
  const readiness = new Readiness();
  let ended = 0;
  readiness.onLeave(async () => Promise.reject(new Error('first')));
  readiness.onLeave(() => {
    throw new Error('second');
  });
  readiness.onLeave(async () => later().then(() => void ended++));
  await readiness.leave();
  expect([ended, errors(), await readiness.failing()]).toEqual([1, ['first', 'second'], ['shutting down']]);
});

it('each step of an end is taken, in order, and what failed is said', async () => {
  const taken: string[] = [];
  const end = endInOrder(
    async () => later().then(() => void taken.push('a')),
    async () => Promise.reject(new Error('b')),
    () => undefined,
    async () => void taken.push('c'),
  );
  await expect(end).rejects.toThrow('b');
  expect([taken, errors()]).toEqual([['a', 'c'], ['b']]);
  await endInOrder(async () => void taken.push('d'));
  expect(taken).toEqual(['a', 'c', 'd']);
});
