import { chanceOf } from './random.js';

/** Milliseconds. */
export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;
export const week = 7 * day;

/** A date by its number of days since the epoch, of a local calendar. */
export type DayNumber = number;

export interface Zone {
  readonly name: string;
  /** Hours east of UTC in winter. */
  readonly standard: number;
  readonly summer: 'eu' | 'us' | 'none';
  /** `MM-DD`, every year. */
  readonly holidays: readonly string[];
}

const german = ['01-01', '05-01', '10-03', '12-25', '12-26'];
const american = ['01-01', '01-19', '02-16', '05-25', '07-03', '09-07', '11-26', '11-27', '12-25'];

export const zones: readonly Zone[] = [
  { name: 'Europe/Berlin', standard: 1, summer: 'eu', holidays: german },
  {
    name: 'Europe/London',
    standard: 0,
    summer: 'eu',
    holidays: ['01-01', '05-04', '08-31', '12-25', '12-26'],
  },
  { name: 'America/New_York', standard: -5, summer: 'us', holidays: american },
  { name: 'America/Los_Angeles', standard: -8, summer: 'us', holidays: american },
  {
    name: 'Asia/Kolkata',
    standard: 5.5,
    summer: 'none',
    holidays: ['01-26', '03-04', '08-15', '10-02', '11-09'],
  },
  {
    name: 'Asia/Singapore',
    standard: 8,
    summer: 'none',
    holidays: ['01-01', '02-17', '02-18', '05-01', '08-10'],
  },
];

/** Milliseconds since the epoch of an hour (fractions, past 24 too) of a local day. Clocks change at midnight here. */
export function timeOf(zone: Zone, date: DayNumber, hours: number): number {
  return Math.round(date * day + (hours - offsetOf(zone, date)) * hour);
}

/** The local day that a time lies in. */
export function dateOf(zone: Zone, at: number): DayNumber {
  return Math.floor((at + offsetOf(zone, Math.floor(at / day)) * hour) / day);
}

/** 0 is Sunday. */
export const weekdayOf = (date: DayNumber): number => (date + 4) % 7;

const isWeekend = (date: DayNumber): boolean => weekdayOf(date) % 6 === 0;

/** Nobody is at a desk. Beside a zone's holidays a company has days of its own: bridges, outings, the week's Monday off. */
export function isFree(zone: Zone, date: DayNumber): boolean {
  return isWeekend(date) || isHoliday(zone, date) || chanceOf(zone.standard * 10, date) < 1 / 60;
}

export function isHoliday(zone: Zone, date: DayNumber): boolean {
  return zone.holidays.includes(new Date(date * day).toISOString().slice(5, 10));
}

/** The last two days of a month and the first three of the next, when books are closed. */
export function isMonthEnd(date: DayNumber): boolean {
  return new Date((date + 2) * day).getUTCDate() <= 5;
}

function offsetOf({ standard, summer }: Zone, date: DayNumber): number {
  if (summer === 'none') return standard;
  const year = new Date(date * day).getUTCFullYear();
  const [from, to] =
    summer === 'eu'
      ? [sundayUpTo(Date.UTC(year, 2, 31)), sundayUpTo(Date.UTC(year, 9, 31))]
      : [sundayUpTo(Date.UTC(year, 2, 14)), sundayUpTo(Date.UTC(year, 10, 7))];
  return date >= from && date < to ? standard + 1 : standard;
}

function sundayUpTo(at: number): DayNumber {
  const date = at / day;
  return date - weekdayOf(date);
}
