import { expect } from 'vitest';
import { eventually } from '../../support/house.js';
import {
  copiedIn,
  errorsIn,
  formatsIn,
  noticesIn,
  of,
  rowsIn,
  statusesIn,
  tagsIn,
  type Report,
} from '../../support/wire-reading.js';
import { customers, owner, type Stage } from '../stage.js';
import { runAll, type Situation, type SqlClient } from './client.js';

/** Brings about one situation with one client, and says in a few words how it ended. */
type Perform = (client: SqlClient, stage: Stage) => Promise<string>;

const email = 'w***@example.com';
const whole = '****';
const budget = 10_000;

/** A ticket that no other test deletes. */
let tickets = 0;
const nextTicket = () => ++tickets;

export const perform: Readonly<Record<Situation, Perform>> = {
  'masked read': async (client, stage) => {
    const expected = [1, 2, 3].map((id) => [`Customer ${id}`, email, whole]);
    await reads(client, stage, 'select id, name, email, ssn from customers where id <= 3', expected);
    expect(formatsIn(stage.tap.frames)).toEqual([client.format === 'binary' ? 1 : 0]);
    expect(
      noticesIn(stage.tap.frames)
        .map(({ message }) => message)
        .join(),
    ).toMatch(/email.*ssn/);
    return `masked, ${client.format}`;
  },

  alias: (client, stage) =>
    reads(
      client,
      stage,
      'select email as contact, ssn as code, name as email_verified from customers where id = 4',
      [[email, whole, 'Customer 4']],
    ),

  'select *': async (client, stage) => {
    await runAll(client, stage, 'select * from customers where id = 5');
    const [row, ...rest] = texts(stage);
    expect(rest).toEqual([]);
    expect(row!.slice(1, 4)).toEqual(['Customer 5', email, whole]);
    // Classifiers find what stands in free text and in JSON.
    expect(row![4]).toBe(`paid with ****${stage.canaries.card.slice(12)}, write to ${email}`);
    expect(row![5]).toContain(`"contact": "${email}"`);
    return 'masked';
  },

  join: (client, stage) =>
    reads(
      client,
      stage,
      'select c.name, c.email from orders o join customers c on c.id = o.customer_id where o.id = 5',
      [['Customer 6', email]],
    ),

  view: async (client, stage) => {
    await runAll(client, stage, 'select contact, identifier from contacts limit 3');
    expect(texts(stage)).toEqual(Array(3).fill([email, whole]));
    return 'masked as the columns behind it';
  },

  cursor: async (client, stage) => {
    const declare = 'declare c no scroll cursor for select name, email from customers where id > 10';
    await runAll(client, stage, 'begin', declare, 'fetch 2 from c', 'fetch 3 from c', 'close c', 'commit');
    expect(errorsIn(stage.tap.frames)).toEqual([]);
    expect(texts(stage)).toEqual([11, 12, 13, 14, 15].map((id) => [`Customer ${id}`, email]));
    return 'masked';
  },

  'COPY out': async (client, stage) => {
    const copying = client.copyOut(stage, 'copy customers (id, name, email, ssn) to stdout');
    await stage.house.decide(await stage.house.pendingApproval(), 'approve');
    const { text } = await copying;
    expect(errorsIn(stage.tap.frames)).toEqual([]);
    const copied = copiedIn(stage.tap.frames).toString('latin1');
    if (client.name.includes('binary')) expect(copied.startsWith('PGCOPY\n\xff\r\n\0')).toBe(true);
    expect(copied.split(email).length - 1).toBe(customers);
    expect(copied).toContain('Customer 7');
    expect(text).toContain(email);
    expect(tagsIn(stage.tap.frames)).toContain(`COPY ${customers}`);
    return 'held; approved: masked';
  },

  'refused DROP': async (client, stage) => {
    const { text } = await runAll(client, stage, 'drop table keepsake', "select 'alive' as state");
    refusedIn(stage, '42501', text);
    await keepsakeStands(stage);
    return texts(stage).flat().includes('alive') ? '42501; goes on' : '42501';
  },

  'refused DROP in a transaction': async (client, stage) => {
    const [lost, kept] = [`${client.name}: lost`, `${client.name}: kept`];
    const { text } = await runAll(client, stage, 'begin', insert(lost), 'drop table keepsake', 'commit');
    refusedIn(stage, '42501', text);
    await keepsakeStands(stage);
    expect(await scratch(stage, lost)).toBe(0);
    const sent = statusesIn(stage.tap.frames);
    if (sent.endsWith('I') && sent.includes('E')) expect(tagsIn(stage.tap.frames).at(-1)).toBe('ROLLBACK');
    // What a transaction without the DROP does.
    await runAll(client, stage, 'begin', insert(kept), 'commit');
    expect(await scratch(stage, kept)).toBe(1);
    return '42501; rolled back';
  },

  'refused DROP in a query string': async (client, stage) => {
    const [lost, kept] = [`${client.name}: lost in a string`, `${client.name}: kept in a string`];
    const drop = [insert(lost), 'drop table keepsake', insert(lost)].join(client.separator);
    const { text } = await runAll(client, stage, drop);
    refusedIn(stage, '42501', text);
    await keepsakeStands(stage);
    expect(await scratch(stage, lost)).toBe(0);
    await runAll(client, stage, [insert(kept), insert(kept)].join(client.separator));
    expect(await scratch(stage, kept)).toBe(2);
    return '42501; nothing done';
  },

  'refused DROP in a pipeline': async (client, stage) => {
    const [lost, kept] = [`${client.name}: lost in a pipeline`, `${client.name}: kept in a pipeline`];
    const { text } = await client.pipeline(stage, [insert(lost), 'drop table keepsake', insert(lost)]);
    refusedIn(stage, '42501', text);
    await keepsakeStands(stage);
    expect(await scratch(stage, lost)).toBe(0);
    await client.pipeline(stage, [insert(kept), insert(kept)]);
    expect(await scratch(stage, kept)).toBe(2);
    return '42501; rolled back';
  },

  'held, approved': async (client, stage) => {
    const ticket = nextTicket();
    const { done } = await client.start(stage, [remove(ticket)]);
    const approval = await stage.house.pendingApproval();
    expect(await ticketStands(stage, ticket)).toBe(true);
    await stage.house.decide(approval, 'approve');
    await done;
    expect(errorsIn(stage.tap.frames)).toEqual([]);
    const notice = noticesIn(stage.tap.frames).find(({ sqlstate }) => sqlstate === 'WK001');
    expect(notice?.message).toContain(approval);
    expect(notice?.hint).toBe(`${stage.house.url}/approvals/${approval}`);
    expect(tagsIn(stage.tap.frames)).toContain('DELETE 1');
    expect(await ticketStands(stage, ticket)).toBe(false);
    return 'deleted';
  },

  'held, denied': async (client, stage) => {
    const ticket = nextTicket();
    const { done } = await client.start(stage, [remove(ticket)]);
    await stage.house.decide(await stage.house.pendingApproval(), 'deny', 'not this one');
    const { text } = await done;
    const { message } = refusedIn(stage, '42501', text);
    expect(message).toMatch(/^denied by .*: not this one$/);
    expect(await ticketStands(stage, ticket)).toBe(true);
    return '42501; row kept';
  },

  'held in a transaction': async (client, stage) => {
    const ticket = nextTicket();
    const { text } = await runAll(client, stage, 'begin', remove(ticket), 'rollback');
    const { message } = refusedIn(stage, 'WK001', text);
    const approval = await stage.house.pendingApproval();
    expect(message).toContain(approval);
    await stage.house.decide(approval, 'approve');
    stage.tap.clear();
    await runAll(client, stage, 'begin', remove(ticket), 'commit');
    expect(errorsIn(stage.tap.frames)).toEqual([]);
    expect(await ticketStands(stage, ticket)).toBe(false);
    return 'WK001; approved: run again';
  },

  'cancelled while held': async (client, stage) => {
    const ticket = nextTicket();
    const running = await client.start(stage, [remove(ticket), "select 'alive' as state"]);
    const approval = await stage.house.pendingApproval();
    await running.cancel!();
    const { text } = await running.done;
    const [error] = errorsIn(stage.tap.frames);
    expect(error).toMatchObject({ severity: 'ERROR', sqlstate: '57014' });
    expect(text).toContain(error!.message);
    await withdrawn(stage, approval);
    expect(await ticketStands(stage, ticket)).toBe(true);
    return '57014; withdrawn';
  },

  'client gone while held': async (client, stage) => {
    const ticket = nextTicket();
    const running = await client.start(stage, [remove(ticket)]);
    const approval = await stage.house.pendingApproval();
    running.vanish();
    await running.done;
    await withdrawn(stage, approval);
    expect(await ticketStands(stage, ticket)).toBe(true);
    return 'withdrawn; row kept';
  },

  'cancelled pg_sleep': async (client, stage) => {
    const running = await client.start(stage, ['select pg_sleep(60)', "select 'alive' as state"]);
    const sleeping = `pg_stat_activity where query ~ '^select pg_sleep' and state = 'active' and pid <> pg_backend_pid()`;
    await eventually(async () => (await stage.count(sleeping)) === 1);
    const asked = Date.now();
    await running.cancel!();
    const { text } = await running.done;
    expect(Date.now() - asked).toBeLessThan(5_000);
    const [error] = errorsIn(stage.tap.frames);
    expect(error).toMatchObject({ severity: 'ERROR', sqlstate: '57014' });
    expect(text).toContain(error!.message);
    expect(await stage.count(sleeping)).toBe(0);
    return '57014';
  },

  'row budget': async (client, stage) => {
    const { text } = await runAll(client, stage, 'select id, label from big', "select 'alive' as state");
    refusedIn(stage, 'WK002', text);
    const { frames } = stage.tap;
    const error = frames.findIndex(({ type }) => type === 'E');
    expect(of('D', frames.slice(0, error))).toHaveLength(budget);
    expect(of('D', frames.slice(error)).length).toBeLessThanOrEqual(1);
    stage.tap.clear();
    await runAll(client, stage, `select id, label from big where id <= ${budget}`);
    expect(errorsIn(stage.tap.frames)).toEqual([]);
    expect(rowsIn(stage.tap.frames)).toHaveLength(budget);
    return '10,000 rows, then WK002';
  },

  'row budget of a cursor': async (client, stage) => {
    const declare = 'declare c no scroll cursor for select id, label from big';
    const { text } = await runAll(
      client,
      stage,
      'begin',
      declare,
      'fetch 6000 from c',
      'fetch 6000 from c',
      'commit',
    );
    refusedIn(stage, 'WK002', text);
    expect(rowsIn(stage.tap.frames)).toHaveLength(budget);
    return '10,000 rows, then WK002';
  },

  '100 sessions': async (client, stage) => {
    await client.crowd(stage, 100, 'select name, email from customers where id = 7');
    expect(stage.tap.peak).toBe(100);
    expect(errorsIn(stage.tap.frames)).toEqual([]);
    const read = texts(stage).filter((row) => row.length === 2);
    expect(read).toEqual(Array(100).fill(['Customer 7', email]));
    return '100 open, all masked';
  },
};

/** Text columns as sent; what a leading integer column holds is not looked at, it may be binary. */
async function reads(
  client: SqlClient,
  stage: Stage,
  statement: string,
  expected: string[][],
): Promise<string> {
  await runAll(client, stage, statement);
  expect(errorsIn(stage.tap.frames)).toEqual([]);
  const width = expected[0]!.length;
  expect(texts(stage).map((row) => row.slice(-width))).toEqual(expected);
  return 'masked';
}

function texts(stage: Stage): string[][] {
  return rowsIn(stage.tap.frames).map((row) => row.map((value) => value?.toString('utf8') ?? 'NULL'));
}

/** The refusal, as every refusal is: reason, decision, link and owner, and the client shows it to its person. */
function refusedIn(stage: Stage, sqlstate: string, said: string): Report {
  const refusal = errorsIn(stage.tap.frames)[0]!;
  expect(refusal).toMatchObject({ severity: 'ERROR', sqlstate });
  expect(refusal.detail).toMatch(/^decision ses_\w+-\d+$/);
  expect(refusal.hint).toContain(`${stage.house.url}/decisions/`);
  expect(refusal.hint).toContain(owner);
  expect(said).toContain(refusal.message);
  return refusal;
}

const insert = (who: string) => `insert into scratch values ('${who}', 1)`;
const remove = (ticket: number) => `delete from tickets where id = ${ticket}`;
const scratch = (stage: Stage, who: string) => stage.count('scratch where who = $1', [who]);
const ticketStands = async (stage: Stage, id: number) =>
  (await stage.count('tickets where id = $1', [id])) === 1;

async function keepsakeStands(stage: Stage): Promise<void> {
  expect(await stage.count("pg_class where relname = 'keepsake'")).toBe(1);
}

/** Nobody can approve it any more. */
async function withdrawn(stage: Stage, approval: string): Promise<void> {
  const status = async () =>
    (await stage.house.json<{ status: string }>('approver', `/api/approvals/${approval}`)).status;
  await eventually(async () => (await status()) === 'withdrawn');
  const late = await stage.house.fetch('approver', `/api/approvals/${approval}/decision`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ decision: 'approve', reason: 'late' }),
  });
  expect(late.status).toBe(409);
}
