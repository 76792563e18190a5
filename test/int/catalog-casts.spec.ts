import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lineage, type LineageAnswer } from '#statement';
import type { TargetAddress } from '../../services/proxy/gate/gate.js';
import { openCatalog, type CatalogSource, type MaskColumn } from '../../services/proxy/postgres/catalog.js';
import { connectTarget, type Target } from '../../services/proxy/postgres/target.js';
import { peer, startPostgres, type PostgresServer } from '../support/peers.js';

const rule: MaskColumn = (_, __, column) =>
  column === 'email' ? { class: 'email', transform: 'partial', lookup: true } : undefined;

const schema = `
create table customers (id int primary key, name text, email text);
create extension citext; create extension hstore; create extension isn; create extension ltree;
create table labelled (id int, c citext, h hstore);`;

const calling = `
create type token as (v text);
create function mint(int) returns token language sql as $$ select row($1::text)::token $$;
create cast (int as token) with function mint(int);
create table tokens (t token, ts token[]);
create domain short_token as token;
create function fits(text) returns boolean language sql as 'select true';
create domain fitting as text check (fits(value));
create function spell(token) returns bigint language sql as 'select 1::bigint';
create cast (token as bigint) with function spell(token) as implicit;`;

const comparing = `
create function alike(int, text) returns boolean language sql as 'select true';
create operator public.= (leftarg = int, rightarg = text, function = alike);`;

describe.skipIf(!peer('postgres'))('functions that no text names', () => {
  let server: PostgresServer;
  let superuser: Target;
  let source: CatalogSource;

  beforeAll(async () => {
    server = await startPostgres();
    const { host, port, superuser: user, password, database } = server;
    const to = { name: 'orders', host, port, database, user, password, tls: 'disable', owner: '' } as const;
    const address: TargetAddress = { ...to, allowPrivileged: true };
    superuser = await connectTarget(address);
    await superuser.query(schema);
    source = await openCatalog(address, rule);
  }, 60_000);
  afterAll(async () => {
    source.close();
    superuser.close();
    await server.stop();
  });

  const judged = async (sql: string): Promise<LineageAnswer> =>
    lineage(
      sql,
      (await source.refresh()).namespace(['public', 'pg_catalog']).namesFor(() => false),
    );

  const honest = [
    'select labelled.id::text, 7::bigint, name::citext, c::text, h::text, h::json from labelled, customers where c = name',
    'select c from labelled group by c order by c',
    'select distinct c from labelled where c in (select name from customers)',
    `select 'x'::citext, name::varchar, 'a=>1'::hstore -> 'a' from customers join labelled using (id)`,
    `select case name when 'a' then 1 end from customers union select 2`,
  ];

  it.each(honest)('extensions that only compute are no such: %s', async (sql) => {
    expect(await judged(sql)).toMatchObject({ ok: true });
  });

  it('are found behind casts and domains', async () => {
    await superuser.query(calling);
    for (const sql of [
      'select 7::token',
      'select array[7]::token[]',
      'select array[7]::_token',
      'select 7::short_token',
      'select row(7, null)::tokens',
      'select ts[1] + 1 from tokens',
      `select 'x'::token + 1`,
      `select 'x'::fitting`,
    ])
      expect([sql, await judged(sql)]).toMatchObject([
        sql,
        { ok: false, reason: expect.stringContaining('may read') },
      ]);
    for (const sql of [...honest, 'select 7::bigint from customers', `select 'x'::text`])
      expect([sql, await judged(sql)]).toEqual([sql, expect.objectContaining({ ok: true })]);
    await superuser.query('drop cast (token as bigint)');
    for (const sql of [`select '(x)'::token, t from tokens`])
      expect(await judged(sql)).toMatchObject({ ok: true });
  });

  it('are found behind operators', async () => {
    await superuser.query(comparing);
    for (const sql of [
      `select 1 in (select 'a'::text)`,
      `select case 1 when 'a'::text then 1 end`,
      'select * from customers a natural join customers b',
    ])
      expect([sql, await judged(sql)]).toMatchObject([
        sql,
        { ok: false, reason: expect.stringContaining('may read') },
      ]);
    expect(await judged('select email from customers order by id')).toMatchObject({ ok: true });
    await superuser.query('drop operator public.= (int, text)');
    expect(await judged(`select 1 in (select 'a'::text)`)).toMatchObject({ ok: true });
  });

  it('and behind operator classes', async () => {
    await superuser.query(`create type pair as (a int); create function pair_cmp(pair, pair) returns int
      language sql immutable as 'select 0';
      create function pair_lt(pair, pair) returns boolean language sql immutable as 'select false';
      create operator public.<<<< (leftarg = pair, rightarg = pair, function = pair_lt);
      create operator class pair_ops default for type pair using btree as operator 1 public.<<<<, function 1 pair_cmp(pair, pair)`);
    expect(await judged('select name from customers order by name')).toMatchObject({ ok: false });
    expect(await judged('select name from customers')).toMatchObject({ ok: true });
  });
});
