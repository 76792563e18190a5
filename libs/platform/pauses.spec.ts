import { expect, it } from 'vitest';
import { Pauses } from './pauses.js';

it('pauses last as long as they were meant to, each for its own id', () => {
  const pauses = new Pauses();
  pauses.begin('a', 0, 10);
  expect([pauses.lasts('a', 9), pauses.lasts('a', 10), pauses.lasts('b', 0)]).toEqual([true, false, false]);
  pauses.begin('a', 5, 20);
  expect(pauses.lasts('a', 19)).toBe(true);
  pauses.end('a');
  expect(pauses.lasts('a', 5)).toBe(false);
});

it('those that are past take no room, however many ids there were', () => {
  const pauses = new Pauses();
  for (let now = 0; now < 10_000; now++) pauses.begin(`s${now}`, now, now + 30);
  expect(pauses.size).toBe(30);
  expect(pauses.lasts('s9999', 10_000)).toBe(true);
});
