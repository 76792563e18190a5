import { describe, expect, it } from 'vitest';
import { nextTry } from './retry.schedule.js';

const now = Date.UTC(2026, 0, 1);
const after = (attempt: number, random = 0, retryAfter?: string) => {
  const at = nextTry({ attempt, now, random, retryAfter });
  return at === undefined ? undefined : (at - now) / 1000;
};

describe('the next try', () => {
  it('follows the specification, ten tries in all', () => {
    const hours = [2, 5, 10, 14, 20, 24].map((hour) => hour * 3600);
    expect(Array.from({ length: 10 }, (_, i) => after(i + 1))).toEqual([5, 300, 1800, ...hours, undefined]);
  });

  it('comes up to a tenth later, at random', () => {
    expect([after(1, 0.5), after(1, 1), after(9, 1)]).toEqual([5.25, 5.5, 95_040]);
  });

  it('waits as long as the endpoint asks, up to a day, and never less than planned', () => {
    expect([after(1, 0, '60'), after(2, 0, '60'), after(1, 0, '999999999')]).toEqual([60, 300, 86_400]);
    expect(after(1, 0, 'Thu, 01 Jan 2026 00:01:00 GMT')).toBe(60);
    for (const nonsense of ['', 'soon', '-5', '1e9', 'Thu, 01 Jan 1970 00:00:00 GMT'])
      expect([nonsense, after(1, 0, nonsense)]).toEqual([nonsense, 5]);
  });
});
