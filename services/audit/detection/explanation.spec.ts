import { describe, expect, it } from 'vitest';
import { explained, placesOf } from './explanation.js';

const measures = {
  rows: 48_210,
  one: 1,
  share: 0.3333,
  size: 5_368_709,
  at: '2026-07-01 22:10:59.123456',
  table: 'public.customers',
  hosts: ['10.0.0.1', '10.0.0.2'],
  many: [1, 2, 3, 4, 5, 6, 7],
  none: null,
};
const words = (template: string, timezone = 'UTC') => explained(template, measures, timezone);

describe('evidence in words', () => {
  it.each([
    ['{rows} rows of {table}', '48,210 rows of public.customers'],
    [
      '{one} statements on {rows} rows in {one} days, {one} rowset',
      '1 statement on 48,210 rows in 1 day, 1 rowset',
    ],
    ['{share}', '0.33'],
    ['{size:bytes}', '5.1 MiB'],
    ['{at}', '2026-07-01 22:10 UTC'],
    ['{at:date} {at:time} to {at:time}, {at}', '2026-07-01 22:10 UTC to 22:10, 2026-07-01 22:10'],
    ['{at:date}', '2026-07-01'],
    ['{hosts}', '10.0.0.1, 10.0.0.2'],
    ['{many}', '1, 2, 3, 4, 5 and 2 more'],
    ['{none} {missing}', '- -'],
    ['no place', 'no place'],
  ])('%s', (template, expected) => expect(words(template)).toBe(expected));

  it('is by the clock of the calendar, its summer time included', () => {
    expect(words('{at}', 'Europe/Berlin')).toBe('2026-07-02 00:10 Europe/Berlin');
  });

  it('takes a name that somebody chose for no more than that', () => {
    expect(explained('{name}', { name: 'a\n{rows}\tb' }, 'UTC')).toBe('a {rows} b');
    expect(explained('{name}', { name: 'x'.repeat(999) }, 'UTC')).toHaveLength(200);
  });

  it('takes what only looks like a time for a name, and what a terminal would follow for nothing', () => {
    const name = '9999-99-99 99:99:99';
    expect(explained('{name} {name:date}', { name }, 'UTC')).toBe(`${name} ${name}`);
    expect(explained('{name}', { name: '\u001b[2Ja\u202eb\u0000' }, 'UTC')).toBe('\uFFFD[2Ja\uFFFDb\uFFFD');
    expect(explained('{constructor} {toString}', {}, 'UTC')).toBe('- -');
  });

  it('knows its places', () => {
    expect(placesOf('{a} {b:time}')).toEqual([
      { name: 'a', form: undefined },
      { name: 'b', form: 'time' },
    ]);
  });
});
