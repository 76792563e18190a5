import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EncodedEnvelope } from '#events';
import { detectDay, writeRange } from '../../services/audit/detection/detect.js';
import type { Finding } from '../../services/audit/detection/finding.js';
import { sessionOf, type Ran, type SessionOf } from '../support/session-events.js';
import { DetectionStage } from './detection.stage.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const midnight = Date.UTC(2026, 9, 14);
/** Of a past in which everybody has learned. */
const days = 16;
const at = (hours: number, minutes = 0, back = 0) => midnight - back * day + hours * hour + minutes * minute;

let sessions = 0;
function session(identity: string, statements: readonly Ran[], own: Partial<SessionOf> = {}) {
  const id = `ses_${String(++sessions).padStart(6, '0')}`;
  return sessionOf({ id, identity: `corp:${identity}`, program: 'bot/1.4 ref=CHG-1', ...own }, statements);
}

const alias = (n: number): string => String.fromCodePoint(97 + Math.trunc(n / 26), 97 + (n % 26));
const keys = (count: number, begin: number, every: number, own: (i: number) => Partial<Ran>): Ran[] =>
  Array.from({ length: count }, (_, i) => ({ at: begin + i * every, text: `select name from customers where id = ${i}`, ...own(i) })); // prettier-ignore
/** Each with a spelling that no other has. */
const spelled = (i: number) => ({
  text: `select ${alias(i)}.name from customers ${alias(i)} where ${alias(i)}.id = ${i}`,
});
const catalog = { schema: 'pg_catalog', name: 'pg_class' };
const customers = { schema: 'public', name: 'customers' };
const hidden = (i: number) => ({
  text: `select c.* from pg_catalog.pg_class p, customers c where c.id = ${i}`,
  reads: [catalog, customers],
});
const returned = (i: number) => ({
  text: `update customers set id = id where id = ${i} returning *`,
  kinds: ['update'],
  writes: [customers],
});

/** Of the same hour for some days, the last of them today. */
const evenings = (identity: string, count: number, own: (i: number) => Partial<Ran>, on: Partial<SessionOf> = {}) =>
  [3, 2, 1, 0].flatMap((back) => session(identity, keys(count, at(13, 0, back), 20_000, own), on)); // prettier-ignore

/** A little in each hour, by one query. */
const hourly = (identity: string, own: Partial<Ran> = {}, on: Partial<SessionOf> = {}) =>
  session(
    identity,
    Array.from({ length: 24 }, (_, i) => ({
      at: at(i, 5),
      rows: 960,
      text: `select * from customers where id > ${i}`,
      ...own,
    })),
    on,
  );
/** Who looks at much each day, with queries of the day. */
const exploring = (identity: string, back: number, rows: number) =>
  session(
    identity,
    [9, 11, 14].map((each, i) => ({ ...spelled(30 * back + i), at: at(each, 0, back), rows })),
    { onBehalfOf: 'corp:ana' },
  );

/** Nobody finds these by the text of one query. */
const thefts = (): EncodedEnvelope[] => [
  ...session('spelled', keys(200, at(12), 5_000, spelled)),
  ...session('catalog', keys(60, at(12), 20_000, hidden)),
  ...session('update', keys(60, at(12), 20_000, returned)),
  ...evenings('drip-spelled', 60, spelled),
  ...evenings('drip-catalog', 60, hidden),
  ...evenings('drip-update', 60, returned),
  ...hourly('hourly'),
];

const honest = (): EncodedEnvelope[] => [
  // Who makes up queries asks some of one table, on many days; never so many of them, one after the other.
  ...evenings('developer', 18, spelled, { onBehalfOf: 'corp:ana' }),
  // A driver looks around in the catalog.
  ...evenings('driver', 60, (i) => ({ text: `select * from pg_class where oid = ${i}`, reads: [catalog] })),
  ...evenings('writer', 60, (i) => ({ text: `insert into customers values (${i}) returning id`, kinds: ['insert'], writes: [customers] })),
  ...evenings('updater', 60, (i) => ({ ...returned(i), text: `update customers set name = 'x' where id = ${i}`, rows: 0 })),
  ...hourly('known', { text: 'select * from customers' }),
  ...hourly('approved', { isApproved: true }),
  ...hourly('shipped', {}, { program: 'bot/1.5 ref=CHG-2' }),
  ...exploring('explorer', 0, 4_500),
  // What a deployment brought.
  ...session('deployed', keys(200, at(12), 5_000, spelled), { program: 'bot/1.5 ref=CHG-2' }),
]; // prettier-ignore

const everybody = [
  ...['spelled', 'catalog', 'update', 'drip-spelled', 'drip-catalog', 'drip-update'],
  ...['developer', 'driver', 'writer', 'updater', 'deployed'],
  ...['hourly', 'known', 'approved', 'shipped'],
];

describe('reads that are made to look like others', { timeout: 120_000 }, () => {
  let stage: DetectionStage;
  let found: Finding[];
  const today = { from: midnight, to: midnight + day };

  beforeAll(async () => {
    stage = await DetectionStage.start(midnight + day);
    const past = Array.from({ length: days }, (_, i) => [
      ...everybody.flatMap((each) => session(each, [{ at: at(10, 10, i + 1), rows: 20 }])),
      ...exploring('explorer', i + 1, 4_000),
    ]);
    await stage.append([...past.flat(), ...thefts(), ...honest()]);
    const { detectors } = await stage.detectors();
    const own = detectors.filter(({ id }) => ['day-volume', 'enumeration', 'slow-drip'].includes(id));
    await writeRange(stage.writer, { from: at(0, 0, days), to: midnight });
    await writeRange(stage.writer, today);
    found = await detectDay(stage, own, today, stage.settings, (_, error) => {
      throw error;
    });
  }, 120_000);
  afterAll(() => stage.stop());

  it('are found, and nothing honest beside them', () => {
    expect(found.map(({ detector, row }) => `${row.identity} ${detector.id} ${row.subject}`).toSorted()).toEqual([
      'corp:catalog enumeration public.customers',
      'corp:drip-catalog enumeration public.customers',
      'corp:drip-catalog slow-drip public.customers',
      'corp:drip-spelled slow-drip public.customers',
      'corp:drip-update enumeration public.customers',
      'corp:drip-update slow-drip public.customers',
      'corp:hourly day-volume public.customers',
      'corp:spelled enumeration public.customers',
      'corp:update enumeration public.customers',
    ]); // prettier-ignore
  });

  it('say that it was many', () => {
    const said = (identity: string, id: string) =>
      found.find(({ detector, row }) => detector.id === id && row.identity === `corp:${identity}`)?.evidence;
    expect(said('spelled', 'enumeration')).toMatch(
      /^asked public.customers 200 questions, which it never asked before, 200 times between /,
    );
    expect(said('drip-spelled', 'slow-drip')).toMatch(
      /^asks 60 queries of public.customers since 2026-10-11 never run before: 240 times on 4 days/,
    );
    expect(said('hourly', 'day-volume')).toBe(
      'read 23,040 rows of public.customers in 24 hours of a day, with one query, which is new to it, in 24 statements; own most of all tables in a day of 28 days: 20',
    );
  });
});
