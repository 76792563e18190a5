import { lines } from '../leaks/attacks/lines.js';

/** Reads without a masked column in their answer: they must answer exactly as the server does. */
export const same: readonly string[] = lines(`
  -- what clients ask first
  select 1
  select version()
  select current_database(), current_schema(), current_schemas(true)
  show server_version
  show search_path
  select count(*) from customers
  select exists (select 1 from orders)
  -- dashboards
  select date_trunc('month', placed_at) as month, count(*), sum(total), avg(total)::numeric(10, 2) from orders group by 1 order by 1
  select status, count(*) as n, round(100.0 * count(*) / sum(count(*)) over (), 1) as share from orders group by status order by n desc, 1
  select to_char(placed_at, 'YYYY-MM') as month, count(distinct customer_id) from orders group by 1 order by 1
  select count(*) filter (where status = 'paid') as paid, count(*) filter (where status = 'void') as void from orders
  select percentile_cont(0.5) within group (order by total), percentile_disc(array[0.9, 0.99]) within group (order by total) from orders
  select customer_id, total, rank() over (partition by customer_id order by total desc) from orders order by 1, 3, 2 limit 50
  select day, n, sum(n) over (order by day rows between 6 preceding and current row) as week from daily order by day
  select day, total - lag(total) over (order by day) as change from daily order by day limit 20
  select g.month, count(o.id) from generate_series('2024-01-01'::timestamptz, '2024-12-01', interval '1 month') g (month) left join orders o on date_trunc('month', o.placed_at) = g.month group by 1 order by 1
  select p.title, sum(i.quantity) as sold from products p join order_items i on i.product_id = p.id group by p.id order by sold desc, p.title limit 10
  select c.city, count(*) as customers, sum(o.total) as revenue from customers c join orders o on o.customer_id = c.id group by c.city order by revenue desc
  select c.name, sum(o.total) as spent from customers c join orders o on o.customer_id = c.id group by c.id, c.name order by spent desc, c.name limit 10
  select c.country, o.status, count(*) from customers c join orders o on o.customer_id = c.id group by rollup (c.country, o.status) order by 1, 2
  select c.city, avg(n)::numeric(10, 2) from customers c join (select customer_id, count(*) n from orders group by 1) o on o.customer_id = c.id group by 1 order by 1
  select width_bucket(total, 0, 500, 5) as bucket, count(*) from orders group by 1 order by 1
  select corr(quantity, price), stddev(price), variance(quantity) from order_items
  select team, count(*) from employees group by team having count(*) > 1 order by team
  select count(phone), count(*) - count(phone) as without from customers
  select count(*) from customers where phone is null
  select max(created_at), min(created_at) from customers
  select extract(dow from placed_at)::int as day, extract(hour from placed_at)::int as hour, count(*) from orders group by 1, 2 order by 1, 2
  -- reports
  with spent as (select customer_id, sum(total) as total from orders group by 1), top as (select * from spent order by total desc, 1 limit 5) select c.name, t.total from top t join customers c on c.id = t.customer_id order by 2 desc, 1
  with recursive chain as (select id, name, manager_id, 1 as depth from employees where manager_id is null union all select e.id, e.name, e.manager_id, depth + 1 from employees e join chain on chain.id = e.manager_id) select name, depth from chain order by depth, name
  with monthly as materialized (select date_trunc('month', placed_at) m, sum(total) t from orders group by 1) select m, t, t - lag(t) over (order by m) from monthly order by m
  select name from customers where id in (select customer_id from orders where total > 400) order by name
  select name from customers c where not exists (select 1 from orders o where o.customer_id = c.id and o.status = 'paid') order by name
  select c.name, last.placed_at from customers c left join lateral (select placed_at from orders o where o.customer_id = c.id order by placed_at desc limit 1) last on true order by c.id limit 10
  select distinct on (customer_id) customer_id, id, placed_at from orders order by customer_id, placed_at desc
  select id, name, 'customer' as kind from customers where id < 4 union all select id, title, 'product' from products where id < 4 order by kind, id
  select customer_id from orders intersect select id from customers where city = 'Oslo' order by 1
  select id from customers except select customer_id from orders where total > 100 order by 1
  select coalesce(c.name, '?') as who, nullif(o.note, '') as note, case when o.total > 100 then 'big' else 'small' end from orders o left join customers c on c.id = o.customer_id order by o.id limit 10
  select string_agg(distinct city, ', ' order by city) from customers
  select array_agg(name order by id) from customers where id < 4
  select json_agg(json_build_object('id', id, 'name', name) order by id) from customers where id < 4
  select row_to_json(s) from (select id, name, city from customers where id < 3) s
  select jsonb_object_agg(status, n) from (select status, count(*) n from orders group by 1) s
  select upper(name), length(city), name || ' (' || city || ')' as label from customers order by id limit 5
  select name, created_at::date, age(timestamptz '2025-01-01', created_at) from customers order by created_at desc limit 5
  select 'c' || id as key, md5(name) from customers order by id limit 3
  select * from order_totals order by id limit 5
  select customer_id, sum(total) from order_totals group by 1 order by 2 desc, 1 limit 5
  select id, email, lower(email) from orders where email like 'desk 1%' order by email limit 5
  select o.email from orders o join customers c on c.id = o.customer_id where c.city = 'Oslo' order by o.email limit 5
  select upper(o.email) from orders o join customers c on c.id = o.customer_id order by 1 limit 5
  select o.email, count(*) from orders o join customers c on c.id = o.customer_id group by o.email order by o.email limit 5
  select email from orders where customer_id = (select id from customers where email = 'c7@example.com') order by email
  select e.name, m.name as manager from employees e left join employees m on m.id = e.manager_id order by e.id
  select kind, count(*) from events group by kind order by kind
  select tableoid::regclass::text, count(*) from events group by 1
  -- look-ups
  select id, name from customers where email = 'c7@example.com'
  select id, name from customers where email in ('c7@example.com', 'c8@example.com') order by id
  select id, name from customers where email = any (array['c7@example.com', 'nobody@example.com'])
  select c.name, o.id, o.total from customers c join orders o on o.customer_id = c.id where c.email = 'c7@example.com' order by o.id
  select count(*) from orders o join customers c on c.id = o.customer_id where c.email = 'c7@example.com' and o.status <> 'void'
  select id from customers where email = 'c7@example.com' or id = 9 order by id
  select exists (select 1 from customers where id = 7)
  select p.order_id, p.amount from payments p where p.card_number = '4111111100000007'
  -- pages
  select id, name from customers where id > 20 order by id limit 10
  select id, placed_at from orders where (placed_at, id) < ('2024-05-01', 100) order by placed_at desc, id desc limit 10
  select id, name from customers order by name, id limit 10 offset 20
  select id, name from customers order by id fetch first 5 rows only
  select id, name, count(*) over () as total from customers order by id limit 5
  -- search, JSON, arrays, types
  select id, title from products where search @@ plainto_tsquery('english', 'red bicycle') order by id
  select id, ts_rank(search, q) > 0, ts_headline('english', description, q) from products, websearch_to_tsquery('english', 'fast') q order by id limit 3
  select id from products where title ilike '%bicycle 1%' and title ~ '^(Red|Blue)' order by id
  select id, attributes ->> 'colour' as colour from products where attributes @> '{"size": 2}' order by id
  select attributes -> 'size' as size, count(*) from products group by 1 order by 1
  select id from products where attributes ? 'colour' and (attributes ->> 'size')::int > 3 order by id
  select id from products where attributes @? '$.size ? (@ > 3)' order by id
  select payload ->> 'page' as page, avg((payload ->> 'ms')::numeric)::int from events group by 1 order by 1
  select e.id, k.key from events e, jsonb_each_text(e.payload) k where e.id < 3 order by 1, 2
  select prefs ->> 'lang', count(*) from customers group by 1
  select id from customers where prefs @> '{"dark": true}' order by id limit 5
  select id from customers where 't1' = any (tags) order by id
  select id from customers where tags && array['t1', 't2'] order by id limit 5
  select unnest(tags) as tag, count(*) from customers group by 1 order by 1
  select jsonb_set(prefs, '{lang}', '"fr"') from customers where id = 1
  select enum_range(null::order_status)
  select status, status > 'new' from orders order by id limit 5
  select placed_at at time zone 'Europe/Brussels' from orders order by id limit 3
  select total::text, total::int, cast(total as float8) from orders order by id limit 3
  select id from orders where placed_at between '2024-02-01' and '2024-02-03' order by id
  select id from orders where placed_at >= timestamptz '2024-03-01' - interval '1 day' order by id limit 5
  select gen_random_uuid() is not null, now() is not null, random() between 0 and 1
  select id from orders tablesample system (100) order by id limit 3
  -- plans
  explain (costs off) select id, name from customers where id = 7
  explain (costs off) select c.city, count(*) from customers c join orders o on o.customer_id = c.id group by c.city
  explain (format json, costs off) select * from orders where id = 7
  explain (analyze, costs off, timing off, summary off) select count(*) from orders
  explain (costs off) with t as (select id from orders) select * from t where id = 3
  -- drivers and ORMs
  SELECT "c"."id" AS "c_id", "c"."name" AS "c_name" FROM "customers" "c" WHERE "c"."id" IN (1, 2, 3) ORDER BY "c"."id" ASC
  SELECT COUNT(*) FROM (SELECT "public"."customers"."id" FROM "public"."customers" WHERE 1=1 OFFSET 0) AS "sub"
  SELECT COUNT(DISTINCT("c"."id")) AS "cnt" FROM "customers" "c" LEFT JOIN "orders" "o" ON "o"."customer_id" = "c"."id"
  SELECT DISTINCT "d"."c_id" AS "ids_c_id" FROM (SELECT "c"."id" AS "c_id", "o"."id" AS "o_id" FROM "customers" "c" LEFT JOIN "orders" "o" ON "o"."customer_id" = "c"."id") "d" ORDER BY "ids_c_id" ASC LIMIT 10
  select table_name, column_name, data_type from information_schema.columns where table_schema = 'public' order by 1, 2
  select tc.table_name, kcu.column_name, ccu.table_name as foreign_table from information_schema.table_constraints tc join information_schema.key_column_usage kcu using (constraint_name, table_schema) join information_schema.constraint_column_usage ccu using (constraint_name, table_schema) where tc.constraint_type = 'FOREIGN KEY' order by 1, 2, 3
  select relname, n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where relkind in ('r', 'p') and nspname = 'public' order by 1
  select a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum) from pg_attribute a where a.attrelid = 'orders'::regclass and a.attnum > 0 order by a.attnum
  select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1
  select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = 'orders'::regclass order by 1
  select typname, enumlabel from pg_enum e join pg_type t on t.oid = e.enumtypid order by enumsortorder
  select viewname, definition from pg_views where schemaname = 'public' order by 1
  select pg_size_pretty(pg_total_relation_size('orders')) is not null, reltuples from pg_class where relname = 'orders'
  select obj_description('customers'::regclass), col_description('orders'::regclass, 5)
  select has_table_privilege('customers', 'select')
`);

/** Reads of masked columns by themselves: as many rows as the server has, these columns masked, the others as they are. */
export const masked: readonly (readonly [text: string, columns: readonly string[]])[] = [
  ['select * from customers order by id limit 5', ['email', 'phone']],
  ['select id, name, email from customers order by id limit 5', ['email']],
  ['select c.*, o.total from customers c join orders o on o.customer_id = c.id order by o.id limit 5', ['email', 'phone']],
  [`select c.id, c.email as contact, o.email as desk from customers c join orders o on o.customer_id = c.id order by o.id limit 5`, ['contact']],
  [`select id, email from customers where email = 'c7@example.com'`, ['email']],
  ['select c.email, sum(o.total) as spent from customers c join orders o on o.customer_id = c.id group by c.id order by spent desc, c.id limit 5', ['email']],
  ['select name, team, salary, birth_date from employees order by id', ['salary', 'birth_date']],
  ['select id, card_number, amount from payments order by id limit 5', ['card_number']],
  ['with q as (select id, email from customers where id < 4) select * from q order by id', ['email']],
  ['select s.email from (select id, email from customers order by id limit 3) s order by s.id', ['email']],
  [`select 'c' as kind, id, email as address from customers where id < 3 union all select 'o', id, email from orders where id < 3 order by kind, id`, ['address']],
  ['select email from customers where id > 50 order by id limit 3', ['email']],
  [`select id, email, row_number() over (order by id) as n from customers order by id limit 3`, ['email']],
  // The address itself is found by its shape.
  [`explain (costs off) select id, name from customers where email = 'c7@example.com'`, ['QUERY PLAN']],
  ['table customers', ['email', 'phone']],
]; // prettier-ignore

/** What is refused, and what the refusal says: a rule of the masking or a policy, by name. */
export const refusals: readonly (readonly [text: string, why: RegExp])[] = [
  [`select id from customers where lower(email) = 'c7@example.com'`, /masked column "?[a-z.]*email/],
  [`select id from customers where email like 'c7%'`, /masked column "?[a-z.]*email/],
  ['select id, name from customers order by email', /masked column "?[a-z.]*email/],
  ['select avg(salary) from employees', /masked column "?[a-z.]*salary/],
  ['select team, max(salary) from employees group by team', /masked column "?[a-z.]*salary/],
  ['select name from employees where salary > 30100', /masked column "?[a-z.]*salary/],
  ['select row_to_json(c) from customers c', /masked/],
  ['select order_age(o) from orders o', /function/],
  ['truncate orders', /TRUNCATE/],
  ['drop table orders', /schema/],
  ['create index on orders (total)', /schema/],
  ['vacuum orders', /administer/],
  [`do $$ begin null; end $$`, /masked columns|code/],
];

/** What a person approves, and then it is done. */
export const approvals: readonly string[] = [
  `insert into customers (name, email) values ('New', 'new@example.com') returning id`,
  `insert into orders (customer_id, total) values (1, 10), (2, 20) returning id, placed_at`,
  `insert into products (sku, title, price) values ('SKU1', 'Red bicycle', 11) on conflict (sku) do update set price = excluded.price returning id, price`,
  `update orders set status = 'paid' where id = 7 returning id, status`,
  `update customers set city = 'Rome' where email = 'c7@example.com' returning id, city`,
  `update customers set email = 'c9@example.org' where id = 9`,
  `update orders o set note = 'vip' from customers c where c.id = o.customer_id and c.city = 'Oslo' and o.id < 10`,
  `delete from payments where id = 100 returning amount`,
  `with gone as (delete from order_items where order_id = 5 returning product_id) select count(*) from gone`,
  `insert into events (kind, payload, at) select 'copy', payload, at from events where id < 3`,
  `merge into products p using (values ('SKU2', 1.5)) v (sku, more) on p.sku = v.sku when matched then update set price = price + more`,
  `copy (select id, name, city from customers order by id limit 3) to stdout`,
  `copy orders (id, total) to stdout (format csv, header)`,
];
