import pg from 'pg';
import { query } from '../../support/raw-client.js';
import { Attacker, protocols } from './attacker.js';
import { lines } from './attacks/lines.js';
import type { TheftStage } from './theft.stage.js';

/** What changes something, in as many guises; none of it may, where an agent may only read. */
const destructive: readonly string[] = lines(`
  -- plain
  delete from orders
  delete from orders where true
  delete from orders where 1 = 1
  delete from orders where id = 1
  delete from only people_child
  delete from orders using people where people.id = orders.person_id
  delete from orders returning *
  update orders set amount = 0
  update orders set amount = 0 where id = 1 returning id
  update only people set name = 'x'
  update orders set (amount, note) = (0, 'x')
  update wages set salary = salary + 1
  insert into sink (v) values ('x')
  insert into sink default values
  insert into sink (v) select note from orders
  insert into sink (v) values ('x') on conflict do nothing
  insert into orders (id) values (1) on conflict (id) do update set amount = 0
  insert into bait values ('nothing')
  insert into people_rows (id) values (1)
  merge into orders o using wages w on w.person_id = o.id when matched then delete
  merge into sink s using orders o on s.id = o.id when not matched then insert (v) values ('x')
  truncate orders
  truncate table only orders restart identity cascade
  truncate orders, sink
  -- in disguise
  with d as (delete from orders returning *) select * from d
  with d as (delete from orders returning id) select count(*) from d
  with d as (delete from orders) select 1
  with a as (select 1), d as (update orders set amount = 0 returning id) select * from a, d
  with recursive t as (select 1 as n union all select n + 1 from t where n < 3), d as (delete from orders) select * from t
  with d as (insert into sink (v) values ('x') returning id) insert into sink (v) select 'y' from d
  with d as (delete from orders returning id) update sink set v = 'x' from d
  with w as (merge into sink s using orders o on false when not matched then insert (v) values ('x') returning 1) select 1
  select * from (with d as (delete from orders returning id) select * from d) s
  select 1 union all (with d as (delete from orders returning id) select id from d)
  select (with d as (delete from orders returning id) select count(*) from d)
  select exists (with d as (delete from orders returning id) select 1 from d)
  select * from orders where id in (with d as (delete from sink returning id) select id from d)
  values ((with d as (delete from orders returning id) select count(*) from d))
  table orders; delete from orders
  select 1; delete from orders
  select 1; ; ; truncate orders; select 2
  begin; delete from orders; commit
  begin; savepoint a; delete from orders; release a; commit
  start transaction read write; delete from orders; end
  select 1 /* ; */; delete from orders -- ;
  select ';'; drop table orders
  select $$;$$; drop table orders
  DELETE\\nFROM\\norders
  /* select */ delete from orders
  -- x\\ndelete from orders
  dElEtE fRoM "orders"
  delete from public.orders
  delete from vault_prey.public.orders
  delete from U&"\\006F\\0072ders"
  explain analyze delete from orders
  explain (analyze) update orders set amount = 0
  explain (analyze on, format json) insert into sink (v) values ('x')
  explain (analyze true) with d as (delete from orders returning id) select * from d
  explain (analyze, verbose, buffers) truncate orders
  explain analyze create table made as select 1
  explain analyze select nextval('sink_id_seq')
  explain analyze execute d
  prepare d as delete from orders; execute d
  prepare d (int) as delete from orders where id = $1; execute d (1)
  declare c cursor for delete from orders returning id
  declare c cursor with hold for with d as (delete from orders returning id) select * from d; fetch all c
  copy (delete from orders returning id) to stdout
  copy (with d as (delete from orders returning id) select * from d) to stdout
  copy orders from stdin
  copy sink (v) from stdin (format csv)
  copy sink (v) from '/etc/passwd'
  copy sink (v) from program 'echo x'
  copy orders to '/tmp/weir-leaks-orders'
  copy orders to program 'cat > /dev/null'
  select * into made from orders
  select 1 as x into temp made
  select id into unlogged made from orders
  create table made as select * from orders
  create table made as table orders with no data
  create temp table made (x int)
  create unlogged table made (x int)
  select * from orders for update
  select * from orders for no key update nowait
  lock table orders in exclusive mode
  -- definitions
  drop table orders
  drop table if exists orders, sink cascade
  drop view contacts
  drop materialized view people_mat
  drop index people_lower
  drop function peek(int)
  drop schema public cascade
  drop database vault_prey
  drop owned by svc_vault
  drop role svc_vault
  drop extension hstore cascade
  drop type mood cascade
  drop sequence sink_id_seq cascade
  drop trigger tattle on people
  alter table orders drop column note
  alter table orders add column made int
  alter table orders rename to made
  alter table orders rename note to made
  alter table orders alter amount type text
  alter table orders disable trigger all
  alter table orders owner to postgres
  alter table orders set schema pg_catalog
  alter table people disable row level security
  alter sequence sink_id_seq restart
  alter view contacts rename to made
  alter function peek(int) rename to made
  alter role svc_vault password 'x'
  alter role svc_vault set work_mem = '1MB'
  alter database vault_prey set work_mem = '1MB'
  alter system set work_mem = '1MB'
  alter default privileges grant select on tables to public
  alter type mood add value 'made'
  alter domain dom_number drop constraint dom_number_check
  create view made as select 1 as x
  create or replace view clear_view as select id, city as name, name as city from people
  create materialized view made as select 1 as x
  refresh materialized view people_mat
  create function made() returns int language sql as 'select 1'
  create or replace function peek(int) returns text language sql as 'select ''x'''
  create procedure made() language sql as 'delete from orders'
  create trigger made before insert on orders for each row execute function bait()
  create rule made as on insert to sink do instead delete from orders
  create index made on orders (note)
  create index concurrently made on orders (note)
  create unique index made on orders (id)
  create sequence made
  create schema made
  create type made as (x int)
  create domain made as int
  create role made
  create database made
  create extension pg_buffercache
  create cast (int as text) with inout as implicit
  create operator ## (leftarg = int, rightarg = int, function = first_of)
  create aggregate made (text) (sfunc = push, stype = text)
  create policy made on orders using (false)
  create publication made for all tables
  create statistics made on id, note from orders
  create server made foreign data wrapper x
  create foreign table made (x int) server made
  create event trigger made on ddl_command_end execute function bait()
  create access method made type table handler heap_tableam_handler
  create tablespace made location '/tmp'
  comment on table orders is 'made'
  comment on database vault_prey is 'made'
  grant all on orders to public
  revoke all on orders from svc_vault
  grant svc_vault to pg_monitor
  reassign owned by svc_vault to postgres
  security label on table orders is 'x'
  import foreign schema public from server x into public
  vacuum full orders
  vacuum (analyze) orders
  analyze orders
  cluster orders using orders_pkey
  reindex table orders
  reindex database vault_prey
  checkpoint
  load 'plpgsql'
  -- code
  do $$ begin delete from orders; end $$
  do $$ begin execute 'drop table orders'; end $$
  do $$ begin perform setval('sink_id_seq', 99); end $$
  do language plpgsql 'begin truncate orders; end'
  do $$ begin commit; end $$
  call shout()
  call public.shout()
  select tell('x')
  select peek(1)
  select * from rows from (peek(1))
  select nextval('sink_id_seq')
  select nextval('public.sink_id_seq'::regclass)
  select pg_catalog.nextval('sink_id_seq')
  select setval('sink_id_seq', 1000)
  select setval('sink_id_seq', 1000, false)
  select id from orders where id = setval('sink_id_seq', 1000)
  select id from orders order by setval('sink_id_seq', id + 1000)
  select case when true then setval('sink_id_seq', 1000) end
  select (select setval('sink_id_seq', 1000))
  select * from setval('sink_id_seq', 1000)
  select id from orders limit setval('sink_id_seq', 1000)
  values (setval('sink_id_seq', 1000))
  select coalesce(null, setval('sink_id_seq', 1000))
  select lo_create(4711)
  select lo_creat(-1)
  select lo_from_bytea(4711, 'x')
  select lo_import('/etc/passwd')
  select lo_export(4710, '/tmp/weir-leaks-lo')
  select lo_unlink(4710)
  select lo_put(4710, 0, 'gone')
  select lo_truncate(lo_open(4710, 131072), 0)
  select lowrite(lo_open(4710, 131072), 'x')
  alter large object 4710 owner to postgres
  select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'bystander'
  select pg_cancel_backend(pid) from pg_stat_activity
  select pg_reload_conf()
  select pg_rotate_logfile()
  select pg_switch_wal()
  select pg_create_restore_point('x')
  select pg_promote()
  select pg_stat_reset()
  select pg_stat_statements_reset()
  select pg_stat_reset_shared('bgwriter')
  select pg_advisory_lock(4711)
  select pg_advisory_xact_lock(4711), pg_sleep(0)
  select pg_try_advisory_lock(4711)
  select pg_notify('bystanders', 'x')
  notify bystanders, 'x'
  select pg_logical_emit_message(true, 'x', 'y')
  select pg_create_logical_replication_slot('made', 'pgoutput')
  select pg_create_physical_replication_slot('made')
  select pg_drop_replication_slot('made')
  select pg_replication_origin_create('made')
  select pg_export_snapshot()
  select pg_file_write('/tmp/weir-leaks-file', 'x', false)
  select pg_read_file('/etc/passwd')
  select pg_ls_dir('/')
  select dblink_exec('dbname=vault_prey', 'delete from orders')
  select * from dblink('dbname=vault_prey', 'delete from orders returning id') as t (id int)
  select dblink_connect('x', 'dbname=vault_prey')
  select query_to_xml('delete from orders returning id', true, false, '')
  select table_to_xml('orders', true, false, '')
  select * from crosstab('delete from orders returning id, note, note') as t (a int, b text)
  select connectby('orders', 'id', 'person_id', '1', 0)
  select xpath_table('id', 'note', 'orders; delete from orders', '/', 'true')
  select * from ts_stat('delete from orders returning to_tsvector(note)')
  select ts_rewrite('a'::tsquery, 'delete from orders returning ''a''::tsquery, ''b''::tsquery')
  select cursor_to_xml('c', 1, true, false, '')
  select set_config('search_path', 'pg_temp', false)
  select set_config('session_replication_role', 'replica', false)
  select currtid2('orders', '(0,1)')
  select gin_clean_pending_list('people_lower'), brin_summarize_new_values('people_lower')
  select binary_upgrade_set_next_pg_type_oid(1)
  select 1 === 2
  select gather(note) from orders
  select initcap(note::varchar) from orders
  select o.note::dom_number from orders o
  -- the session
  set role postgres
  set session authorization postgres
  set local role pg_monitor
  reset role
  set session_replication_role = replica
  set default_transaction_read_only = off; delete from orders
  set transaction read write; delete from orders
  set log_statement = 'none'
  set row_security = off
  set allow_system_table_mods = on
  set zero_damaged_pages = on
  set search_path = pg_temp, public; delete from orders
  discard all; delete from orders
  prepare transaction 'made'
  commit prepared 'made'
  begin; delete from orders; prepare transaction 'made'
  listen bystanders; delete from orders
  update pg_class set relname = 'made' where relname = 'orders'
  delete from pg_class where relname = 'orders'
  insert into pg_largeobject values (4710, 0, 'x')
  update pg_settings set setting = '1MB' where name = 'work_mem'
  delete from information_schema.tables
`);

/** Sends each of them by each protocol, and judges by the database before and after: what was done, by what. */
export async function harmDone(stage: TheftStage): Promise<string[]> {
  const { host, port, superuser: user, password } = stage.postgres;
  const connect = async (application_name: string) => {
    const client = new pg.Client({ host, port, user, password, database: 'vault_prey', application_name });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const [admin, bystander] = [await connect('test superuser'), await connect('bystander')];
  try {
    await admin.query(`select lo_from_bytea(4710, 'kept')`);
    return await judged(stage, admin);
  } finally {
    await admin.end();
    await bystander.end().catch(() => undefined);
  }
}

async function judged(stage: TheftStage, admin: pg.Client): Promise<string[]> {
  const done: string[] = [];
  let before = await stateOf(admin);
  let hint = await hintOf(admin);
  let sessions: Attacker[] = [];
  for (const text of [...destructive, '']) {
    if (sessions.length === 0 || sessions.some(({ closed }) => closed))
      sessions = await Promise.all(protocols.map(async () => Attacker.signIn(await stage.address('prey'))));
    await Promise.all(sessions.map((session, at) => session.ask({ text }, protocols[at]!)));
    const now = await hintOf(admin);
    if (now !== hint || text === '') {
      const after = await stateOf(admin);
      const changed = after.filter((line) => !before.includes(line));
      if (changed.length > 0) done.push(`${text || 'something'}: ${changed.join(', ')}`);
      [before, hint] = [after, now];
    }
    await Promise.all(sessions.map((session) => (session.closed ? [] : session.send(query('rollback')))));
    // What a session keeps must not stand in the way of the next text.
    if (/prepare|declare|listen|^set |discard/i.test(text)) {
      for (const session of sessions) session.end();
      sessions = [];
    }
  }
  for (const session of sessions) session.end();
  return done;
}

/** Changes whenever a transaction wrote anything, a sequence moved, a lock was taken or a session ended. */
async function hintOf(admin: pg.Client): Promise<string> {
  const { rows } = await admin.query(
    `select pg_snapshot_xmax(pg_current_snapshot()), (select last_value::text || is_called from sink_id_seq), ${live.map((each) => `(${each.replace(/'[^']*', /, '')})`).join(', ')}`,
  );
  return JSON.stringify(rows);
}

const live = [
  `select 'advisory locks', string_agg(objid::text, ',') from pg_locks where locktype = 'advisory'`,
  `select 'bystander', count(*)::text from pg_stat_activity where application_name = 'bystander'`,
  `select 'settings file', md5(coalesce(string_agg(sourceline || name || setting, ','), '')) from pg_file_settings`,
  `select 'statement statistics', (count(*) > 0)::text from pg_stat_statements`,
];

/** Everything in a database that statements can change, in one line each: what differs is what was done. */
async function stateOf(admin: pg.Client): Promise<string[]> {
  const { rows: tables } = await admin.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c where relkind in ('r', 'm', 'S') and relnamespace = 'public'::regnamespace order by 1`,
  );
  const contents = tables.map(
    ({ name }) =>
      `select '${name}' as what, md5(coalesce(string_agg(row(t.*)::text, ',' order by row(t.*)::text), '')) as sum from ${name} t`,
  );
  // The server makes a session's own temporary schema when that is looked at: nothing is in it.
  const catalogs = [
    ['pg_class', `oid, relname, relnamespace, relowner, relkind, relacl, relhastriggers, relhasrules, relrowsecurity, relfilenode, reloptions`],
    ['pg_attribute', 'attrelid, attname, atttypid, attnum, attisdropped, attacl'],
    ['pg_proc', 'oid, proname, prosrc, proacl, proconfig'], ['pg_trigger', 'oid, tgname, tgenabled'], ['pg_rewrite', 'oid, ev_action'],
    ['pg_type', 'oid, typname'], ['pg_enum', 'oid, enumlabel'], ['pg_constraint', 'oid, conname'], ['pg_namespace where nspname !~ $$^pg_(toast_)?temp_$$', 'oid, nspname, nspacl'],
    ['pg_description', 'objoid, description'], ['pg_shdescription', 'objoid, description'], ['pg_extension', 'oid, extname'],
    ['pg_authid', 'oid, rolname, rolpassword, rolsuper'], ['pg_auth_members', 'roleid, member'], ['pg_database', 'oid, datname, datacl'],
    ['pg_db_role_setting', 'setdatabase, setrole, setconfig'], ['pg_largeobject', 'loid, data'], ['pg_largeobject_metadata', 'oid, lomowner'],
    ['pg_publication', 'oid'], ['pg_policy', 'oid'], ['pg_statistic_ext', 'oid'], ['pg_operator', 'oid'], ['pg_cast', 'oid'],
    ['pg_default_acl', 'oid'], ['pg_event_trigger', 'oid'], ['pg_foreign_server', 'oid'], ['pg_tablespace', 'oid'],
    ['pg_replication_slots', 'slot_name'], ['pg_replication_origin', 'roident'], ['pg_prepared_xacts', 'gid'],
  ].map(([name, columns]) => `select '${name}', md5(coalesce(string_agg(row(${columns})::text, ',' order by row(${columns})::text), '')) from ${name}`); // prettier-ignore
  const { rows } = await admin.query<{ what: string; sum: string }>(
    [...contents, ...catalogs, ...live].join(' union all '),
  );
  return rows.map(({ what, sum }) => `${what}: ${sum}`);
}
