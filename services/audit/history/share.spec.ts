import { describe, expect, it } from 'vitest';
import { precision, quantile, shareOf, shareText } from './share.js';

describe('a share', () => {
  it("has Wilson's interval", () => {
    expect(shareText(shareOf(9, 10))).toBe('0.90 (0.60–0.98)');
    expect(shareText(shareOf(0, 10))).toBe('0.00 (0.00–0.28)');
    expect(shareText(shareOf(10, 10))).toBe('1.00 (0.72–1.00)');
    expect(shareText(shareOf(0, 0))).toBe('–');
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
