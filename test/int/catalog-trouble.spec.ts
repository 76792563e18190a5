import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '#kernel';
import type { TargetAddress } from '../../services/proxy/gate/gate.js';
import { CatalogReader } from '../../services/proxy/postgres/catalog-reader.js';
import { openCatalog, type MaskColumn } from '../../services/proxy/postgres/catalog.js';
import { connectTarget, type Target } from '../../services/proxy/postgres/target.js';
import { peer, startPostgres, type PostgresServer } from '../support/peers.js';
import { maskedColumns } from '../support/masked-columns.js';

const email = { class: 'email', transform: 'partial', lookup: true } as const;
const rule: MaskColumn = (_, __, column) => (column === 'email' ? email : undefined);

let server: PostgresServer;
let superuser: Target;

function addressOf(
  { host, port, superuser: user, password }: PostgresServer,
  database: string,
): TargetAddress {
  return {
    name: database,
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

async function newDatabase(name: string, content: string): Promise<Target> {
  await superuser.query(`create database ${name}`);
  const inside = await connectTarget(addressOf(server, name));
  await inside.query(content);
  return inside;
}

const oidOf = async (target: Target, relation: string): Promise<number> =>
  Number((await target.query(`select '${relation}'::regclass::oid`))[0]![0]);

describe.skipIf(!peer('postgres'))('a catalog in trouble', () => {
  beforeAll(async () => {
    server = await startPostgres();
    superuser = await connectTarget(addressOf(server, 'postgres'));
  });
  afterAll(async () => {
    superuser.close();
    await server.stop();
  });

  it('serves the last good one while the target is away, for 30 s, and recovers by itself', async () => {
    const inside = await newDatabase('away', 'create table t (email text)');
    const clock = new ManualClock(0);
    const source = await openCatalog(addressOf(server, 'away'), rule, clock);
    const good = source.current();
    const release = source.retain();
    await superuser.query(`alter database away allow_connections false`);
    await superuser.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'weirkeeper catalog'`,
    );
    await expect(source.refresh()).rejects.toMatchObject({
      code: expect.stringMatching(/^TARGET_/) as string,
    });
    expect(source.current()).toBe(good);
    clock.advance(30_000);
    expect(source.current()).toBe(good);
    clock.advance(1_000);
    expect(() => source.current()).toThrow(/catalog of connection "away" can't be read for 31 s/);
    expect(() => source.current()).toThrow(expect.objectContaining({ code: 'STALE_SNAPSHOT' }) as Error);
    await inside.query('create table later (email text)');
    await superuser.query(`alter database away allow_connections true`);
    await vi.waitFor(() => expect(source.current()).not.toBe(good), { timeout: 10_000 });
    expect(maskedColumns(source.current(), 'later')).not.toBe('unknown');
    release();
    source.close();
    inside.close();
  });

  it('is not taken for stale where nobody watched and nothing failed', async () => {
    const clock = new ManualClock(0);
    const source = await openCatalog(addressOf(server, 'postgres'), rule, clock);
    clock.advance(3_600_000);
    expect(source.current().version).toBe(1);
    await source.fresh();
    expect(source.age()).toBe(0);
    source.close();
  });

  it('tells two databases of one server apart, though their OIDs are the same', async () => {
    const first = await newDatabase(
      'first',
      'create table t (id int, email text); create view v as select * from t',
    );
    first.close();
    await superuser.query('create database second template first');
    const second = await connectTarget(addressOf(server, 'second'));
    const catalogs = await Promise.all(
      ['first', 'second'].map((name) => openCatalog(addressOf(server, name), rule)),
    );
    const oid = await oidOf(second, 't');
    expect(catalogs.map((source) => source.current().columnMask(oid, 2))).toEqual([email, email]);
    await second.query('drop view v; alter table t drop email; alter table t add other text');
    for (const source of catalogs) await source.refresh();
    expect(catalogs.map((source) => source.current().columnMask(oid, 2))).toEqual([email, 'unknown']);
    expect(catalogs.map((source) => source.current().resolve({ name: 'v' }).length)).toEqual([1, 0]);
    const system = catalogs.map((source) => source.current().resolve({ name: 'pg_class' })[0]);
    expect(system[0]).toBe(system[1]);
    for (const open of [...catalogs, second]) open.close();
  });

  it('takes a table that was made again for another one', async () => {
    const inside = await newDatabase('again', 'create table t (id int, email text)');
    const source = await openCatalog(addressOf(server, 'again'), rule);
    const old = await oidOf(inside, 't');
    await inside.query('alter table t rename email to harmless');
    expect((await source.refresh()).columnMask(old, 2)).toEqual(email);
    await inside.query('drop table t; create table t (id int, harmless text, email text)');
    const catalog = await source.refresh();
    const now = await oidOf(inside, 't');
    expect(now).not.toBe(old);
    expect(catalog.columnMask(old, 2)).toBe('unknown');
    expect([1, 2, 3].map((attnum) => catalog.columnMask(now, attnum))).toEqual(['none', 'none', email]);
    expect(catalog.resolve({ name: 't' }).map(({ oid }) => oid)).toEqual([now]);
    source.close();
    inside.close();
  });

  it('shows a change to those who are in the midst of a session, and leaves them what they hold', async () => {
    const inside = await newDatabase('changing', 'create table t (id int)');
    const source = await openCatalog(addressOf(server, 'changing'), rule);
    const release = source.retain();
    const held = source.current().namespace(['pg_catalog', 'public']);
    const changed = new Promise((resolve) => source.onChange(resolve));
    await inside.query('alter table t add email text');
    await changed;
    const columns = (space: typeof held) => {
      const found = space.namesFor(() => false).relation({ name: 't' });
      return typeof found === 'string' ? found : found.columns.map(({ name }) => name);
    };
    expect(columns(held)).toEqual(['id']);
    expect(columns(source.current().namespace(['pg_catalog', 'public']))).toEqual(['id', 'email']);
    release();
    source.close();
    inside.close();
  });
});

describe.skipIf(!peer('postgres'))('views’ texts', () => {
  let inside: Target;
  let reader: CatalogReader;
  const text = async (name: string) =>
    (await reader.read()).definitions
      .get(await oidOf(inside, name))
      ?.text.replace(/\s+/g, ' ')
      .trim();

  beforeAll(async () => {
    server = await startPostgres();
    superuser = await connectTarget(addressOf(server, 'postgres'));
    inside = await newDatabase(
      'texts',
      `create schema s; create table s.t (id int, email text); create table u (id int);
       create view v as select email as contact from s.t; create view over as select contact from v;
       create view others as select id from u; create materialized view m as select count(*) from pg_catalog.pg_class`,
    );
    reader = new CatalogReader(addressOf(server, 'texts'));
  });
  afterAll(async () => {
    for (const open of [reader, inside, superuser]) open.close();
    await server.stop();
  });

  it('name every relation with its schema, but for pg_catalog', async () => {
    expect(await text('v')).toBe('SELECT t.email AS contact FROM s.t;');
    expect(await text('over')).toBe('SELECT v.contact FROM public.v;');
    expect(await text('m')).toBe('SELECT count(*) AS count FROM pg_class;');
  });

  it.each([
    ['a column', 'alter table s.t rename email to mail', 'SELECT t.mail AS contact FROM s.t;'],
    ['its table', 'alter table s.t rename to people', 'SELECT people.mail AS contact FROM s.people;'],
    ['a schema', 'alter schema s rename to z', 'SELECT people.mail AS contact FROM z.people;'],
    ['its own column', 'alter view v rename contact to c', 'SELECT people.mail AS c FROM z.people;'],
    [
      'itself',
      'create or replace view v as select upper(mail) as c from z.people',
      'SELECT upper(people.mail) AS c FROM z.people;',
    ],
  ])('follow a change of %s', async (_, change, expected) => {
    await text('v');
    await inside.query(change);
    expect(await text('v')).toBe(expected);
  });

  it('are read again only where something that they print may have changed', async () => {
    const before = await reader.read();
    await inside.query('alter table u rename id to number');
    const after = await reader.read();
    const same = async (name: string) => {
      const oid = await oidOf(inside, name);
      return before.definitions.get(oid) === after.definitions.get(oid);
    };
    expect([await same('others'), await same('v'), await same('over')]).toEqual([false, true, true]);
  });

  it('are not waited for while a relation is locked, and read when it is free', async () => {
    const other = new CatalogReader(addressOf(server, 'texts'));
    await inside.query('begin; lock table z.people in access exclusive mode');
    const started = performance.now();
    const locked = await other.read();
    expect(performance.now() - started).toBeLessThan(5_000);
    const oid = await oidOf(inside, 'v');
    expect(locked.definitions.has(oid)).toBe(false);
    expect(locked.definitions.size).toBe(locked.views.size - 1);
    expect(await other.read()).toBe(locked);
    await inside.query('rollback');
    expect((await other.read()).definitions.has(oid)).toBe(true);
    other.close();
  });
});
