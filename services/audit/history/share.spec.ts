import { describe, expect, it } from 'vitest';
import { precision, quantile, shareOf } from './share.js';

describe('a share', () => {
  it("has Wilson's interval", () => {
    const rounded = (hits: number, of: number) => {
      const { value, low, high } = shareOf(hits, of);
      return [value, low, high].map((each) => each.toFixed(2));
    };
    expect(rounded(9, 10)).toEqual(['0.90', '0.60', '0.98']);
    expect(rounded(0, 10)).toEqual(['0.00', '0.00', '0.28']);
    expect(rounded(10, 10)).toEqual(['1.00', '0.72', '1.00']);
    expect(shareOf(0, 0)).toEqual({ of: 0, value: NaN, low: 0, high: 1 });
  });
});

describe('precision', () => {
  it('follows from recall, prevalence and the rate of false alarms', () => {
    expect(precision(0.9, 10, 1)).toBeCloseTo(0.9);
    expect(precision(0.5, 1, 1)).toBeCloseTo(1 / 3);
    expect(precision(0, 1, 0)).toBe(0);
  });
});

describe('a quantile', () => {
  it('is one of the values', () => {
    expect(quantile([3, 1, 2], 0.5)).toBe(2);
    expect(quantile([3, 1, 2], 1)).toBe(3);
    expect(quantile([], 0.5)).toBeNaN();
  });
});
