import { describe, expect, it } from 'vitest';
import { TextCache } from './text-cache.js';

describe('a cache of texts', () => {
  it('keeps what is used and drops what is not, within its capacity', () => {
    const cache = new TextCache<number>(1000);
    cache.set('hot', 1, 90);
    for (let n = 0; n < 100; n++) {
      cache.set(`cold ${n}`, n, 90);
      expect(cache.get('hot')).toBe(1);
    }
    const left = Array.from({ length: 100 }, (_, n) => cache.get(`cold ${n}`)).filter(
      (each) => each !== undefined,
    );
    expect(left.length).toBeLessThan(11);
  });

  it('does not keep what would fill it by itself', () => {
    const cache = new TextCache<number>(1000);
    cache.set('small', 1, 10);
    cache.set('huge', 2, 600);
    expect(cache.get('huge')).toBeUndefined();
    expect(cache.get('small')).toBe(1);
  });
});
