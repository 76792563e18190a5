import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { byte, frontend, int16, message } from '../../services/proxy/postgres/codec.js';
import { eventually } from '../support/house.js';
import { peer } from '../support/peers.js';
import { execution, query, RawClient, sync } from '../support/raw-client.js';
import { copiedIn, errorsIn, of, rowsIn, statusesIn, tagsIn } from '../support/wire-reading.js';
import type { Frame } from '../support/wire-tap.js';
import { leaksIn } from './canaries.js';
import { Stage } from './stage.js';

const email = 'w***@example.com';
const parse = (name: string, text: string) => message(frontend.parse, name, text, int16(0));
const bind = (portal: string, name: string, format = 0) =>
  message(frontend.bind, portal, name, int16(0), int16(0), int16(1), int16(format));
const execute = (portal: string, maxRows = 0) => message(frontend.execute, portal, maxRows);
const flush = message(frontend.flush);
const texts = (frames: readonly Frame[]) => rowsIn(frames).map((row) => row.map(String));

/** What drivers seldom send, and the gate must take as the server would. */
describe.skipIf(!peer('postgres'))('the protocol, byte by byte', () => {
  let stage: Stage;
  let client: RawClient;

  beforeAll(async () => {
    stage = await Stage.build();
  }, 120_000);
  afterAll(() => stage.down());
  beforeEach(async () => {
    client = await RawClient.signIn(await stage.address());
    return async () => {
      await client.end();
      expect(leaksIn(stage.tap.everyByte, stage.canaries)).toEqual([]);
      stage.tap.forget();
    };
  });

  it('a portal in pieces is masked in each, and its budget is one', async () => {
    const opened = await client.ask(
      parse('', 'select name, email from customers where id < 8'), bind('p', ''), execute('p', 3), execute('p', 3), execute('p', 3), sync,
    ); // prettier-ignore
    expect(texts(opened)).toEqual([1, 2, 3, 4, 5, 6, 7].map((id) => [`Customer ${id}`, email]));
    expect(of('s', opened)).toHaveLength(2);
    const pieces = Array.from({ length: 4 }, () => execute('q', 3_000));
    const spent = await client.ask(parse('', 'select id, label from big'), bind('q', ''), ...pieces, sync);
    expect(rowsIn(spent)).toHaveLength(10_000);
    expect(errorsIn(spent)).toMatchObject([{ sqlstate: 'WK002' }]);
    expect(statusesIn(spent)).toBe('I');
  });

  it('a portal across segments of one transaction', async () => {
    await client.ask(query('begin'));
    const first = await client.ask(
      parse('s', 'select name, email from customers'),
      bind('p', 's', 1),
      execute('p', 2),
      sync,
    );
    const second = await client.ask(execute('p', 2), sync);
    expect(texts([...first, ...second])).toEqual([1, 2, 3, 4].map((id) => [`Customer ${id}`, email]));
    expect(statusesIn(await client.ask(query('commit')))).toBe('I');
  });

  it('one byte at a time', async () => {
    const bytes = Buffer.concat([execution('select name, email from customers where id = 2'), sync]);
    for (let at = 0; at < bytes.length; at += 3) {
      client.write(bytes.subarray(at, at + 3));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until((frames) => of('Z', frames).length === 2);
    expect(texts(client.frames)).toEqual([['Customer 2', email]]);
  });

  it('two hundred segments without waiting, a refused one among them', async () => {
    const read = (id: number) => Buffer.concat([execution(`select ${id} as n`), sync]);
    const segments = Array.from({ length: 200 }, (_, i) =>
      i === 100 ? Buffer.concat([execution('drop table keepsake'), sync]) : read(i),
    );
    client.write(...segments);
    await client.until((frames) => of('Z', frames).length === 201);
    expect(texts(client.frames).map(([n]) => Number(n))).toEqual(
      Array.from({ length: 200 }, (_, i) => i).filter((i) => i !== 100),
    );
    const error = client.frames.findIndex(({ type }) => type === 'E');
    expect(of('D', client.frames.slice(0, error))).toHaveLength(100);
  });

  it('Flush gives the answer without ending the segment, and an error lasts until Sync', async () => {
    client.write(execution("insert into scratch values ('flushed', 1)"), flush);
    await client.until((frames) => tagsIn(frames).includes('INSERT 0 1'));
    client.write(parse('', 'drop table keepsake'), flush);
    await client.until((frames) => errorsIn(frames).length === 1);
    const rest = await client.ask(execution("insert into scratch values ('flushed', 2)"), sync);
    expect(tagsIn(rest)).toEqual([]);
    expect(await stage.count("scratch where who = 'flushed'")).toBe(0);
    await client.ask(execution("insert into scratch values ('flushed', 3)"), sync);
    expect(await stage.count("scratch where who = 'flushed'")).toBe(1);
  });

  it('a prepared statement follows the search_path that it runs under', async () => {
    await stage.admin
      .query(`create schema other; create table other.customers (id int, name text, email text);
      insert into other.customers values (1, 'Other', 'plain'); grant usage on schema other to svc_orders;
      grant select on other.customers to svc_orders`);
    // The catalog is polled.
    await eventually(
      async () => errorsIn(await client.ask(query('select name from other.customers'))).length === 0,
    );
    await client.ask(
      query('set search_path to other'),
      parse('s', 'select name, email from customers where id = 1'),
      sync,
    );
    await client.until((frames) => of('Z', frames).length >= 3);
    await client.ask(query('set search_path to public'));
    const rows = texts(await client.ask(bind('', 's'), execute(''), sync));
    expect(rows.flat().filter((value) => value.includes('@'))).toEqual(rows.length > 0 ? [email] : []);
  });

  it('several statements before one Sync, one of them held: all of them or none', async () => {
    const both = (ticket: number) =>
      Buffer.concat([
        execution(`insert into scratch values ('with ${ticket}', 1)`),
        execution(`delete from tickets where id = ${ticket}`),
        sync,
      ]);
    const approved = client.ask(both(501));
    await stage.house.decide(await stage.house.pendingApproval(), 'approve');
    expect(tagsIn(await approved)).toEqual(['INSERT 0 1', 'DELETE 1']);
    const denied = client.ask(both(502));
    await stage.house.decide(await stage.house.pendingApproval(), 'deny');
    expect(errorsIn(await denied)).toMatchObject([{ sqlstate: '42501' }]);
    expect(await stage.count("scratch where who = 'with 501'")).toBe(1);
    expect(await stage.count("scratch where who = 'with 502'")).toBe(0);
    expect(await stage.count('tickets where id in (501, 502)')).toBe(1);
  });

  it('what is sent while a statement is held waits its turn', async () => {
    const seen = client.frames.length;
    client.write(
      query('delete from tickets where id = 503'),
      query("select 'after' as t"),
      query('drop table keepsake'),
    );
    const approval = await stage.house.pendingApproval();
    expect(of('D', client.frames.slice(seen))).toEqual([]);
    await stage.house.decide(approval, 'approve');
    await client.until((frames) => of('Z', frames.slice(seen)).length === 3);
    expect(tagsIn(client.frames.slice(seen))).toEqual(['DELETE 1', 'SELECT 1']);
    expect(errorsIn(client.frames.slice(seen))).toMatchObject([{ sqlstate: '42501' }]);
  });

  it('an approval serves one execution of one statement', async () => {
    const remove = (ticket: number) => client.ask(query(`delete from tickets where id = ${ticket}`));
    const decide = async (decision: 'approve' | 'deny') =>
      stage.house.decide(await stage.house.pendingApproval(), decision);
    const heldAnew = async (answer: Promise<readonly Frame[]>) => {
      expect(errorsIn(await answer)).toMatchObject([{ sqlstate: 'WK001' }]);
      await client.ask(query('rollback'));
    };
    await client.ask(query('begin'));
    await heldAnew(remove(504));
    await decide('approve');

    await client.ask(query('begin'));
    await heldAnew(remove(505));
    await decide('deny');

    await client.ask(query('begin'));
    expect(tagsIn(await remove(504))).toEqual(['DELETE 1']);
    await heldAnew(remove(504));
    await decide('deny');
    expect(await stage.count('tickets where id in (504, 505)')).toBe(2);
  });

  it('COPY in to a table that needs no approval; to another it is held', async () => {
    await client.ask(query("select 'ready' as r"));
    const seen = client.frames.length;
    client.write(query('copy scratch (who, n) from stdin'));
    await client.until((frames) => of('G', frames.slice(seen)).length === 1);
    const data = message(frontend.copyData, Buffer.from('copied\t1\ncopied\t2\n'));
    expect(tagsIn(await client.ask(data, message(frontend.copyDone)))).toEqual(['COPY 2']);
    expect(await stage.count("scratch where who = 'copied'")).toBe(2);
    const held = client.ask(query('copy tickets (id, title) from stdin'));
    await stage.house.decide(await stage.house.pendingApproval(), 'deny');
    expect(errorsIn(await held)).toMatchObject([{ sqlstate: '42501' }]);
  });

  it.each(['csv header', 'csv', 'binary', 'text'])('COPY out as %s', async (format) => {
    const copying = client.ask(
      query(
        `copy (select id, name, email, ssn from customers where id = 3) to stdout with (format ${format.replace(' ', ', ')})`,
      ),
    );
    await stage.house.decide(await stage.house.pendingApproval(), 'approve');
    const copied = copiedIn(await copying).toString('latin1');
    expect(copied).toContain('Customer 3');
    expect(copied).toContain(email);
  });

  it('an error’s text holds no value of a row', async () => {
    const [error] = errorsIn(await client.ask(query('select notes::int from customers where id = 3')));
    expect(error).toMatchObject({ sqlstate: '22P02', detail: '' });
    expect(error!.message).toContain('integer');
  });

  it('a cancel with a wrong key does nothing', async () => {
    const other = await RawClient.open({ host: '127.0.0.1', port: stage.tap.port });
    const running = client.ask(query("select pg_sleep(0.3), 'slept' as s"));
    const key = of('K', client.frames)[0]!.body;
    const wrong = Buffer.from(key);
    wrong[wrong.length - 1]! ^= 1;
    other.write(Buffer.concat([Buffer.from('0000001004d2162e', 'hex'), wrong]));
    await other.untilClosed();
    expect(errorsIn(await running)).toEqual([]);
  });

  it('a function call message is refused, and what follows is served', async () => {
    const call = message(0x46, 2_000, int16(0), int16(0), int16(0));
    expect(errorsIn(await client.ask(call))).toMatchObject([{ sqlstate: '42501' }]);
    expect(texts(await client.ask(query('select 7 as n')))).toEqual([['7']]);
  });

  it('Describe and Close of what is not there', async () => {
    const answer = await client.ask(message(frontend.describe, byte(0x53), 'nothing'), sync);
    expect(errorsIn(answer)).toMatchObject([{ sqlstate: '26000' }]);
    expect(of('3', await client.ask(message(frontend.close, byte(0x53), 'nothing'), sync))).toHaveLength(1);
  });
});
