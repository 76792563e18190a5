import { lines } from './lines.js';

/** Ways to get at the whole of it: rows, views, catalogs, errors of the server's own, code of the owner's. */
export const texts: readonly string[] = lines(`
  -- whole rows
  select p from people p
  select p::text from people p
  select people::text from people
  select cast(p as text) from people p
  select p || '' from people p
  select row_to_json(p) from people p
  select row_to_json(p.*) from people p
  select row_to_json(row(p.*)) from people p
  select to_json(p) from people p
  select to_jsonb(p) - 'id' from people p
  select to_jsonb(people.*) ->> 'email' from people
  select json_agg(p) from people p
  select jsonb_agg(p.*) from people p
  select array_agg(p) from people p
  select array_agg(p)::text from people p
  select array(select p from people p)
  select (array_agg(p))[1].email from people p
  select (select p from people p where id = 1)
  select (select p from people p where id = 1).email
  select ((select p from people p where id = 1)).*
  select (p).email, (p).ssn from people p
  select (p).* from people p
  select (people.*).notes from people
  select row(p.*)::text from people p
  select row(p, 1) from people p
  select row(p.*) = row(p.*) from people p
  select p is null, p is not null from people p
  select id from people p where p is not null
  select count(p) from people p
  select count(distinct p) from people p
  select distinct p from people p
  select id from people p order by p
  select id from people p where p > (select q from people q where id = 2)
  select p.id from people p join people q on p < q
  select p from people p group by p
  select max(p.id) over (order by p) from people p
  select concat(p) from people p
  select concat_ws('|', p.*) from people p
  select format('%s', p) from people p
  select quote_literal(p) from people p
  select hash_record(p) from people p
  select record_out(p) from people p
  select pg_column_size(p) from people p
  select json_build_object('p', p) from people p
  select json_populate_record(p, '{}') from people p
  select jsonb_populate_record(p, '{"id": 7}') from people p
  select jsonb_populate_record(null::people, to_jsonb(p)) from people p
  select p.row_to_json from people p
  select p.to_json from people p
  select p.to_jsonb from people p
  select p.json_agg from people p
  select p.array_agg from people p
  select p.concat from people p
  select p.quote_literal from people p
  select p.quote_nullable from people p
  select p.json_build_array from people p
  select p.jsonb_build_array from people p
  select p.hash_record from people p
  select p.record_out from people p
  select p.num_nulls from people p
  select p.text from people p
  select p.name::text, p.varchar from people p
  select (p).row_to_json from people p
  select people.to_jsonb from people
  select id from people p order by p.row_to_json::text
  select id from people p where p.quote_literal like '%7%'
  select p.secret_of from people p
  select people.secret_of from people
  select secret_of(p) from people p
  select (p).secret_of from people p
  select id from people p where p.secret_of > 'a'
  select email(p), ssn(p), notes(people) from people p, people
  select s from (select id, email from people) s
  select s::text from (select id, email from people) s
  select row_to_json(s) from (select id, email from people) s
  select s.row_to_json from (select id, email from people) s
  select r::text from (select p as r from people p) s
  select (r).email from (select p as r from people p) s
  select row_to_json(j) from (people p join orders o on o.person_id = p.id) j
  select to_json(p) from (table people) p
  select x from people p, json_each_text(row_to_json(p)) x
  select x.value from people p, jsonb_each_text(to_jsonb(p)) x
  select x.* from people p, jsonb_path_query(to_jsonb(p), '$.*') x
  select x.* from people p, jsonb_populate_record(null::people, to_jsonb(p)) x
  select x.* from people p, json_to_record(row_to_json(p)) as x (email text, ssn text)
  select x from people p, unnest(array[p]) x
  select x.email from people p, unnest(array[p]) x
  select x.* from (select array_agg(p) a from people p) s, unnest(s.a) x
  select x.* from people p, lateral (select p.*) x order by x.email
  select p.*::text from people p
  select p.* from people p order by p.*
  select row(people) from people
  select p as name from people p union all select q from people q
  select p from people p union select p from people p
  select * from people except select * from people where id = 1
  select * from people intersect select * from people
  table people
  table people_child
  select * from only people
  select * from people*
  select distinct * from people
  select * from people order by 5
  select * from people as t (a, b, c, d, e, f, g) order by e
  select e || f from people as t (a, b, c, d, e, f, g)
  select xmlelement(name p, p) from people p
  select xmlforest(p) from people p
  select xmlforest(p.*) from people p
  -- what else holds it
  select * from contacts
  select contact::text from contacts
  select contact || identifier as person from contacts
  select person from contacts order by pay
  select person from contacts where pay > 8300000
  select person from contacts where contact like 'w1%'
  select * from contacts_upper
  select reverse(shout) from contacts_upper
  select * from people_all
  select people_all::text from people_all
  select upper(email) from people_all
  select * from people_rows
  select (person).email from people_rows
  select person::text from people_rows
  select to_json(person) from people_rows
  select * from pay_by_city
  select top * 1 from pay_by_city
  select city from pay_by_city order by top
  select * from barrier
  select lower(notes) from barrier
  select id from barrier
  select count(*) from barrier
  select * from joined_view
  select email || amount from joined_view
  select id from joined_view order by email
  select * from people_mat
  select remark::text, salary + 0 from people_mat
  select id from people_mat where salary > 8300000
  select id from people_mat order by mail
  select * from events
  select secret || '' from events
  select * from events_low
  select upper(secret) from events_low
  select * from events_high
  select secret::text as id from events_high
  select tableoid::regclass, upper(secret) from events
  select * from only events_high where secret > '2'
  select * from people_child
  select lower(email) from people_child
  select row_to_json(p) from people_child p
  select p.ctid, upper(p.email) from people p
  select id from people where ctid = (select ctid from people order by salary limit 1)
  select xmin, xmax, cmin, email::text from people_child
  select * from archive
  select (was).email from archive
  select (was).* from archive
  select was::text from archive
  select many[1] from archive
  select (many[1]).ssn from archive
  select many::text from archive
  select unnest(many) from archive
  select x.email from archive, unnest(many) x
  select to_jsonb(was) from archive
  select (a.was).notes || '' from archive a
  select secret_of(was) from archive
  select id from archive where (was).salary > 8300000
  select id from archive order by was
  select * from accounts
  select person_email || '' from accounts
  select a.id from accounts a join people p on upper(p.email) = upper(a.person_email)
  select id from accounts order by person_email
  select * from wages
  select salary + 0 from wages
  select person_id from wages where salary > 30000
  select person_id from wages where salary in (1, 2)
  select person_id from wages order by salary
  select sum(salary) from wages
  select salary / 1000 as band, count(*) from wages group by 1
  select person_id from wages where salary % 2 = 0
  select w.person_id from wages w join generate_series(1, 99999) g on g = w.salary
  select person_id from wages natural join (select generate_series(20000, 60000) as salary) s
  select person_id from wages join (values (41000)) v (salary) using (salary)
  select person_id from wages full join (select 1 as salary) v using (salary)
  select salary from wages join (select generate_series(10000, 60000) as salary) s using (salary) order by salary
  select count(salary = 1 or null) from wages
  select person_id from wages where (salary = 1) is not true
  select person_id from wages group by person_id having sum(salary) > 30000
  select person_id, salary from wages where salary = (select max(salary) from wages)
  select person_id from wages where salary = any (array(select generate_series(10000, 40000)))
  select person_id from wages where salary in (select generate_series(10000, 40000))
  select person_id from wages where (person_id, salary) in (select 1, generate_series(10000, 40000))
  select person_id from wages where salary between symmetric 60000 and 30000
  select person_id from wages where salary is distinct from 31000 and salary <= 31000
  select person_id from wages where salary operator(pg_catalog.>) 30000
  select person_id from wages where int4gt(salary, 30000)
  select person_id from wages where pg_catalog.int4lt(salary, 30000)
  select person_id from wages where numrange(20000, 30000) @> salary::numeric
  select person_id from wages where width_bucket(salary, 10000, 60000, 5) = 3
  select width_bucket(salary, 10000, 60000, 5) from wages
  select case when salary > 30000 then 1 / 0 else 1 end from wages
  select 1 / (salary / 30000) from wages
  select (salary * 100000)::int from wages
  select salary::smallint from wages
  select lpad('', salary - 30000, 'x') from wages
  select repeat('x', salary / 1000) from wages
  select generate_series(1, salary / 10000) from wages
  select array_fill(1, array[salary / 10000]) from wages
  select (array[1, 2, 3, 4, 5, 6])[salary / 10000] from wages
  select substr('abcdefghijklmnop', salary / 10000, 1) from wages
  select chr(salary / 1000) from wages
  select 'x' from wages limit (select salary / 30000 from wages limit 1)
  select date '2000-01-01' + salary from wages
  select interval '1 day' * salary from wages
  select to_hex(salary), salary::bit(20), salary # 0, ~salary, -salary, |/ salary from wages
  -- catalogs, statistics, other sessions
  select * from pg_stats where tablename in ('people', 'wages', 'people_mat')
  select most_common_vals, histogram_bounds from pg_catalog.pg_stats
  select s::text from pg_stats s where schemaname = 'public'
  select * from pg_statistic where starelid = 'people'::regclass
  select stavalues1::text from pg_statistic
  select * from pg_stats_ext
  select most_common_vals from pg_stats_ext
  select * from pg_stats_ext_exprs
  select * from pg_statistic_ext_data
  select pg_mcv_list_items(stxdmcv) from pg_statistic_ext_data
  select stxdmcv::text from pg_statistic_ext_data
  select query from pg_stat_activity
  select * from pg_stat_activity where query <> ''
  select a::text from pg_stat_activity a
  select pg_stat_get_activity(null)
  select (pg_stat_get_activity(null)).query
  select query from pg_stat_get_activity(null)
  select pg_stat_get_backend_activity(1)
  select pg_stat_get_backend_activity(g) from generate_series(1, 50) g
  select query from pg_stat_statements
  select * from public.pg_stat_statements
  select * from pg_stat_statements(true)
  select query from pg_stat_statements(true) where query ilike '%people%'
  select query from pg_catalog.pg_prepared_statements
  select statement from pg_prepared_statements
  select statement from pg_cursors
  select * from pg_cursors
  select * from pg_largeobject
  select loid, data from pg_largeobject
  select lo_get(oid) from pg_largeobject_metadata
  select * from pg_locks where locktype = 'advisory'
  select classid, objid, objsubid from pg_locks
  select * from pg_stat_user_tables
  select n_live_tup, seq_tup_read from pg_stat_user_tables where relname = 'orders'
  select * from pg_user_mappings
  select * from pg_shadow
  select rolpassword from pg_authid
  select * from pg_hba_file_rules
  select * from pg_file_settings
  select setting from pg_settings where name = 'data_directory'
  select chunk_data from pg_toast.pg_toast_1255
  select * from pg_stat_progress_copy
  select pg_read_file('postgresql.conf')
  select pg_read_binary_file('PG_VERSION')
  select pg_ls_dir('.')
  select * from pg_stat_file('PG_VERSION')
  select pg_current_logfile()
  select pg_get_viewdef('contacts'::regclass)
  select pg_get_functiondef('bait'::regproc)
  select pg_relation_filepath('people')
  select table_to_xml('people', true, false, '')
  select table_to_xml_and_xmlschema('people', true, false, '')
  select schema_to_xml('public', true, false, '')
  select database_to_xml(true, false, '')
  select query_to_xml('table people', true, false, '')
  select query_to_xml_and_xmlschema('table people', true, false, '')
  select cursor_to_xml('c', 5, true, false, '')
  select pg_catalog.query_to_xml('table people', true, false, '')
  select * from xmltable('//row' passing table_to_xml('people', true, false, '') columns email text)
  select * from dblink('dbname=vault_a', 'table people') as t (id int)
  select dblink_connect('x', 'dbname=vault_a')
  select dblink_exec('dbname=vault_a', 'update people set name = email')
  select * from crosstab('select name, city, email from people') as t (a text, b text)
  select connectby('people', 'email', 'ssn', '1', 0)
  select * from normal_rand(1, 0, 0)
  select xpath_table('id', 'page', 'people', '/', 'true')
  -- code of the owner's
  select peek(1)
  select public.peek(1)
  select * from peek(1)
  select peek_all()
  select * from peek_all()
  select * from peek_rows()
  select (peek_rows()).email
  select row_to_json(r) from peek_rows() r
  select * from peek_table()
  select who from peek_table() where pay > 8300000
  select * from rows from (peek_all(), generate_series(1, 9))
  select id, peek(id) from orders
  select * from orders, peek(orders.id)
  select id from orders where peek(1) > 'w2'
  select id from orders order by peek(id)
  select gather(email) from people
  select gather(peek(id)) from orders
  select 1 === 2
  select 1 operator(public.===) 2
  select id from orders where id === 1 > 'w2'
  select initcap('x'::varchar)
  select initcap(name) from people
  select public.initcap('x')
  select tell(email) from people
  select id from orders where tell(note)
  select * from called_view
  select got || '' from called_view
  select id from called_view where got > 'w2'
  call shout()
  select shout()
  do 'begin raise notice ''%'', (select string_agg(p::text, '','') from people p); end'
  do $x$ begin execute 'create table stolen as table people'; end $x$
  do language plpgsql $x$ declare r record; begin for r in table people loop raise info '%', r; end loop; end $x$
  insert into bait values ('notice')
  insert into bait values ('notice detail')
  insert into bait values ('info')
  insert into bait values ('warning')
  insert into bait values ('error')
  insert into bait values ('quoted')
  insert into bait values ('detail')
  insert into bait values ('fields')
  insert into bait values ('setting')
  insert into bait values ('timezone')
  insert into bait values ('datestyle')
  insert into bait values ('cast')
  insert into bait values ('date')
  insert into bait values ('json')
  insert into bait values ('regclass')
  insert into bait values ('dynamic')
  insert into bait values ('assert')
  insert into bait select unnest(array['notice', 'warning', 'error'])
  insert into bait values ('notice'), ('setting'), ('info') returning *
  with w as (insert into bait values ('warning') returning kind) select * from w
  explain (analyze, timing off, summary off) insert into bait values ('warning')
  copy (insert into bait values ('warning') returning kind) to stdout
  update people set city = 'x' where id = 1
  update people set city = 'fail' where id = 1
  update people set city = 'x' where id = 2 returning id, city
  -- constraints that tell the row
  update people set level = -1 where id = 1
  update people set name = null where id = 1
  update people set name = null
  update people set id = 1 where id = 2
  insert into people (id, name) values (1, 'x')
  insert into people select * from people
  insert into people (id, name, level) values (900, 'x', -1)
  insert into people (id) values (901)
  insert into accounts (id, person_email) values (900, 'nobody@example.com')
  delete from people where id = 1
  update people set email = 'other' || id where id = 1
  insert into events (id, secret) values (5000, 'x')
  update events set id = 7000 where id = 1
  update events set id = 3 where id = 1 returning *
  insert into wages (person_id, salary) select id, salary from people
  insert into archive select 2, p, null from people p
  insert into archive (id, was) values (2, (select p from people p where id = 1)) returning was
  update archive set was.name = (was).email returning was
  update archive set was.name = 'x' returning *
  insert into sink (v) select to_json(p) from people p returning v
  insert into sink (v) table accounts
  merge into accounts a using people p on p.id = a.id when matched then update set person_email = p.notes
  alter table wages add check (salary > 30000)
  alter table wages add constraint one check (salary < 90000) not valid
  alter table wages alter salary type smallint
  alter table people add unique (mood)
  create unique index on people (mood)
  alter table people add constraint x exclude using btree (mood with =)
  alter table people alter notes type date using notes::date
  alter table sink add foreign key (v) references people (email)
  create unique index stolen on people (flag)
  create unique index stolen on wages ((salary / 30000))
  create table stolen (like people including all)
  create table stolen () inherits (people)
  create table stolen partition of events for values from (1) to (2)
  alter table people_child no inherit people
  alter table events detach partition events_low
  create view stolen as select person as id, contact as name from contacts
  create or replace view clear_view as select id, ssn as name, email as city from people
  create view stolen as table people
  create materialized view stolen as select * from contacts
  refresh materialized view people_mat
  create function stolen(people) returns text language sql as 'select $1.email'
  create function stolen() returns trigger language plpgsql as 'begin raise notice ''%'', new; return new; end'
  create trigger stolen before update on people for each row execute function tattle()
  create cast (people as text) with function secret_of(people)
  create operator ## (rightarg = people, function = secret_of)
  create aggregate stolen (people) (sfunc = push, stype = text)
  create rule "_RETURN" as on select to sink do instead select id, email, 1 from people
  create publication stolen for table people
  create event trigger stolen on ddl_command_end execute function tattle()
  create schema stolen create view v as select email from public.people
  comment on column people.email is 'x'
  security label on column people.email is 'x'
  grant select on people to public
  alter table people enable row level security
  alter table people set (autovacuum_enabled = off)
  alter table people rename to persons
  alter table people set schema pg_catalog
  alter view contacts rename column contact to harmless
  alter function peek(int) rename to upper
  alter type pair rename attribute a to id
  lock table people in access exclusive mode
  analyze verbose people
  vacuum verbose people
  cluster verbose people using people_pkey
  reindex (verbose) table people
  listen chan
  notify chan, 'x'
  select pg_notify('chan', (select email from people where id = 1))
  show all
  show application_name
  select current_setting('application_name'), current_setting('search_path')
  select name, setting from pg_settings
  set session authorization postgres
  set role pg_monitor
  set log_statement = 'all'
  set client_min_messages = 'debug5'
  set debug_print_plan = on
  set local_preload_libraries = 'x'
  set search_path = pg_temp, public
  set datestyle = 'SQL'
  set bytea_output = 'escape'
  set client_encoding = 'LATIN1'
  set client_encoding = 'SQL_ASCII'
  set standard_conforming_strings = off
  set backslash_quote = on
  set xmlbinary = 'hex'
  set plan_cache_mode = force_generic_plan
  set session_replication_role = replica
  set row_security = off
  set lc_messages = 'de_DE.UTF-8'
  load 'plpgsql'
  checkpoint
  import foreign schema public from server x into public
  -- several in one query
  select 1; select upper(email) from people
  select email from people; select reverse(email) from people; select 1
  begin; select email::text from people; commit
  set application_name = 'x'; select upper(ssn) from people
  create temp table t (v text); insert into t select email from people; select * from t
  prepare q as select email::text from people; execute q
  declare q cursor with hold for select email || '' from people; fetch all q
  set search_path = public; select people from people; select people::text from people
  select 1 as a; table people; explain select email from people where salary > 1
  -- ways of writing
  SELECT UPPER("email") FROM "public"."people"
  select U&"\\0065mail" || '' from people
  select U&"!0065mail" uescape '!' || '' from people
  select p.U&"\\0065\\006D\\0061\\0069\\006C"::text from people p
  select e'x' || email from people
  select $$x$$ || email from people
  select $tag$'$tag$ || email from people
  select/**/email/**/||/**/''/**/from/**/people
  select email/* /* nested */ */::text from people
  select upper /* ( */ ( email ) from people -- )
  select "email"::"text" from "people"
  select email\\n::\\ntext from people
  select(email)::text from people
  select all email::text from people
  select people.email::text from public.people
  select (select system_user) from (select notes as system_user from people offset 0) x
  select system_user || '' from (select notes as system_user from people) x
  select id from (select id, notes as system_user from people) x where system_user like 'a%'
  select x.s || '' from (select u.*, p.notes from unnest(array[null::orders]) u, people p) as x (k, l, m, n, s)
  with x (k, l, m, n, s) as (select u.*, p.notes from unnest(array[null::orders]) u, people p) select k from x where s like '%a%'
  select x.b || '' from (select u.* from unnest(array[row('1', 2)::pair]) u union all select notes, 3 from people) x
  select x.a || '' from (select u.* from unnest(array[row('1', 2)::pair]) u union all select notes, 3 from people) x
  select y.notes || '' from (select (x).* from (select u.*, v.notes from unnest(array[row('1', 2)::pair]) u, people v) x) y
  select x.e || '' from (select o.*, v.notes from cast(null as orders) o, people v) as x (a, b, c, d, e)
  select public.people.email::text from people
  select (public.people).email::text from public.people
  select upper((((email)))) from people
  select email similar to 'w%' from people
  select not email like 'w%' from people
  select email ~~ 'w1%' as ok from people
  select texteq(email, 'x'), textcat(email, '') from people
  select pg_catalog.textcat(email, ''), "pg_catalog"."upper"(email) from people
  select email is of (text) from people
  select cast(email as text) collate "default" from people
  select text 'x' || email from people
  select (email, ssn)::record::text from people
  select row(email, ssn)::pair from people
  select (row(notes, 1)::pair).a from people
  select email as "email" , email || '' as "email" from people
  select id as email, email as id, ssn || '' as name from people
  select 1 as email from people order by people.email
  select id as email from people order by email
  select id email, email id from people order by 2
  select id from people as people (id, name, city, joined, city2) order by city2
  select ssn as email, email as ssn from people where email = 'x' and ssn > '2'
  select people.* from people as orders, orders as people where orders.email > 'w2'
  select email.email || '' from people as email
  select email::text from people as email
  select email from (select people as email from people) s
  select email.ssn || '' from people email
  select (email).ssn from people email
  select text(email) from people email
  select x from (values (1)) v (id) join lateral (select email || '' as x from people p where p.id = v.id) s on true
  select 1 from people having max(email) > 'w2'
  select 1 where 'w2' < (select max(email) from people)
  select case when (select max(email) from people) > 'w2' then pg_sleep(0.01) end
  select coalesce((select email from people where id = 1), 'x') as harmless
  select json_build_object('data', (select array_agg(x) from (select email from people) x))
  select array(select row(email, ssn) from people)::text[]
  with people as (select email || '' as email from public.people) select email from people
  with orders as (select email as note, id from people) select note || '' from orders
  with pg_class as (select * from people) select relname from pg_class
  with x as (table people) select x from x
  with x as (select email from people) , y as (select email as z from x) select z || '' from y
  with recursive t as (select id, email, array[email] as path from people union all select id, email, path from t where false) select path from t
  with recursive t as (select id, email from people union all select id, email from t where false) search depth first by email set o select o from t
  with recursive t as (select id, email from people union all select id, email from t where false) cycle email set c using p select p from t
  select grouping(mood), mood from people group by grouping sets ((mood), ())
  select * from (select email, row_number() over (partition by mood order by salary) as n from people) s where n = 1
  select id, n from (select id, row_number() over (partition by mood) as n from people) s
  select * from orders where note in (select email from people)
  select exists (select 1 from people where salary > 8300000 and id = 1)
  select id from orders where exists (select 1 from people p where p.id = person_id and p.flag)
  select id from people where flag
  select id from people where not flag
  select id from people where flag is true
  select id, flag is unknown from people
  select bool_and(flag) from people
  select id from people where case when flag then false else true end
  select count(*) from people where level > 300000000
  select (flag::int) from people
  select id from orders where (select flag from people p where p.id = orders.person_id)
  select id from people where mood = 'calm'
  select id from people where mood in ('calm', 'sour')
  select enum_range(mood, null), enum_first(mood) from people
  select id from people where born = '1839-02-13'
  select id from people where born < '1850-01-01'
  select age(born) from people
  select born + 1 from people
  select extract(year from born) from people
  select id from people where seen > '1750-01-01'
  select id from people where tags @> array['x']
  select id from people where tags[1] > '2'
  select array_length(tags, 1), cardinality(tags) from people
  select tags[1:1], tags[2] from people
  select unnest(tags) from people
  select array_to_string(tags, ',') from people
  select tags || 'x' from people
  select id from people where profile @> '{"n": 1}'
  select id from people where profile ? 'code'
  select profile -> 'code', profile ->> 'code', profile #>> '{deep,x}' from people
  select profile['code'] from people
  select jsonb_object_keys(profile) from people
  select jsonb_path_exists(profile, '$.n ? (@ > 400000000)') from people
  select profile @@ '$.n > 400000000' from people
  select id from people where profile @? '$.n ? (@ > 400000000)'
  select * from people, jsonb_each(profile)
  select * from people, jsonb_to_record(profile) as x (code text)
  select doc -> 'code', doc #> '{n}' from people
  select json_typeof(doc), json_array_length(doc -> 'x') from people
  select attrs -> 'x', attrs ? 'x', akeys(attrs), avals(attrs) from people
  select each(attrs), hstore_to_json(attrs), skeys(attrs), %% attrs from people
  select (pr).a, (pr).b from people
  select (pr).* from people
  select pr::text, (p.pr).a || '' from people p
  select blob || 'x', substr(blob, 1, 2), get_byte(blob, 0), encode(blob, 'escape') from people
  select page::text, xpath('/p/text()', page), xmlserialize(content page as text) from people
  select xmlexists('/p[contains(., "7")]' passing page) from people
  select lower(rng), upper(rng), rng @> 400000000, isempty(rng) from people
  select rng * int4range(0, 999999999) from people
  select id from people where rng && int4range(0, 200000000)
  select ident::text, ident < gen_random_uuid() from people
  select nick || '', nick = 'x', nick ~ '^1' from people
  select similarity(email, 'w1'), email % 'w1', word_similarity('w', email) from people
  select levenshtein(email, ''), soundex(notes), metaphone(notes, 9), difference(ssn, '') from people
  select crypt(ssn, 'x'), hmac(ssn, 'k', 'sha1'), digest(ssn, 'md5') from people
  select slug from people where slug > 'w2'
  select slug || '' from people
  select lower(email) from people where lower(email) = 'x'
  select id from people order by lower(email)
`);
