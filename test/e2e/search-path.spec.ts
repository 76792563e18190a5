import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { frontend, int16, message } from '../../services/proxy/postgres/codec.js';
import { eventually } from '../support/house.js';
import { peer } from '../support/peers.js';
import { query, RawClient, startup, sync } from '../support/raw-client.js';
import { errorsIn, of, rowsIn } from '../support/wire-reading.js';
import type { Frame } from '../support/wire-tap.js';
import { Stage } from './stage.js';

const parse = (name: string, text: string) => message(frontend.parse, name, text, int16(0));
const bind = (portal: string, name: string) =>
  message(frontend.bind, portal, name, int16(0), int16(0), int16(0));
const execute = (portal: string) => message(frontend.execute, portal, 0);
const texts = (frames: readonly Frame[]) => rowsIn(frames).map((row) => row.map(String));
const masking = `rules: [{ connection: "*", column: "public.customers.name", class: name, transform: whole }]
patterns: []
`;
const read = 'select lower(name) from customers where id = 1';

// Masked is a column of one schema, and another has one of the same name that is not.
describe.skipIf(!peer('postgres'))('names mean what the session’s search_path says', () => {
  let stage: Stage;
  let client: RawClient;

  beforeAll(async () => {
    stage = await Stage.build({ masking });
    await stage.admin.query(`create schema open; create table open.customers (id int, name text);
      insert into open.customers values (1, 'PLAIN'); grant usage on schema open to svc_orders;
      grant select on open.customers to svc_orders`);
    const first = await RawClient.signIn(await stage.address());
    await eventually(
      async () => errorsIn(await first.ask(query('select name from open.customers'))).length === 0,
    );
    await first.end();
  }, 120_000);
  afterAll(() => stage.down());
  beforeEach(async () => {
    client = await RawClient.signIn(await stage.address());
    return () => client.end();
  });

  const seen = async () =>
    texts(await client.ask(query(read)))
      .flat()
      .join();
  const secret = /customer/;
  const say = async (...all: string[]) => {
    for (const text of all) await client.ask(query(text));
  };

  it('after SET, and no more after ROLLBACK, ROLLBACK TO and an error', async () => {
    expect(await seen()).not.toMatch(secret);
    await say('set search_path to open');
    expect(await seen()).toBe('plain');
    await say('begin', 'savepoint a', 'set search_path to public');
    expect(await seen()).not.toMatch(secret);
    await say('rollback to a');
    expect(await seen()).toBe('plain');
    await say('set local search_path to public');
    expect(await seen()).not.toMatch(secret);
    await say('select 1/0', 'rollback');
    expect(await seen()).toBe('plain');
    await say('begin', 'reset search_path', 'rollback');
    expect(await seen()).toBe('plain');
    await say('discard all');
    expect(await seen()).not.toMatch(secret);
  });

  it('after set_config, however it is run', async () => {
    const set = (path: string, local = false) =>
      `select pg_catalog.set_config('search_path', '${path}', ${local})`;
    const open = await client.ask(query(set('open')));
    expect(texts(open)).toEqual([['open']]);
    expect(await seen()).toBe('plain');
    await say(set('public'));
    expect(await seen()).not.toMatch(secret);
    await client.ask(parse('', set('open')), bind('', ''), execute(''), sync);
    expect(await seen()).toBe('plain');
    // The one row has come, and the portal is only suspended.
    const oneRow = message(frontend.execute, '', 1);
    const behind = [parse('', read), bind('', ''), execute(''), sync];
    const answer = await client.ask(parse('', set('public')), bind('', ''), oneRow, ...behind);
    expect(texts(answer).flat().join()).not.toMatch(secret);
    expect(await seen()).not.toMatch(secret);
    await say('begin', set('open', true));
    expect(await seen()).toBe('plain');
    await say('rollback');
    expect(await seen()).not.toMatch(secret);
    await say(set(''));
    expect(errorsIn(await client.ask(query(read)))).toMatchObject([{ sqlstate: '42P01' }]);
    const within = await client.ask(query(`${set('public')}; ${read}`));
    expect(texts(within).flat().join()).not.toMatch(secret);
    expect(errorsIn(await client.ask(query(set('public, pg_catalog'))))[0]!.message).toContain('first place');
    expect(errorsIn(await client.ask(query('set standard_conforming_strings = off')))[0]!.message).toContain(
      'stays on',
    );
  });

  it('for a portal as it was when it was bound', async () => {
    await say('begin');
    await client.ask(parse('s', read), bind('p', 's'), sync);
    await say('set search_path to open');
    const answer = await client.ask(execute('p'), sync);
    expect(texts(answer).flat().join()).not.toMatch(secret);
    expect(texts(await client.ask(bind('', 's'), execute(''), sync))).toEqual([['plain']]);
  });

  it('for a cursor as it was when it was declared', async () => {
    await say('begin', `declare c cursor for ${read}`, 'set search_path to open');
    const answer = await client.ask(query('fetch c'));
    expect(texts(answer).flat().join()).not.toMatch(secret);
  });

  it('for a statement behind a SET, in a query string and in a segment', async () => {
    await say('set search_path to open');
    const one = await client.ask(query(`set search_path to public; ${read}`));
    expect(texts(one).flat().join()).not.toMatch(secret);
    await say('set search_path to open');
    const segment = [parse('', 'set search_path to public'), bind('', ''), execute('')];
    const two = await client.ask(...segment, parse('', read), bind('', ''), execute(''), sync);
    expect(of('C', two)).toHaveLength(2);
    expect(texts(two).flat().join()).not.toMatch(secret);
  });

  it('from the first statement on, as the client began', async () => {
    const other = await began('open', query(read));
    await other.until((frames) => of('Z', frames).length === 2);
    expect(texts(other.frames)).toEqual([['plain']]);
    await other.end();
  });

  it('and never without pg_catalog first', async () => {
    const other = await began('public, pg_catalog');
    await other.untilClosed();
    expect(errorsIn(other.frames)).toMatchObject([{ sqlstate: '22023' }]);
  });

  async function began(path: string, ...first: Buffer[]): Promise<RawClient> {
    const { user, database, password, host, port } = await stage.address();
    const other = await RawClient.open({ host, port });
    other.write(startup({ user, database, search_path: path }));
    await other.until((frames) => frames.length > 0);
    if (!other.isClosed) other.write(message(frontend.password, password), ...first);
    return other;
  }

  describe('where the end of a transaction takes it back, before anybody was told', () => {
    const clear = "select lower(name) || '' from customers where id = 1";
    const extended = (...all: string[]) =>
      Buffer.concat([...all.flatMap((text) => [parse('', text), bind('', ''), execute('')]), sync]);
    const change = ['begin', 'savepoint a', 'set local search_path to open'];

    it.each([
      ['one string: commit', change, query(`commit; ${clear}`)],
      ['one string: rollback', change, query(`rollback; ${clear}`)],
      ['one string: rollback to', change, query(`rollback to a; ${clear}`)],
      ['two strings at once', change, Buffer.concat([query('commit'), query(clear)])],
      ['one segment: commit', change, extended('commit', clear)],
      ['one segment: rollback to', change, extended('rollback to a', clear)],
      ['two segments at once', change, Buffer.concat([extended('rollback'), extended(clear)])],
      ['commit and chain', [...change, 'commit and chain'], query(clear)],
      ['rollback and chain', ['begin', 'set search_path to open', 'rollback and chain'], query(clear)],
    ])('%s', async (_, before, bytes) => {
      await say(...before);
      client.write(bytes);
      // Everything at once has as many answers as it has Syncs and strings: the last one tells.
      const frames = await client.ask(query("select 'the end'"));
      const all = [...frames, ...(await client.ask(query("select 'really'")))];
      expect(texts(all).flat().join()).not.toMatch(secret);
      await say('rollback');
    });

    it('and what honest sessions do goes on', async () => {
      await say('begin', 'set local search_path to open');
      expect(await seen()).toBe('plain');
      await say('commit');
      client.write(Buffer.concat([query('begin'), query('select 1'), query('commit')]));
      expect(errorsIn(await client.ask(query('select id from customers')))).toEqual([]);
    });
  });
});
