import { describe, expect, it } from 'vitest';
import { chanceOf, Random } from './random.js';

const many = <T>(n: number, draw: () => T): T[] => Array.from({ length: n }, draw);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('Random', () => {
  it('follows from its key', () => {
    const draw = (key: string) =>
      many(
        5,
        (
          (random) => () =>
            random.next()
        )(new Random(key)),
      );
    expect(draw('a')).toEqual(draw('a'));
    expect(draw('a')).not.toEqual(draw('b'));
  });

  it('forks without moving', () => {
    const [one, other] = [new Random('a'), new Random('a')];
    one.fork('x', 1).next();
    expect(one.next()).toBe(other.next());
    expect(one.fork('x', 1).next()).not.toBe(one.fork('x', 2).next());
  });

  it('is spread evenly, also over keys that differ by a digit', () => {
    const firsts = Array.from({ length: 10_000 }, (_, i) => new Random(`agent/${i}`).next());
    const chances = Array.from({ length: 10_000 }, (_, i) => chanceOf(i, 7));
    for (const values of [
      firsts,
      chances,
      many(
        10_000,
        (
          (r) => () =>
            r.next()
        )(new Random('x')),
      ),
    ]) {
      expect(mean(values)).toBeCloseTo(0.5, 1);
      for (let tenth = 0; tenth < 10; tenth++)
        expect(values.filter((v) => Math.floor(v * 10) === tenth).length / 1000).toBeCloseTo(1, 0);
    }
  });

  it('has the distributions that it says', () => {
    const random = new Random('distributions');
    expect(mean(many(20_000, () => random.normal(3, 2)))).toBeCloseTo(3, 1);
    expect(mean(many(20_000, () => random.exponential(4)))).toBeCloseTo(4, 0);
    const middle = many(9_999, () => random.lognormal(50, 1)).sort((a, b) => a - b)[5000];
    expect(middle).toBeGreaterThan(46);
    expect(middle).toBeLessThan(54);
    const picked = many(3_000, () => random.early(['a', 'b', 'c', 'd']));
    expect(new Set(picked)).toEqual(new Set(['a', 'b', 'c', 'd']));
    expect(picked.filter((p) => p === 'a').length).toBeGreaterThan(picked.filter((p) => p === 'd').length);
  });
});
