import { describe, expect, it } from 'vitest';
import { all, expandMacros, expandPanel } from '../support/grafana-macros.js';

const range = {
  from: new Date('2026-10-21T10:11:12.345Z'),
  to: new Date('2026-10-23T01:02:03.456Z'),
  interval: 90_500,
};

/** The documented table: what is written, and what the engine gets. */
const table: readonly (readonly [macro: string, sql: string])[] = [
  ['$__dateFilter(d)', "d >= toDate('2026-10-21') AND d <= toDate('2026-10-23')"],
  ['$__timeFilter(t)', 't >= toDateTime(1792577472) AND t <= toDateTime(1792717323)'],
  [
    '$__timeFilter_ms(t)',
    't >= fromUnixTimestamp64Milli(1792577472345) AND t <= fromUnixTimestamp64Milli(1792717323456)',
  ],
  [
    '$__dateTimeFilter(d, t)',
    "(d >= toDate('2026-10-21') AND d <= toDate('2026-10-23')) AND (t >= toDateTime(1792577472) AND t <= toDateTime(1792717323))",
  ],
  [
    '$__dt(d, t)',
    "(d >= toDate('2026-10-21') AND d <= toDate('2026-10-23')) AND (t >= toDateTime(1792577472) AND t <= toDateTime(1792717323))",
  ],
  ['$__fromTime', 'toDateTime(1792577472)'],
  ['$__toTime', 'toDateTime(1792717323)'],
  ['$__fromTime_ms', 'fromUnixTimestamp64Milli(1792577472345)'],
  ['$__toTime_ms', 'fromUnixTimestamp64Milli(1792717323456)'],
  ['$__interval_s', '90'],
  ['$__timeInterval(t)', 'toStartOfInterval(toDateTime(t), INTERVAL 90 second)'],
  ['$__timeInterval_ms(t)', 'toStartOfInterval(toDateTime64(t, 3), INTERVAL 90500 millisecond)'],
];

describe('macros of the data source', () => {
  it.each(table)('%s', (macro, sql) => {
    expect(expandMacros(`SELECT ${macro} FROM x`, range)).toBe(`SELECT ${sql} FROM x`);
  });

  it('count no less than a second', () => {
    expect(expandMacros('$__interval_s', { ...range, interval: 40 })).toBe('1');
  });

  it.each([
    '$__timeFilter',
    '$__timeFilter()',
    '$__timeFilter(a, b)',
    '$__timeFitler(a)',
    '$__adHocFilters(a)',
  ])('are refused where they are not understood: %s', (macro) => {
    expect(() => expandMacros(macro, range)).toThrow(/arguments|no macro/);
  });
});

describe('variables of a dashboard', () => {
  const given = (who: string, where: string | string[]) => ({ who, where });
  const sql =
    "WHERE $__conditionalAll(w IN (${where:singlequote}), $where) AND $__conditionalAll(f('${who:percentencode}') = i, $who)";

  it('with All ask nothing', () => {
    expect(expandPanel(sql, range, given(all, [all]))).toBe('WHERE 1=1 AND 1=1');
  });

  it('stand as values, quoted', () => {
    expect(expandPanel(sql, range, given('a:b', ['x', 'y']))).toBe("WHERE w IN ('x','y') AND f('a%3Ab') = i");
  });

  it('let nothing out of their quotes', () => {
    expect(expandPanel(sql, range, given("') OR 1 --\\", "x'"))).toBe(
      "WHERE w IN ('x\\'') AND f('%27%29%20OR%201%20--%5C') = i",
    );
  });

  it.each(['$who', '${who}', '${who:csv}'])(
    'are refused where they would be pasted as they are: %s',
    (text) => {
      expect(() => expandPanel(`SELECT '${text}'`, range, given('a', 'b'))).toThrow(/safe/);
    },
  );

  it('are refused where All would be read as a value', () => {
    expect(() => expandPanel('SELECT ${who:singlequote}', range, given(all, 'b'))).toThrow(/All is chosen/);
  });
});
