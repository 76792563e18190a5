import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/house.js';
import { peer } from '../support/peers.js';
import { executedBy, logEverything } from './server-log.js';
import { Stage } from './stage.js';

const masking = `
rules:
  - { column: '*.customers.email', class: email }
  - { column: '*.customers.ssn', class: ssn }
`;

interface Item {
  readonly id: string;
  readonly status: string;
  readonly classes: readonly string[];
  readonly estimate:
    { readonly rows: number; readonly cost: number } | { readonly unavailable: string } | null;
  readonly source: { readonly address: string; readonly program: string };
}

/** What an approver is shown, from a real target's planner, with real statements of a real client. */
describe.skipIf(!peer('postgres'))('what stands in a request for approval', () => {
  let stage: Stage;
  let client: pg.Client;

  beforeAll(async () => {
    stage = await Stage.build({ masking, settings: logEverything });
    await stage.admin.query(`
      create table vault (id int primary key);
      create sequence tally;
      grant usage on sequence tally to svc_orders;
      create function slow() returns int immutable language plpgsql as 'begin perform pg_sleep(30); return 1; end';
      create table guarded (id int primary key);
      grant all on guarded to svc_orders;
      alter table guarded enable row level security;
      create policy guard on guarded using (id > slow());
      create schema other;
      create table other.orders (id int primary key, amount numeric);
      insert into other.orders select g, 1 from generate_series(1, 5000) g;
      grant usage on schema other to svc_orders;
      grant all on other.orders to svc_orders;
      analyze;
    `);
    client = new pg.Client({ ...(await stage.address()), application_name: 'the spec <b>' });
    await client.connect();
  }, 120_000);
  afterAll(async () => {
    await client.end();
    await stage.down();
  });

  const estimates = () => executedBy(stage.postgres.logFile, 'weirkeeper estimate');

  /** Sends it, reads the request as its approver does, and denies it. */
  async function asked(text: string, values: readonly unknown[] = []): Promise<Item> {
    const refused = client.query({ text, values: [...values] }).then(
      () => 'done',
      (error: Error) => error.message,
    );
    const id = await stage.house.pendingApproval();
    const item = await stage.house.json<Item>('approver', `/api/approvals/${id}`);
    await stage.house.decide(id, 'deny', 'only looked at');
    expect(await refused).toContain('only looked at');
    return item;
  }

  it('an UPDATE with parameters: rows by their values, what it touches, and where it came from', async () => {
    const text = 'update orders set amount = amount + $1 where id <= $2';
    const few = await asked(text, ['1.25', 3]);
    const many = await asked(text, ['1.25', 150]);
    // The planner knows 200 rows: only with the value can it tell one from the other.
    expect(few.estimate).toMatchObject({ rows: expect.closeTo(3, -0.5) as number });
    expect(many.estimate).toMatchObject({ rows: expect.closeTo(150, -1.2) as number });
    expect(few).toMatchObject({
      classes: [],
      source: { address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string, program: 'the spec <b>' },
    });
    expect(await stage.count('orders where amount <> id * 1.25')).toBe(0);
    const texts = estimates().map((each) => each.text);
    expect(texts).toContain(`EXPLAIN (FORMAT JSON) ${text}`);
    expect(texts.join('\n')).not.toMatch(/analyze|commit/i);
  }, 60_000);

  it('the classes of the columns, those of a removed row too; the same by the command line', async () => {
    expect((await asked('update customers set email = $1 where id = $2', ['a@b.c', 1])).classes).toEqual([
      'email',
    ]);
    expect((await asked('delete from customers where id = 1')).classes).toEqual(['email', 'ssn']);
    const gone = client.query('delete from customers where id = 2').catch(() => undefined);
    const id = await stage.house.pendingApproval();
    const { stdout } = await stage.house.weir('approvals', id);
    await stage.house.decide(id, 'deny', 'no');
    await gone;
    expect(stdout).toMatch(/^ {2}from {4}127\.0\.0\.1:\d+, says it is "the spec <b>"$/m);
    expect(stdout).toMatch(/^ {2}data {4}email, ssn$/m);
    expect(stdout).toMatch(/^ {2}plan {4}about 1 row, cost [\d.]+$/m);
  }, 60_000);

  it('a table that the connection’s role may not touch', async () => {
    const { estimate } = await asked('delete from vault where id = 1');
    expect(estimate).toEqual({ unavailable: 'the connection’s role may not do it: permission denied' });
  }, 60_000);

  it('a plan that takes too long, by a function that is immutable by word only', async () => {
    const began = Date.now();
    const { estimate } = await asked('delete from guarded where id = 1');
    expect(estimate).toEqual({ unavailable: 'planning took longer than 2 s' });
    expect(Date.now() - began).toBeLessThan(10_000);
    const busy = `pg_stat_activity where application_name = 'weirkeeper estimate'`;
    await eventually(async () => (await stage.count(busy)) === 0);
  }, 60_000);

  it('a volatile function is planned and not run', async () => {
    const { estimate } = await asked("select nextval('tally')");
    expect(estimate).toMatchObject({ rows: 1 });
    const { rows } = await stage.admin.query<{ is_called: boolean }>('select is_called from tally');
    expect(rows).toEqual([{ is_called: false }]);
  }, 60_000);

  it('several statements in one text are not asked about', async () => {
    const { estimate } = await asked('delete from tickets where id = 1; delete from tickets where id = 2');
    expect(estimate).toEqual({ unavailable: 'it is several statements' });
  }, 60_000);

  it('the session’s own search_path and settings count', async () => {
    await client.query("set search_path to 'other'");
    const { estimate } = await asked('update orders set amount = 2');
    await client.query('reset search_path');
    expect(estimate).toMatchObject({ rows: 5000 });
    expect(await asked('update orders set amount = 2')).toMatchObject({ estimate: { rows: 200 } });
  }, 60_000);

  it('a locked table holds nothing up', async () => {
    await stage.admin.query('begin; lock table tickets in access exclusive mode');
    const item = asked('delete from tickets where id = 9');
    await item.catch(() => undefined);
    await stage.admin.query('rollback');
    const { estimate } = await item;
    expect(estimate).toEqual({ unavailable: 'what it touches is locked by another session' });
  }, 60_000);

  it('one that is approved runs once, and as it was asked', async () => {
    const done = client.query('update orders set amount = amount + $1 where id = $2', ['1', 7]);
    await stage.house.decide(await stage.house.pendingApproval(), 'approve');
    expect((await done).rowCount).toBe(1);
    expect(await stage.count('orders where amount = id * 1.25 + 1')).toBe(1);
  }, 60_000);
});
