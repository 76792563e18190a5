import { expect, it } from 'vitest';
import { RefusalRate } from './refusal-rate.js';

it('records so many refusals a minute, and again in the next', () => {
  const rate = new RefusalRate(2);
  expect([0, 1, 2, 59_999].map((at) => rate.take(at))).toEqual([true, true, false, false]);
  expect([60_000, 60_001, 60_002].map((at) => rate.take(at))).toEqual([true, true, false]);
});
