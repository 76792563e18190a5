import { lines } from './lines.js';

/** Ways to get at one column: `{c}` stands for any masked column of `people`. */
export const templates: readonly string[] = lines(`
  -- expressions
  select {c}::text from people
  select cast({c} as varchar(200)) from people
  select {c}::text || '' from people
  select '' || {c} from people
  select ('x' || {c})::text as id from people
  select {c}::text collate "C" from people
  select upper({c}::text) from people
  select reverse({c}::text) from people
  select left({c}::text, 3) as name from people
  select substr({c}::text, 2, 3) as id, id as x from people
  select substring({c}::text from 2 for 4) from people
  select substring({c}::text from '^.(.*)$') from people
  select regexp_replace({c}::text, '(.)', '\\1 ', 'g') from people
  select regexp_matches({c}::text, '.{3}', 'g') from people
  select regexp_split_to_table({c}::text, '') from people
  select string_to_array({c}::text, null) from people
  select translate({c}::text, '0123456789', 'abcdefghij') from people
  select overlay({c}::text placing '' from 1 for 0) from people
  select lpad({c}::text, 99) from people
  select repeat({c}::text, 2) from people
  select split_part({c}::text, '@', 1) from people
  select ascii({c}::text) from people
  select length({c}::text) from people
  select octet_length({c}::text) from people
  select md5({c}::text) from people
  select sha256({c}::text::bytea) from people
  select encode({c}::text::bytea, 'base64') from people
  select encode({c}::text::bytea, 'hex') from people
  select convert_to({c}::text, 'UTF8') from people
  select quote_literal({c}) from people
  select quote_nullable({c}) from people
  select format('%s', {c}) from people
  select format('%I', {c}) from people
  select format('%2$s', 1, {c}) from people
  select concat({c}) from people
  select concat_ws(',', id, {c}) from people
  select concat(variadic array[{c}::text]) from people
  select coalesce({c}, {c}) from people
  select coalesce({c}::text, 'none') as name from people
  select nullif({c}::text, '') from people
  select greatest({c}::text, '') from people
  select least({c}::text, '~') from people
  select num_nonnulls({c}) from people
  select pg_typeof({c}) from people
  select pg_column_size({c}) from people
  select hashtext({c}::text) from people
  select to_char({c}::text::numeric, '999999999999') from people
  select case when {c} is null then '' else {c}::text end from people
  select case {c} when {c} then {c} end from people
  select {c} is not null from people
  select {c} is distinct from null from people
  select {c}::text = 'x' from people
  select {c}::text ~ '^[0-4]' from people
  select {c}::text like '%1%' as id from people
  select array[{c}] from people
  select (array[{c}])[1] from people
  select array[{c}::text, name] from people
  select row({c}) from people
  select ({c}, id) from people
  select row({c})::text from people
  select (row({c}, id)).f1 from people
  select to_json({c}) from people
  select to_jsonb({c}) #>> '{}' from people
  select json_build_object('v', {c}) from people
  select jsonb_build_object(name, {c}) ->> name from people
  select json_build_array({c}) from people
  select json_object(array['v', {c}::text]) from people
  select jsonb_path_query(to_jsonb({c}), '$') from people
  select jsonb_path_query_array(jsonb_build_array({c}), '$[*]') from people
  select jsonb_pretty(to_jsonb({c})) from people
  select xmlelement(name v, {c}) from people
  select xmlforest({c} as v) from people
  select xmlelement(name v, xmlattributes({c} as a)) from people
  select xmlpi(name v, {c}::text) from people
  select xmlcomment({c}::text) from people
  select xmlserialize(content xmlelement(name v, {c}) as text) from people
  select xmlconcat(xmlelement(name v, {c}), null) from people
  select xpath('//text()', xmlelement(name v, {c})) from people
  select to_tsvector('simple', {c}::text) from people
  select ts_headline('simple', {c}::text, 'x'::tsquery) from people
  select {c}, {c}::text as email from people
  select people.{c}::text from people
  select public.people.{c}::text from public.people
  select (people).{c}::text from people
  select p.{c} || '' from people as p
  select {c}(p)::text from people p
  select {c}(people.*)::text from people
  select text({c}) from people
  select pg_catalog.text(p.{c}) from people p
  select /* {c} */ {c} -- {c} \\n ::text from people
  select "{c}"::text from "public"."people"
  select U&"{c}"::text from people
  select {c} :: "pg_catalog" . "text" from people
  select extract(epoch from {c}::text::timestamptz) from people
  select date_trunc('year', {c}::text::timestamptz) from people
  select {c}::text::int / 1000000 from people
  select sign({c}::text::numeric - 500000) from people
  -- errors that quote their argument
  select {c}::text::int from people
  select cast({c}::text as numeric) from people
  select {c}::text::date from people
  select {c}::text::timestamptz from people
  select {c}::text::interval from people
  select {c}::text::json from people
  select {c}::text::jsonb from people
  select ('{' || {c}::text)::jsonb from people
  select {c}::text::xml from people
  select ('<' || {c}::text)::xml from people
  select {c}::text::uuid from people
  select {c}::text::inet from people
  select {c}::text::boolean from people
  select {c}::text::regclass from people
  select {c}::text::regtype from people
  select {c}::text::regproc from people
  select {c}::text::regrole from people
  select {c}::text::regnamespace from people
  select to_regclass({c}::text) from people
  select {c}::text::mood from people
  select {c}::text::dom_number from people
  select {c}::text::text[] from people
  select {c}::text::bytea from people
  select {c}::text::bit(8) from people
  select {c}::text::point from people
  select {c}::text::int4range from people
  select {c}::text::tsquery from people
  select {c}::text::hstore from people
  select {c}::text::money from people
  select {c}::text::"char" from people
  select {c}::text::name from people
  select {c}::text::pg_lsn from people
  select {c}::text::macaddr from people
  select to_date({c}::text, 'YYYY-MM-DD') from people
  select to_timestamp({c}::text, 'YYYY') from people
  select to_number({c}::text, 'RN') from people
  select decode({c}::text, 'base64') from people
  select decode({c}::text, 'hex') from people
  select decode({c}::text, {c}::text) from people
  select encode('x', {c}::text) from people
  select convert_from('x', {c}::text) from people
  select regexp_replace('x', {c}::text || '(', '') from people
  select 'x' ~ ('[' || {c}::text) from people
  select 'x' like '\\' escape {c}::text from people
  select to_char(1, {c}::text) from people
  select date_trunc({c}::text, now()) from people
  select date_part({c}::text, joined) from people
  select now() at time zone {c}::text from people
  select make_interval(secs => {c}::text::float8) from people
  select jsonb_path_query('{}', {c}::text::jsonpath) from people
  select xpath({c}::text, '<a/>') from people
  select chr({c}::text::int) from people
  select set_config({c}::text, 'x', true) from people
  select current_setting({c}::text) from people
  select 1 / (length({c}::text) - length({c}::text)) from people
  select exp(length({c}::text) * 1000.0) from people
  -- aggregates and windows
  select min({c}::text) from people
  select max({c}::text) from people
  select min({c}) from people
  select sum(length({c}::text)) from people
  select avg(length({c}::text)) from people
  select count(distinct {c}::text) from people
  select count(distinct {c}) as id from people
  select string_agg({c}::text, ',') from people
  select string_agg(name, {c}::text) from people
  select string_agg(name, ',' order by {c}::text) from people
  select array_agg({c}) from people
  select array_agg(id order by {c}::text) from people
  select json_agg({c}) from people
  select jsonb_agg(jsonb_build_object('v', {c})) from people
  select json_object_agg(id, {c}) from people
  select jsonb_object_agg({c}::text, id) from people
  select xmlagg(xmlelement(name v, {c})) from people
  select bool_or({c}::text like '%7%') from people
  select every({c}::text > '5') from people
  select bit_xor(hashtext({c}::text)) from people
  select count(*) filter (where {c}::text like '1%') from people
  select count(*) filter (where {c}::text > '2') as n from people
  select mode() within group (order by {c}::text) from people
  select percentile_disc(0.5) within group (order by {c}::text) from people
  select rank('2') within group (order by {c}::text) from people
  select gather({c}::text) from people
  select lag({c}) over (order by id) from people
  select lead({c}, 1) over (order by id) as id from people
  select first_value({c}) over (order by id) from people
  select last_value({c}::text) over () from people
  select nth_value({c}, 2) over (order by id) from people
  select row_number() over (order by {c}::text), id from people
  select rank() over (order by {c}::text) from people
  select dense_rank() over w, id from people window w as (order by {c}::text)
  select ntile(2) over (order by {c}::text) from people
  select cume_dist() over (order by {c}::text) from people
  select percent_rank() over (order by {c}::text desc) from people
  select count(*) over (partition by {c}::text) from people
  select sum(id) over (order by {c}::text range unbounded preceding) from people
  select string_agg({c}::text, '') over () from people
  -- predicates, orders, groups
  select id from people where {c}::text like '1%'
  select id from people where {c}::text ilike '%a%'
  select id from people where {c}::text ~ '[0-5]'
  select id from people where {c}::text similar to '1%'
  select id from people where {c}::text > '3'
  select id from people where {c}::text between '1' and '3'
  select id from people where {c}::text in ('1', '2')
  select id from people where {c}::text <> 'x'
  select id from people where length({c}::text) > 5 and id < 100
  select id from people where substr({c}::text, 1, 1) = '1'
  select id from people where {c} is distinct from null and {c}::text < '3'
  select id from people where coalesce({c}::text, '') < '3'
  select id from people where case when {c}::text < '3' then true else false end
  select id from people where case when {c}::text < '3' then 1 / (id - id) = 1 else true end
  select id from people where {c} = (select {c} from people where id = 1)
  select id from people where {c} = any (select {c} from people)
  select id from people where {c} >= all (select {c} from people)
  select id from people where ({c}, id) > (select {c}, id from people where id = 2)
  select id from people where row({c}) > row('3')
  select id from people where array[{c}::text] && array['1']
  select id from people where {c}::text = any (string_to_array('1 2 3', ' '))
  select id from people where starts_with({c}::text, '1')
  select id from people where tell({c}::text)
  select id from people where {c}::text ^@ '1'
  select id from people where hashtext({c}::text) % 2 = 0
  select id from people where not ({c}::text like '1%') or id = 99
  select id from people where exists (select 1 from people q where q.{c}::text < people.{c}::text)
  select id from people where id in (select id from people where {c}::text > '2')
  select id from people where (select {c}::text > '2' from people q where q.id = people.id)
  select o.id from orders o join people p on p.id = o.person_id and p.{c}::text > '2'
  select o.id from orders o left join people p on p.{c}::text = o.note
  select p.id from people p join people q on p.{c}::text < q.{c}::text
  select p.id, q.id from people p, people q where p.{c} = q.{c} and p.id <> q.id
  select id from people order by {c}
  select id from people order by {c} desc limit 1
  select id from people order by {c}::text using >
  select id from people order by case when {c}::text > '2' then 1 else 2 end
  select id, {c} from people order by 2
  select id, {c} as x from people order by x
  select id, length({c}::text) as x from people order by x
  select id from people order by ({c}, id)
  select id from people order by (select {c})
  select {c} from people group by {c}
  select count(*) from people group by {c}
  select count(*) from people group by {c}::text having count(*) > 0
  select city, count(*) from people group by city having min({c}::text) > '2'
  select city, count(*) from people group by rollup (city, {c})
  select city, grouping({c}), count(*) from people group by cube (city, {c})
  select count(*), {c}::text < '3' from people group by 2
  select distinct {c} from people
  select distinct on ({c}) id from people
  select distinct id, {c}::text from people
  select id from people limit (select length({c}::text) from people where id = 1)
  select id from people offset (select count(*) from people where {c}::text > '2')
  select id from people fetch first (select 1 + ascii({c}::text) % 2 from people where id = 1) rows only
  -- sets and queries within
  select {c}::text from people union select 'x'
  select 'x' union all select {c}::text from people
  select {c} from people intersect select {c} from people_child
  select {c} from people except select {c} from people where id = 1
  select name from people union all select {c}::text from people
  values ((select {c}::text from people where id = 1))
  select (select {c} from people where id = 1)
  select (select {c}::text from people where id = 1) as name
  select exists (select from people where {c}::text > '2')
  select array(select {c}::text from people)
  select x::text from (select {c} as x from people) s
  select upper(x) from (select {c}::text from people) s (x)
  select name from (select {c}::text as name from people) s
  select s.name || '' from (select id, {c}::text from people) s (id, name)
  with q as (select {c} as v from people) select v::text from q
  with q (name) as (select {c}::text from people) select name from q
  with q as materialized (select {c} as v from people) select max(v::text) from q
  with recursive q (n, v) as (select 1, {c}::text from people where id = 1 union all select n + 1, substr(v, 2) from q where n < 5) select * from q
  with recursive q (n, v) as (select 1, {c}::text from people where id = 1 union all select n + 1, v from q where n < 3) select n from q where v > '2'
  with recursive q (n) as (select 0 union all select n + 1 from q where n < (select ascii({c}::text) from people where id = 1)) select count(*) from q
  select v from people p, lateral (values (p.{c})) l (v)
  select v from people p, lateral (values (p.{c}::text)) l (v)
  select l.* from people p cross join lateral (select p.{c}::text as name) l
  select u from people p, unnest(array[p.{c}::text]) u
  select u from people p, regexp_split_to_table(p.{c}::text, '') u
  select g from people p, generate_series(1, length(p.{c}::text)) g
  select * from people p, json_each_text(json_build_object('v', p.{c})) e
  select * from people p, jsonb_to_record(jsonb_build_object('v', p.{c})) as r (v text)
  select x.* from people p, xmltable('/v' passing xmlelement(name v, p.{c}) columns v text path '.') x
  select * from rows from (unnest((select array_agg({c}::text) from people)), generate_series(1, 2)) as r (a, b)
  select {c} from people tablesample bernoulli (100) order by {c}::text
  select {c} from people join (select 1 as id) s using (id) where {c}::text > '2'
  select {c} from people natural join (select {c} from people where id = 1) s
  select {c} as id from (select {c} from people union all select {c} from people_child) s where {c}::text > '2'
  select z.{c} || '' from (people join orders on true) z
  -- destinations
  insert into sink (v) select {c}::text from people
  insert into sink (v) select {c}::text from people returning v
  insert into sink (v) values ((select {c}::text from people where id = 1)) returning v
  insert into sink (v, n) select x, 1 from (select {c}::text as x from people) s returning *
  insert into sink (id, v) values (1, 'x') on conflict (id) do update set v = (select {c}::text from people where id = 1) returning v
  insert into sink (n) select length({c}::text) from people returning n
  insert into sink (n) select id from people where {c}::text > '2' returning n
  insert into people (id, name) values (1, 'x') on conflict (id) do update set name = people.{c}::text returning name
  insert into people (id, name) values (1, 'x') on conflict (id) do update set name = 'y' where people.{c}::text > '2' returning name
  update people set name = {c}::text
  update people set name = {c}::text where id = 1 returning name
  update people set (name, city) = (select {c}::text, 'x') where id = 1 returning name
  update people set city = 'x' where {c}::text > '2' returning id
  update people set city = 'x' where id = 1 returning {c}::text
  update people set city = 'x' where id = 1 returning {c}
  update people set city = 'x' where id = 1 returning length({c}::text) as id
  update orders set note = p.{c}::text from people p where p.id = orders.person_id returning note
  update orders set note = 'x' from people p where p.id = orders.person_id and p.{c}::text > '2' returning orders.id
  delete from people where {c}::text > '2' returning id
  delete from orders using people p where p.{c}::text > '2' and p.id = orders.person_id returning orders.id
  delete from wages where person_id = (select id from people order by {c}::text limit 1) returning person_id
  merge into sink s using people p on s.id = p.id when not matched then insert (id, v) values (p.id, p.{c}::text)
  merge into sink s using people p on p.{c}::text > '2' and s.id = p.id when not matched then insert (n) values (1)
  merge into orders o using people p on o.person_id = p.id and o.id < 5 when matched and p.{c}::text > '2' then delete
  with w as (insert into sink (v) select {c}::text from people returning v) select v from w
  with w as (update people set name = {c}::text returning name) select name from w
  with w as (delete from people where {c}::text > '2' returning id) select count(*) from w
  select {c}::text into stolen from people
  select {c} into temp stolen from people
  create table stolen as select {c} from people
  create temp table stolen as select {c}::text as v from people
  create unlogged table stolen as select {c} as v from people with data
  create materialized view stolen as select {c} from people
  create view stolen as select {c}::text from people
  create or replace temp view stolen (v) as select {c} from people
  create index on people (({c}::text)) where {c}::text > '2'
  create function stolen() returns setof text language sql as 'select {c}::text from people'
  create function stolen() returns setof text language sql begin atomic select {c}::text from people; end
  create rule r as on insert to sink do also select {c} from people
  create policy p on people using ({c}::text > '2')
  alter table people rename {c} to harmless
  alter table people alter name set default 'x', add check ({c}::text > '2')
  alter table people alter {c} type text using 'x' || {c}::text
  alter table people add copied text generated always as ({c}::text) stored
  alter table people add constraint x exclude using btree ({c} with =)
  create unique index on people ({c})
  create statistics st on {c}, id from people
  -- around a statement
  explain select id from people where {c}::text > '2'
  explain (analyze, timing off, summary off) select id from people where {c}::text > '2'
  explain (verbose, format json) select id from people where {c}::text like '1%'
  explain (format xml, analyze, timing off, summary off) select count(*) from people group by {c}
  explain (format yaml) select distinct {c} from people
  explain analyze select tell({c}::text) from people
  explain (costs on) select id from people where {c} is null
  explain (analyze, timing off, summary off) insert into sink (v) select {c}::text from people
  explain (analyze, timing off, summary off) create table stolen as select {c} from people
  copy (select {c}::text from people) to stdout
  copy (select upper({c}::text) from people) to stdout (format csv, header)
  copy (select {c} from people order by {c}::text) to stdout
  copy (select {c}::text from people) to stdout (format binary)
  copy people (id, {c}) to stdout
  copy people (id, {c}) to stdout (format csv, force_quote *)
  copy people ({c}) to stdout (format binary)
  copy (select {c} as id from people) to stdout (delimiter '|', null 'x')
  copy (update people set name = {c}::text returning name) to stdout
  copy people ({c}) to '/tmp/stolen'
  copy people ({c}) to program 'cat'
  declare c cursor for select {c}::text from people
  declare c scroll cursor with hold for select id from people order by {c}::text
  prepare s as select {c}::text from people
  prepare s (text) as select id from people where {c}::text > $1
  execute s ((select {c}::text from people where id = 1))
  call shout((select {c}::text from people where id = 1))
  do $$ begin raise notice '%', (select {c}::text from people where id = 1); end $$
  do $$ begin perform set_config('application_name', {c}::text, false) from people where id = 1; end $$
  select set_config('application_name', {c}::text, false) from people where id = 1
  select set_config('search_path', {c}::text, false) from people where id = 1
  select pg_notify('chan', {c}::text) from people where id = 1
  select pg_logical_emit_message(false, 'x', {c}::text) from people
  select setval('sink_id_seq', ascii({c}::text)) from people where id = 1
  select nextval('sink_id_seq') from people where {c}::text > '2'
  select pg_advisory_lock(hashtext({c}::text)) from people where id = 1
  select pg_try_advisory_xact_lock(ascii({c}::text)) from people
  select lo_from_bytea(0, {c}::text::bytea) from people where id = 1
  select lo_put(lo_create(0), 0, {c}::text::bytea) from people where id = 1
  select pg_sleep(0.001 * ascii({c}::text)) from people where id = 1
  select setseed(0.01 * ascii({c}::text) / 3), random() from people where id = 1
  select query_to_xml('select {c} from people', true, false, '')
  select query_to_xml('select ' || quote_literal({c}::text), true, false, '') from people
  select * from dblink('dbname=vault_a', 'select {c}::text from people') as t (v text)
  select * from crosstab('select id::text, ''x''::text, {c}::text from people') as t (a text, b text)
  select * from xpath_table('id', '{c}', 'people', '/', 'true') as t (id int, v text)
  select * from ts_stat('select to_tsvector(''simple'', {c}::text) from people')
  select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, quote_literal({c}::text)::tsquery from people')
  select most_common_vals::text from pg_stats where tablename = 'people' and attname = '{c}'
  select histogram_bounds::text, n_distinct, correlation, null_frac, avg_width from pg_stats where attname = '{c}'
  select stavalues1::text, stanumbers1 from pg_statistic where staattnum = (select attnum from pg_attribute where attrelid = 'people'::regclass and attname = '{c}')
  select has_column_privilege('people', {c}::text, 'select') from people
  select peek(ascii({c}::text) % 4) from people
  select id from people for update of people skip locked offset (select ascii({c}::text) % 3 from people where id = 1)
`);

export function forColumn(template: string, column: string): string {
  return template.replaceAll('{c}', column);
}
