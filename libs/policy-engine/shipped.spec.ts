import { describe, expect, test } from 'vitest';
import { ana, bot, bulkBot, given, on, onConnection, principal, shipped } from './spec/given.js';
import type { ResolvedAccess, Verdict } from './verdict.js';

/* The default that Weirkeeper ships, row by row; `maxRows` where a read has a budget. */
interface Row {
  readonly what: string;
  readonly access: ResolvedAccess;
  readonly decision: Verdict['decision'];
  readonly maxRows?: number;
}

const changed = (action: 'sql:update' | 'sql:delete', where: 'none' | 'constant' | 'present') =>
  on(action, 'customers', { where });

const table: readonly Row[] = [
  { what: 'catalog read', access: on('sql:metadata', 'pg_class'), decision: 'allow' },
  { what: 'catalog read without a relation', access: onConnection('sql:metadata'), decision: 'allow' },
  { what: 'session setting', access: onConnection('sql:session'), decision: 'allow' },
  { what: 'transaction', access: onConnection('sql:transaction'), decision: 'allow' },
  { what: 'read', access: on('sql:select'), decision: 'allow', maxRows: 10_000 },
  { what: 'read without a table', access: onConnection('sql:select'), decision: 'allow', maxRows: 10_000 },
  { what: 'INSERT', access: on('sql:insert'), decision: 'hold' },
  { what: 'UPDATE with WHERE', access: changed('sql:update', 'present'), decision: 'hold' },
  { what: 'DELETE with WHERE', access: changed('sql:delete', 'present'), decision: 'hold' },
  { what: 'MERGE', access: on('sql:merge'), decision: 'hold' },
  { what: 'COPY in', access: on('sql:copy-in'), decision: 'hold' },
  { what: 'COPY out', access: on('sql:copy-out'), decision: 'hold' },
  { what: 'UPDATE without WHERE', access: changed('sql:update', 'none'), decision: 'hold' },
  { what: 'UPDATE WHERE true', access: changed('sql:update', 'constant'), decision: 'hold' },
  { what: 'UPDATE whose WHERE is not known', access: on('sql:update'), decision: 'hold' },
  { what: 'DELETE without WHERE', access: changed('sql:delete', 'none'), decision: 'hold' },
  { what: 'DELETE WHERE true', access: changed('sql:delete', 'constant'), decision: 'hold' },
  { what: 'TRUNCATE', access: on('sql:truncate'), decision: 'deny' },
  { what: 'DDL on a table', access: on('sql:ddl'), decision: 'deny' },
  { what: 'DDL elsewhere', access: onConnection('sql:ddl'), decision: 'deny' },
  { what: 'code', access: onConnection('sql:code'), decision: 'deny' },
  { what: 'administration', access: onConnection('sql:admin'), decision: 'deny' },
  { what: 'unknown', access: onConnection('sql:unknown'), decision: 'deny' },
];

const house = given(shipped());

describe('the shipped policies', () => {
  test.each(table)('agent: $what', ({ access, decision, maxRows }) => {
    const { verdict } = house.when(bot, access);
    expect(verdict).toMatchObject({ decision });
    expect(verdict.obligations.maxRows).toBe(maxRows);
  });

  test.each(table)('agent in bulk-readers: $what', ({ access, decision }) => {
    const { verdict } = house.when(bulkBot, access);
    expect(verdict).toMatchObject({ decision });
    expect(verdict.obligations.maxRows).toBeUndefined();
  });

  test.each(table)('person: $what is not permitted', ({ access }) => {
    house.when(ana, access).then({ decision: 'deny', policyIds: [] });
  });

  test.each(table)('person without a group: $what is not permitted', ({ access }) => {
    house.when(principal('person', []), access).then({ decision: 'deny', policyIds: [] });
  });

  test('a person gains nothing from the groups of agents', () => {
    house.when(principal('person', ['agents', 'bulk-readers', 'approvers']), on('sql:select')).then({
      decision: 'deny',
      reason: 'no policy permits SELECT on public.customers for corp:bot',
    });
  });

  test.each(table.filter(({ decision }) => decision === 'hold'))(
    '$what: approvers are asked',
    ({ access }) => {
      house.when(bot, access).then({
        obligations: {
          approvers: ['approvers'],
          quorum: 1,
          mode: 'wait',
          waitMs: 60_000,
          waitInTransaction: false,
        },
      });
    },
  );

  test.each(table.filter(({ decision }) => decision === 'deny'))('$what: the reason helps', ({ access }) => {
    const { verdict } = house.when(bot, access);
    expect(verdict.policyIds).toHaveLength(1);
    expect(verdict.reason).toMatch(/agents? |does not understand/);
  });

  test('a change of every row tells the approver so; one with a WHERE does not', () => {
    const all = house.when(bot, changed('sql:delete', 'constant')).verdict;
    expect(all.policyIds).toContain('agents.change-everything-approved');
    expect(all.reason).toContain('it changes every row');
    const one = house.when(bot, changed('sql:delete', 'present')).verdict;
    expect(one.reason).not.toContain('it changes every row');
  });

  test('a read beside a change: the change is held, and the read keeps its budget', () => {
    house.when(bot, on('sql:insert', 'archive'), on('sql:select', 'orders')).then({
      decision: 'hold',
      policyIds: ['agents.change-approved', 'agents.change', 'agents.read'],
      obligations: { maxRows: 10_000, approvers: ['approvers'] },
    });
  });

  test('a read is bounded in bytes too, since one row may hold a table, and in look-ups', () => {
    house.when(bot, on('sql:select')).then({
      obligations: {
        maxBytes: 16 * 1024 ** 2,
        maxLookupsPer: [{ amount: 200, ms: 3_600_000 }],
        lookupApprovers: ['approvers'],
      },
    });
    const bulk = house.when(bulkBot, on('sql:select')).verdict.obligations;
    expect(bulk.maxBytes).toBeUndefined();
    expect(bulk.lookupApprovers).toEqual(['approvers']);
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
