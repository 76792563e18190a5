import { expect, it } from 'vitest';
import { RefusalRate } from './refusal-rate.js';

it('records so many refusals a minute, and again in the next, and says how many it left out', () => {
  const rate = new RefusalRate(2);
  expect([0, 1, 2, 59_999].map((at) => rate.take('no', at))).toEqual(['no', 'no', undefined, undefined]);
  expect([60_000, 60_001, 60_002].map((at) => rate.take('no', at))).toEqual([
    'no (2 more before it were not recorded)',
    'no',
    undefined,
  ]);
});
