import { expect, test } from 'vitest';
import { JudgementCache } from './judgement-cache.js';

const [desk, other] = [{}, {}];

test('keeps by desk and text', () => {
  const cache = new JudgementCache<string>(1000);
  cache.set(desk, 'SELECT 1', 'a', 100);
  cache.set(other, 'SELECT 1', 'b', 100);
  expect([cache.get(desk, 'SELECT 1'), cache.get(other, 'SELECT 1'), cache.get(desk, 'SELECT 2')]).toEqual([
    'a',
    'b',
    undefined,
  ]);
});

test('keeps no more than its capacity, and what is used longest', () => {
  const cache = new JudgementCache<number>(1000);
  for (let i = 0; i < 100; i++) {
    cache.set(desk, `text ${i}`, i, 100);
    expect(cache.get(desk, 'text 0')).toBe(0);
  }
  const kept = Array.from({ length: 100 }, (_, i) => cache.get(desk, `text ${i}`) ?? []).flat();
  expect(kept.length).toBeLessThanOrEqual(10);
  expect(kept).toContain(0);
  expect(kept).toContain(99);
});

test('keeps nothing that would fill it by itself', () => {
  const cache = new JudgementCache<string>(1000);
  cache.set(desk, 'small', 'a', 10);
  cache.set(desk, 'huge', 'b', 501);
  expect([cache.get(desk, 'small'), cache.get(desk, 'huge')]).toEqual(['a', undefined]);
});

test('one that is set again is not counted twice', () => {
  const cache = new JudgementCache<number>(1000);
  cache.set(desk, 'first', 0, 100);
  for (let i = 0; i < 100; i++) cache.set(desk, 'again', i, 100);
  expect([cache.get(desk, 'first'), cache.get(desk, 'again')]).toEqual([0, 99]);
});
