import { describe, expect, it } from 'vitest';
import { scoreOf } from './scored.finding.js';

const bulk = { severity: 'high', parameters: { rows: 5000, factor: 3 } } as const;

describe('the score of a finding', () => {
  it('is its severity, and within it how far beyond its thresholds it is', () => {
    expect(scoreOf({ severity: 'critical', parameters: {} }, { rows: 1 })).toBe(3);
    expect(scoreOf(bulk, { rows: 5000, most: 0 })).toBe(2);
    expect(scoreOf(bulk, { rows: 500_000, most: 0 })).toBe(2.5);
    expect(scoreOf(bulk, { rows: '500000', most: '0' })).toBe(2.5);
  });

  it('goes by the nearest of its thresholds, and never into the next severity', () => {
    expect(scoreOf(bulk, { rows: 500_000, most: 166_666 })).toBeCloseTo(2, 3);
    expect(scoreOf(bulk, { rows: 1e15, most: 0 })).toBe(2.99);
  });

  it('knows a measure by the name of its parameter', () => {
    const volume = { severity: 'high', parameters: { values: 2000, factor: 4 } } as const;
    expect(scoreOf(volume, { values_out: 20_000, most: 0 })).toBe(2.25);
    expect(scoreOf(volume, { other_out: 20_000, most: 0 })).toBe(2);
  });
});
