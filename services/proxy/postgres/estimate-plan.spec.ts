import { describe, expect, it } from 'vitest';
import { estimateOf } from './estimate-plan.js';

const plan = (node: object) => JSON.stringify([{ Plan: node }]);
const scan = (rows: number) => ({
  'Node Type': 'Seq Scan',
  'Parent Relationship': 'Outer',
  'Plan Rows': rows,
  'Total Cost': 4.5,
});
const modify = (...plans: object[]) => ({
  ...{ 'Node Type': 'ModifyTable', 'Plan Rows': 0, 'Total Cost': 5.25, Plans: plans },
});

const open = '{"Plan Rows":1,"Total Cost":1,"Plans":[';
const close = ']}';

describe('an estimate from EXPLAIN (FORMAT JSON)', () => {
  it.each([
    ['a read: the rows of its top', plan(scan(42)), { rows: 42, cost: 4.5 }],
    ['an UPDATE: the rows that feed it', plan(modify(scan(7))), { rows: 7, cost: 5.25 }],
    [
      'a change of several tables, as before PostgreSQL 14',
      plan(
        modify(
          { ...scan(7), 'Parent Relationship': 'Member' },
          { ...scan(8), 'Parent Relationship': 'Member' },
        ),
      ),
      { rows: 15, cost: 5.25 },
    ],
    [
      'a read around a change',
      plan({ ...scan(3), Plans: [{ ...modify(scan(900)), 'Parent Relationship': 'InitPlan' }] }),
      { rows: 900, cost: 4.5 },
    ],
    [
      'a change is not made larger by a sub-select of its own',
      plan(modify(scan(2), { ...scan(5000), 'Parent Relationship': 'SubPlan' })),
      { rows: 2, cost: 5.25 },
    ],
  ])('of %s', (_, json, expected) => expect(estimateOf(json)).toEqual(expected));

  it.each([
    ['nothing', ''],
    ['another document', '{"Plan":{}}'],
    ['words for numbers', plan({ ...scan(1), 'Plan Rows': '1' })],
    ['less than nothing', plan(scan(-1))],
    [
      'more than there is',
      plan({ ...scan(1), 'Total Cost': 1 }).replace('"Total Cost":1', '"Total Cost":1e999'),
    ],
    ['plans without end', `[{"Plan":${open.repeat(5000)}${close.repeat(5000)}}]`],
  ])('of %s there is none', (_, json) =>
    expect(estimateOf(json)).toEqual({ unavailable: 'the target’s plan is not understood' }),
  );
});
