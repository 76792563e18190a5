import { describe, expect, test } from 'vitest';
import { ana, bot, bulkBot, given, on, onConnection, principal, shipped } from './spec/given.js';
import type { ResolvedAccess, Verdict } from './verdict.js';

/* The default that Weirkeeper ships, row by row. `rows`: the budget of an allowed read; '-' where there is none. */
type Row = readonly [
  string,
  ResolvedAccess,
  Verdict['decision'],
  rows?: number | '-',
  bulkRows?: number | '-',
];

const table: readonly Row[] = [
  ['catalog read', on('sql:metadata', 'pg_class'), 'allow', '-', '-'],
  ['catalog read without a relation', onConnection('sql:metadata'), 'allow', '-', '-'],
  ['session setting', onConnection('sql:session'), 'allow', '-', '-'],
  ['transaction', onConnection('sql:transaction'), 'allow', '-', '-'],
  ['read', on('sql:select'), 'allow', 10_000, '-'],
  ['read without a table', onConnection('sql:select'), 'allow', 10_000, '-'],
  ['INSERT', on('sql:insert'), 'hold'],
  ['UPDATE with WHERE', on('sql:update', 'customers', { where: 'present' }), 'hold'],
  ['DELETE with WHERE', on('sql:delete', 'customers', { where: 'present' }), 'hold'],
  ['MERGE', on('sql:merge'), 'hold'],
  ['COPY in', on('sql:copy-in'), 'hold'],
  ['COPY out', on('sql:copy-out'), 'hold'],
  ['UPDATE without WHERE', on('sql:update', 'customers', { where: 'none' }), 'deny'],
  ['UPDATE WHERE true', on('sql:update', 'customers', { where: 'constant' }), 'deny'],
  ['UPDATE whose WHERE is not known', on('sql:update'), 'deny'],
  ['DELETE without WHERE', on('sql:delete', 'customers', { where: 'none' }), 'deny'],
  ['DELETE WHERE true', on('sql:delete', 'customers', { where: 'constant' }), 'deny'],
  ['TRUNCATE', on('sql:truncate'), 'deny'],
  ['DDL on a table', on('sql:ddl'), 'deny'],
  ['DDL elsewhere', onConnection('sql:ddl'), 'deny'],
  ['code', onConnection('sql:code'), 'deny'],
  ['administration', onConnection('sql:admin'), 'deny'],
  ['unknown', onConnection('sql:unknown'), 'deny'],
];

const house = given(shipped());

describe('the shipped policies', () => {
  test.each(table)('agent: %s', (_, access, decision, rows) => {
    const { verdict } = house.when(bot, access);
    expect(verdict.decision, verdict.reason).toBe(decision);
    if (rows) expect(verdict.obligations.maxRows).toBe(rows === '-' ? undefined : rows);
  });

  test.each(table)('agent in bulk-readers: %s', (_, access, decision, _rows, rows) => {
    const { verdict } = house.when(bulkBot, access);
    expect(verdict.decision, verdict.reason).toBe(decision);
    if (rows) expect(verdict.obligations.maxRows).toBe(rows === '-' ? undefined : rows);
  });

  test.each(table)('person: %s is not permitted', (_, access) => {
    house.when(ana, access).then({ decision: 'deny', policyIds: [] });
  });

  test.each(table)('person without a group: %s is not permitted', (_, access) => {
    house.when(principal('person', []), access).then({ decision: 'deny', policyIds: [] });
  });

  test('a person gains nothing from the groups of agents', () => {
    house.when(principal('person', ['agents', 'bulk-readers', 'approvers']), on('sql:select')).then({
      decision: 'deny',
      reason: 'no policy permits SELECT on public.customers for corp:bot',
    });
  });

  test.each(table.filter(([, , decision]) => decision === 'hold'))('%s: approvers are asked', (_, access) => {
    house.when(bot, access).then({
      obligations: {
        approvers: ['approvers'],
        quorum: 1,
        mode: 'wait',
        waitMs: 60_000,
        waitInTransaction: false,
      },
    });
  });

  test.each(table.filter(([, , decision]) => decision === 'deny'))('%s: the reason helps', (_, access) => {
    const { verdict } = house.when(bot, access);
    expect(verdict.policyIds).toHaveLength(1);
    expect(verdict.reason).toMatch(/agents? |does not understand/);
  });

  test('a read beside a change: the change is held, and the read keeps its budget', () => {
    house.when(bot, on('sql:insert', 'archive'), on('sql:select', 'orders')).then({
      decision: 'hold',
      policyIds: ['agents.change-approved', 'agents.read', 'agents.change'],
      obligations: { maxRows: 10_000, approvers: ['approvers'] },
    });
  });

  test('one refused access refuses the statement, wherever it stands', () => {
    house.when(bot, on('sql:select'), on('sql:insert'), onConnection('sql:code')).then({
      decision: 'deny',
      policyIds: ['agents.code'],
    });
    house.when(bot, onConnection('sql:code'), on('sql:select')).then({ decision: 'deny' });
  });

  test('no class is read in the clear', () => {
    const { snapshot } = house;
    for (const who of [bot, bulkBot, ana]) {
      const connection = { name: 'orders', protocol: 'postgres', owner: 'payments-team' };
      expect(snapshot.reveals(who, connection, ['email', 'card']).size).toBe(0);
    }
  });

  test('nothing of the context is read, so that verdicts are shared', () => {
    expect([...house.snapshot.contextRead]).toEqual([]);
    expect(house.snapshot.warnings).toEqual([]);
  });
});
