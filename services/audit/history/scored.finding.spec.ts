import { describe, expect, it } from 'vitest';
import type { Finding } from '../detection/finding.js';
import { scoredFinding } from './scored.finding.js';

const at = (time: string) => Date.parse(`2026-03-02T${time}Z`);

/** Of a window from two to three o'clock. */
function findingWith(schedule: string, times: Readonly<Record<string, string>>): Finding {
  const columns = new Map(Object.keys(times).map((name) => [name, "DateTime64(6, 'UTC')"]));
  const day = (text: string) => `2026-03-02 ${text}.000000`;
  const window = { window_start: day('02:00:00'), window_end: day('03:00:00') };
  const others = Object.fromEntries(Object.entries(times).map(([name, time]) => [name, day(time)]));
  return {
    ...{ id: 'fnd_1', evidence: '' },
    detector: {
      id: 'own',
      severity: 'high',
      schedule,
      columns: columns.set('window_start', 'DateTime64(6)'),
    },
    row: {
      identity: 'corp:a',
      connection: 'crm',
      subject: '',
      sessions: [],
      statements: [],
      ...window,
      ...others,
    },
  } as unknown as Finding;
}

const knownAt = (schedule: string, times: Readonly<Record<string, string>>) =>
  scoredFinding(findingWith(schedule, times)).knownAt;

describe('a finding is known', () => {
  it('of a stream after the last of its events, whatever the detector calls them', () => {
    expect(knownAt('stream', { begun: '02:05:00', seen: '02:20:00', was: '01:00:00' })).toBe(at('02:20:00'));
    expect(knownAt('stream', { anything: '02:05:00' })).toBe(at('02:05:00'));
  });

  it("at its window's end where no time of it says more, and of hours and days", () => {
    expect(knownAt('stream', {})).toBe(at('03:00:00'));
    expect(knownAt('stream', { later: '04:00:00' })).toBe(at('03:00:00'));
    expect(knownAt('hour', { last_at: '02:20:00' })).toBe(at('03:00:00'));
  });
});
