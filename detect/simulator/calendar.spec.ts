import { describe, expect, it } from 'vitest';
import { dateOf, day, hour, isFree, isMonthEnd, timeOf, weekdayOf, zones } from './calendar.js';

const date = (text: string) => Date.parse(`${text}T00:00Z`) / day;
const [berlin, , newYork, , kolkata] = zones;

describe('the calendar', () => {
  it.each([
    ['2026-01-15', berlin, 9, '2026-01-15T08:00:00.000Z'],
    ['2026-07-15', berlin, 9, '2026-07-15T07:00:00.000Z'],
    ['2026-03-29', berlin, 9, '2026-03-29T07:00:00.000Z'],
    ['2026-10-24', berlin, 9, '2026-10-24T07:00:00.000Z'],
    ['2026-10-25', berlin, 9, '2026-10-25T08:00:00.000Z'],
    ['2026-03-08', newYork, 9, '2026-03-08T13:00:00.000Z'],
    ['2026-03-07', newYork, 9, '2026-03-07T14:00:00.000Z'],
    ['2026-11-01', newYork, 9, '2026-11-01T14:00:00.000Z'],
    ['2026-05-01', kolkata, 9, '2026-05-01T03:30:00.000Z'],
    ['2026-05-01', berlin, 26, '2026-05-02T00:00:00.000Z'],
  ])('%s, %o, at %i h is %s', (text, zone, hours, utc) => {
    expect(new Date(timeOf(zone!, date(text), hours)).toISOString()).toBe(utc);
  });

  it('gives the local date back', () => {
    for (const zone of zones)
      for (let d = date('2026-01-01'); d < date('2027-01-01'); d++)
        expect(dateOf(zone, timeOf(zone, d, 12) + 3 * hour)).toBe(d);
  });

  it('knows weekends, holidays and the end of a month', () => {
    expect(weekdayOf(date('2026-01-04'))).toBe(0);
    expect(isFree(berlin!, date('2026-01-04'))).toBe(true);
    expect(isFree(berlin!, date('2026-12-25'))).toBe(true);
    const ends = [27, 28, 29, 30, 31].map((d) => isMonthEnd(date(`2026-01-${d}`)));
    expect(ends).toEqual([false, false, false, true, true]);
    expect(['2026-02-01', '2026-02-03', '2026-02-04'].map((d) => isMonthEnd(date(d)))).toEqual([
      true,
      true,
      false,
    ]);
  });
});
