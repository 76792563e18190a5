import { describe, expect, it } from 'vitest';
import { ratePerWeek } from './rates.js';

describe('a rate per 100 agents per week', () => {
  it('has the interval of a Poisson count', () => {
    const { value, low, high } = ratePerWeek(10, 500);
    expect(value).toBe(2);
    // Exact for 10: 4.80 to 18.39.
    expect(low * 5).toBeCloseTo(4.8, 1);
    expect(high * 5).toBeCloseTo(18.4, 1);
  });

  it('of none is below what its weeks can tell', () => {
    const { value, low, high } = ratePerWeek(0, 100);
    expect([value, low]).toEqual([0, 0]);
    // Exact: 3.69.
    expect(high).toBeCloseTo(3.7, 0);
  });

  it('of no time is nothing', () => expect(ratePerWeek(0, 0).value).toBe(0));
});
