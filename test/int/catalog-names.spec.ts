import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TargetAddress } from '../../services/proxy/gate/gate.js';
import {
  openCatalog,
  type CatalogSource,
  type MaskColumn,
  type SearchPath,
} from '../../services/proxy/postgres/catalog.js';
import { connectTarget, type Target } from '../../services/proxy/postgres/target.js';
import { peer, startPostgres, type PostgresServer } from '../support/peers.js';

const email = { class: 'email', transform: 'partial', lookup: true } as const;
const rule: MaskColumn = (_, __, column) => (column === 'email' ? email : undefined);

const schema = `
create domain mail as text; create domain work_mail as mail;
create schema a; create schema b; create schema closed;
create table a.t (id int, gone int, email work_mail); alter table a.t drop gone;
create table b.t (id int); create table closed.t (id int); create table public.t (id int);
create table a.only_a (email text);
create table b.pg_class (email text);
create table b.tables (email text);
create view a.v as select email from a.t;
create materialized view b.v as select id from b.t;
create sequence b.s; create table b.part (id int) partition by list (id);
create type a.pair as (x text, y a.t);
create role guest login password 'looks around';
grant usage on schema a, b to guest; grant create, temporary on database postgres to guest;
create schema guest authorization guest; create table guest.t (id int);
`;

const paths = [
  'a, b', 'b, a', 'b', 'public', `''`, 'pg_temp, a', 'a, pg_temp', 'b, pg_catalog', 'nope, a', '"$user", b',
  'closed, b', 'a, information_schema', 'b, information_schema',
]; // prettier-ignore
const names = [
  't', 'only_a', 'v', 's', 'part', 'pg_class', 'pg_type', 'tables', 'columns', 'nope', 'pg_temp.t', 'pg_temp.nope',
  'a.t', 'b.pg_class', 'pg_catalog.pg_class', 'information_schema.tables', 'nope.t',
]; // prettier-ignore

let server: PostgresServer;
let superuser: Target;
let session: Target;
let source: CatalogSource;

function addressOf({ host, port, superuser: user, password }: PostgresServer): TargetAddress {
  const database = 'postgres';
  return {
    name: 'x',
    host,
    port,
    database,
    user,
    password,
    tls: 'disable',
    allowPrivileged: true,
    owner: '',
  };
}

const asked = (name: string) => {
  const [first, second] = name.split('.') as [string, string?];
  return second === undefined ? { name: first } : { schema: first, name: second };
};

/** What this session would take, and what the catalog says that it would. */
async function bothSay(path: string): Promise<[server: unknown, catalog: unknown]> {
  await session.query(`set search_path = ${path}`);
  const rows = await session.query(`select unnest(pg_catalog.current_schemas(true))`);
  const space = source.current().namespace(rows.map(([name]) => name!));
  const seen = space.namesFor(() => false);
  const found = await session.query(
    names.map((name) => `select pg_catalog.to_regclass('${name}')::oid`).join(';'),
  );
  const policies = names.map((name) => space.resolve(asked(name)).map(({ oid }) => oid));
  const theirs = found.map(([oid]) => oid && Number(oid));
  expect(policies).toEqual(theirs.map((oid) => (oid === null ? [] : [oid])));
  const ours = names.map((name) => {
    const relation = seen.relation(asked(name));
    return typeof relation === 'string' ? null : relation.oid;
  });
  return [theirs, ours];
}

describe.skipIf(!peer('postgres'))('names mean what the server takes them for', () => {
  beforeAll(async () => {
    server = await startPostgres();
    superuser = await connectTarget(addressOf(server));
    await superuser.query(schema);
    session = await connectTarget({ ...addressOf(server), user: 'guest', password: 'looks around' });
    source = await openCatalog(addressOf(server), rule);
  });
  afterAll(async () => {
    for (const open of [source, session, superuser]) open.close();
    await server.stop();
  });

  it.each(paths)('search_path = %s', async (path) => {
    const [theirs, ours] = await bothSay(path);
    expect(ours).toEqual(theirs);
  });

  it('and with temporary relations, of its own and of others', async () => {
    await superuser.query('create temp table only_theirs (id int); create temp table t (id int)');
    await session.query('create temp table t (email text); create temp table s (id int)');
    await source.refresh();
    for (const path of paths) {
      const [theirs, ours] = await bothSay(path);
      expect([path, ours]).toEqual([path, theirs]);
    }
    const mine = await session.query(`select pg_catalog.current_schemas(true)`);
    expect(mine[0]![0]).toContain('pg_temp_');
    await session.query('drop table pg_temp.t, pg_temp.s');
    await superuser.query('drop table pg_temp.t, only_theirs');
    await source.refresh();
  });

  it('columns are the server’s, of its own relations too, with the base types of domains', async () => {
    const rows = await superuser.query(`
      with recursive base as (
        select oid, oid as base, typtype, typbasetype from pg_type
        union all select b.oid, t.oid, t.typtype, t.typbasetype from base b join pg_type t on t.oid = b.typbasetype
          where b.typtype = 'd')
      select n.nspname, c.relname, c.relkind,
        json_agg(json_build_object('name', attname, 'attnum', attnum, 'typeOid', base::bigint) order by attnum)
      from pg_class c join pg_namespace n on n.oid = relnamespace
        join pg_attribute a on attrelid = c.oid and attnum > 0 and not attisdropped
        join base on base.oid = atttypid and typtype <> 'd'
      where relkind in ('r', 'p', 'v', 'm', 'f', 'S', 't') group by 1, 2, 3`);
    const seen = source
      .current()
      .namespace('unknown')
      .namesFor(() => true);
    expect(rows.length).toBeGreaterThan(200);
    for (const [schema, name, kind, columns] of rows)
      expect(seen.relation({ schema: schema!, name: name! })).toMatchObject({
        schema,
        name,
        kind,
        columns: JSON.parse(columns!) as unknown,
      });
  });

  it('composite types have their columns, row types those of their table with what is sensitive', async () => {
    const [row] = await superuser.query(
      `select 'a.pair'::regtype::oid, 'a.t'::regtype::oid, 'pg_type'::regtype::oid, 'text'::regtype::oid`,
    );
    const [pair, t, system, text] = row!.map(Number) as [number, number, number, number];
    const seen = source
      .current()
      .namespace(['pg_catalog'])
      .namesFor(() => false);
    expect(seen.composite(pair)).toEqual([
      { name: 'x', attnum: 1, typeOid: 25 },
      { name: 'y', attnum: 2, typeOid: t },
    ]);
    expect(seen.composite(t)).toEqual([
      { name: 'id', attnum: 1, typeOid: 23 },
      { name: 'email', attnum: 3, typeOid: 25, sensitive: { class: 'email', lookup: true } },
    ]);
    expect(seen.composite(system)?.[1]).toMatchObject({ name: 'typname' });
    expect(seen.composite(text)).toBeUndefined();
  });

  it('an unknown search_path takes what is the only one of its name', () => {
    const space = source.current().namespace('unknown');
    const means = (name: string) => {
      const found = space.namesFor(() => false).relation({ name });
      return typeof found === 'string' ? found : `${found.schema}.${found.name}`;
    };
    expect(['only_a', 't', 'pg_class', 'pg_type', 'nope'].map(means)).toEqual([
      'a.only_a', 'unclear', 'unclear', 'pg_catalog.pg_type', 'unknown',
    ]); // prettier-ignore
    expect(space.resolve({ name: 't' }).map(({ schema }) => schema).sort()).toEqual([
      'a', 'b', 'closed', 'guest', 'public',
    ]); // prettier-ignore
  });

  it('are the same object until the catalog changes', async () => {
    const path: SearchPath = ['pg_catalog', 'a'];
    const before = source.current().namespace(path);
    expect(source.current().namespace([...path])).toBe(before);
    expect((await source.refresh()).namespace(path)).toBe(before);
    await superuser.query('create table a.fresh (email text)');
    const after = (await source.refresh()).namespace(path);
    expect(after).not.toBe(before);
    expect(after.key).not.toBe(before.key);
    expect(after.namesFor(() => false).relation({ name: 'fresh' })).toMatchObject({ schema: 'a' });
    // What was judged by the old one goes on meaning the same.
    expect(before.namesFor(() => false).relation({ name: 'fresh' })).toBe('unknown');
  });
});
