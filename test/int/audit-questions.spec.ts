import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { topics } from '#events';
import { controlOfOctober, lateCut, lostSession, sessionsOfOctober } from '../support/audited-october.js';
import { ask, startClickHouseHouse, type ClickHouseHouse } from './clickhouse.house.js';

type Row = Record<string, unknown>;
interface Question {
  readonly title: string;
  readonly sql: string;
  /** What is said about it, the SQL left out. */
  readonly words: string;
}

const document = readFileSync(join(import.meta.dirname, '../../docs/audit-schema.md'), 'utf8');
const [tables = '', rest = ''] = document.split('\n## Questions\n');
const questions: readonly Question[] = rest
  .split('\n## ')[0]!
  .split('\n### ')
  .slice(1)
  .flatMap((section) => {
    const [, sql] = /```sql\n([\s\S]*?)```/.exec(section) ?? [];
    const [title = ''] = section.split('\n');
    return sql === undefined ? [] : [{ title, sql, words: section.replace(sql, '') }];
  });

let house: ClickHouseHouse;

beforeAll(async () => {
  house = await startClickHouseHouse([]);
  await house.append(topics.session, sessionsOfOctober());
  for (const [topic, events] of controlOfOctober()) await house.append(topic, events);
  await house.cover();
  await house.append(topics.session, lostSession());
  await house.append(topics.proof, [lateCut()]);
}, 60_000);
afterAll(() => house.stop());

const rowsOf = (text: string): Row[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);

/** Asked at both doors, which must agree. */
async function answer(sql: string): Promise<Row[]> {
  const [api, port] = await Promise.all([house.api(sql), ask(house, `${sql} FORMAT JSONEachRow`)]);
  expect([api.status, port.status], api.text + port.text).toEqual([200, 200]);
  expect(rowsOf(port.text)).toEqual(rowsOf(api.text));
  return rowsOf(api.text);
}

const bot = { identity: 'corp:bot', on_behalf_of: 'corp:cy' };
const dan = { identity: 'corp:dan' };
const eve = { identity: 'corp:eve' };
const byEmail = 'select email from customers where id = $1';

/** By the question's beginning: every row that it must give, in order, with at least these columns. */
const expected: Readonly<Record<string, readonly Row[]>> = {
  'Who read a column last month, under which policy, and who had approved it?': [
    { ...bot, time: '2026-10-05 10:01:00.000000', policy_ids: ['reads'], decided_by: [], rows: 2 },
    { ...dan, time: '2026-10-12 09:01:00.000000', text: byEmail, decided_by: [], rows: 1 },
  ],
  'Everything that one identity ran, with each verdict': [
    { session_id: 'ses_b', text: byEmail, decision: 'allow', status: 'ok' },
    { session_id: 'ses_b', text: 'delete from orders', decision: 'deny', status: 'denied' },
    { session_id: 'ses_b', text: 'copy orders to stdout', decision: 'allow', rows: 5000 },
    { session_id: 'ses_d', text: byEmail, decision: 'hold', hold_outcome: 'expired', status: 'held' },
  ],
  'What was refused, by error code and identity?': [
    {
      ...dan,
      sqlstate: '42501',
      reason: 'orders are never deleted',
      refusals: 1,
      example: 'delete from orders',
    },
  ],
  'What was approved, by whom, as which account did it run, and how long did it wait?': [
    { ...bot, text: 'select * from payments', decided_by: ['corp:ana'], waited_s: 120, ran_as: 'svc_orders' },
  ],
  'Did anybody try to approve their own request?': [
    { approval_id: 'apr_1', decided: 'corp:cy', requester: 'corp:bot', on_behalf_of: 'corp:cy' },
    { approval_id: 'apr_2', decided: 'corp:dan', requester: 'corp:dan', on_behalf_of: '' },
  ],
  'What ran without approval that would be held today?': [
    { ...dan, text: byEmail, held_since: '2026-10-22 10:01:00.000000', held_by: ['hold-clear'] },
  ],
  'When did an identity first touch each table?': [
    { ...eve, table_name: 'public.leads', first_use: '2026-10-16 23:31:00.000000', statements: 1 },
    { ...dan, table_name: 'public.orders', first_use: '2026-10-12 09:03:00.000000', statements: 1 },
    { ...dan, table_name: 'public.customers', first_use: '2026-10-12 09:01:00.000000', statements: 2 },
    { identity: 'corp:bot', table_name: 'public.payments', first_use: '2026-10-05 10:02:00.000000' },
    { identity: 'corp:bot', table_name: 'public.customers', first_use: '2026-10-05 10:01:00.000000' },
  ],
  'How much of which class went to whom, by day?': [
    {
      day: '2026-10-05',
      identity: 'corp:bot',
      class: 'card',
      masked_values: 10,
      revealed_values: 0,
      rows_out: 10,
      bytes_out: 700,
    },
    {
      day: '2026-10-05',
      identity: 'corp:bot',
      class: 'email',
      masked_values: 5,
      revealed_values: 0,
      rows_out: 12,
      bytes_out: 5700,
    },
    { day: '2026-10-12', ...dan, class: 'email', masked_values: 0, revealed_values: 1, rows_out: 1 },
  ],
  'Who saw a column in the clear that is masked for others?': [
    { ...dan, text: byEmail, rows: 1, revealed_values: 1 },
  ],
  'Who came from where they never came from before?': [
    { ...eve, address: '203.0.113.50', first_seen: '2026-10-16 23:30:00.000000', sessions: 1 },
  ],
  'Who worked out of hours?': [
    { ...eve, session_id: 'ses_c', local_start: '2026-10-17 01:30:00.000000', statements: 1 },
  ],
  "Are there gaps in a session's sequence?": [
    { session_id: 'ses_e', last_seq_before: 3, next_seq: 6, missing_events: 2 },
  ],
  'Which of them came but could not be read?': [
    { session_id: 'ses_e', seq: 5, type: 'StatementOutcome', reason: 'premature EOF' },
  ],
  'Which sessions were lost, and what became of their statements?': [
    { session_id: 'ses_e', end_reason: 'lost', status: 'unknown', text: 'update leads set x = 1' },
  ],
  'Who changed policies, masking or connections?': [
    { ...eve, type: 'ConnectionRegistered', subject: 'orders', version: '' },
    { ...eve, type: 'PoliciesPublished', version: 'v1', change_reference: 'CHG-1' },
    { ...eve, type: 'MaskingPublished', version: 'm1' },
    { ...dan, type: 'ConnectionRegistered', subject: 'orders' },
    { ...dan, type: 'PoliciesPublished', version: 'v2', change_reference: 'CHG-2' },
  ],
  'What has been decided differently since a change of policies?': [
    { connection: 'orders', before: 'allow', since: 'hold', by_policies: ['hold-clear'], example: byEmail },
  ],
  'How has a connection changed, and by whom?': [
    { ...eve, type: 'ConnectionRegistered', host: '10.1.0.1', account: 'svc_orders' },
    { ...dan, type: 'ConnectionRegistered', host: '10.1.0.2', account: 'svc_orders' },
  ],
  'Who changed the schema, or administered?': [
    { ...eve, kinds: ['alter table'], tables_written: ['public.leads'], decision: 'allow', status: 'ok' },
  ],
  'How much was copied out?': [
    { ...dan, connection: 'orders', copies: 1, rows_out: 5000, volume: '878.91 KiB', largest: 900_000 },
  ],
  'Which requests waited longest for a person?': [
    { ...dan, hold_outcome: 'expired', decided_by: [], waited_min: 30 },
    { identity: 'corp:bot', hold_outcome: 'approved', decided_by: ['corp:ana'], waited_min: 2 },
  ],
  'Who signed in, and who was refused?': [
    { type: 'SignInRefused', identity: '', code: 'TOKEN_EXPIRED', address: '203.0.113.9', times: 2 },
    { type: 'PageSessionStarted', identity: 'corp:ana', code: '', address: '10.0.0.7', times: 1 },
  ],
  'Which sessions did security end, and why?': [
    { session_id: 'ses_d', ended_by: 'corp:ana', whose: 'corp:dan', end_reason: 'ended: odd reads' },
  ],
  'What did a detector find, of whom, and what did people say of it?': [
    { ...dan, severity: 'high', state: 'acknowledged', state_by: 'corp:ana', incident: 'fnd_1' },
    { ...eve, severity: 'low', state: 'open', state_by: '', incident: 'fnd_2' },
  ],
  'Who was in quarantine, since when, and who let them out?': [
    { ...dan, action: 'set', level: 'approve', by: 'rule bulk-read' },
    { ...dan, action: 'lifted', level: '', by: 'corp:ana', reason: 'he has left' },
  ],
  'What did a client see of one statement, row by row?': [
    { seq: 3, cells: [null, 'a***@example.org'] },
    { seq: 3, cells: ['', null] },
  ],
  'Up to where do checkpoints cover each partition, and what is not covered yet?': [
    { topic: 'weir.session.v1', partition: 0, through: 26, not_covered: 6 },
  ],
};

describe('the questions of docs/audit-schema.md', () => {
  it('are at least twenty, and each has its answer here', () => {
    expect(questions.length).toBeGreaterThanOrEqual(20);
    expect(questions.map(({ title }) => title)).toEqual(Object.keys(expected));
  });

  it.each(questions)('$title', async ({ title, sql }) => {
    const rows = await answer(sql);
    expect(rows).toEqual(expected[title]?.map((row) => expect.objectContaining(row) as Row));
  });

  it.each(questions)('every column of the answer is explained: $title', async ({ sql, words }) => {
    const [row = {}] = await answer(sql);
    const explained = new Set([...`${tables}${words}`.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name));
    expect(Object.keys(row).filter((name) => !explained.has(name))).toEqual([]);
  });
});
