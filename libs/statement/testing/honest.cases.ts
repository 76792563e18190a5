/** What agents, drivers and ORMs really send. Each must pass. */
export const honest: readonly string[] = [
  `SELECT 1`,
  `SELECT version()`,
  `SELECT current_schema(), current_user, now()`,
  `SELECT count(*) FROM customers`,
  `SELECT count(*) AS n FROM customers c WHERE c.id > 10`,
  `SELECT count(email) FROM customers`,
  `SELECT id, name FROM customers`,
  `SELECT id, name, email FROM customers LIMIT 10`,
  `SELECT * FROM customers`,
  `SELECT * FROM customers LIMIT 10 OFFSET 20`,
  `SELECT c.* FROM customers c WHERE c.id = $1`,
  `SELECT upper(name), length(name) FROM customers`,
  `SELECT id, name || ' (' || id || ')' AS label FROM customers ORDER BY name`,
  `SELECT id, email FROM customers ORDER BY id DESC LIMIT 5`,
  `SELECT id, email FROM customers ORDER BY 1`,
  `SELECT id, email FROM customers ORDER BY name, id`,
  `SELECT name, count(*) FROM customers GROUP BY name HAVING count(*) > 1 ORDER BY 2 DESC`,
  `SELECT name, count(*) FROM customers GROUP BY 1`,
  `SELECT DISTINCT name FROM customers`,
  `SELECT DISTINCT ON (name) id, name, email FROM customers ORDER BY name, id`,
  `SELECT max(id), min(id) FROM customers`,
  `SELECT string_agg(name, ', ' ORDER BY id) FROM customers`,
  `SELECT json_agg(json_build_object('id', id, 'name', name)) FROM customers`,
  // lookups
  `SELECT id, name FROM customers WHERE email = 'ana@example.com'`,
  `SELECT id, name FROM customers WHERE email = $1`,
  `SELECT id, name FROM customers WHERE $1 = email`,
  `SELECT id, name FROM customers WHERE email = 'ana@example.com'::text AND id > 1`,
  `SELECT id FROM customers WHERE email = $1::varchar LIMIT 1`,
  `SELECT id FROM customers WHERE email IN ('a@example.com', 'b@example.com')`,
  `SELECT id FROM customers WHERE email IN ($1, $2, $3)`,
  `SELECT id FROM customers WHERE email = ANY ($1)`,
  `SELECT id FROM customers WHERE email = ANY ($1::text[])`,
  `SELECT id FROM customers WHERE email = ANY (ARRAY['a@example.com', 'b@example.com'])`,
  `SELECT id FROM customers WHERE email = ANY ('{a@example.com,b@example.com}'::text[])`,
  `SELECT id FROM customers WHERE NOT (email = 'a@example.com') AND (id = 1 OR email = $1)`,
  `SELECT id FROM customers WHERE ssn IS NULL`,
  `SELECT id FROM customers WHERE notes IS NOT NULL AND name LIKE 'a%'`,
  `SELECT count(*) FILTER (WHERE ssn IS NULL), count(*) FROM customers`,
  `SELECT o.* FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.email = $1 ORDER BY o.created_at DESC`,
  // joins, subqueries, with
  `SELECT c.name, o.total FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.status = 'paid'`,
  `SELECT c.name, c.email, sum(o.total) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id`,
  `SELECT c.name, o.notes FROM customers c JOIN orders o ON o.customer_id = c.id ORDER BY o.notes`,
  `SELECT c.name, upper(o.notes) FROM customers c JOIN orders o ON o.customer_id = c.id`,
  `SELECT o.* FROM customers c JOIN orders o ON o.customer_id = c.id`,
  `SELECT name FROM customers JOIN orders USING (id)`,
  `SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id AND c.name = 'x')`,
  `SELECT id FROM orders o WHERE EXISTS (SELECT * FROM customers c WHERE c.id = o.customer_id)`,
  `SELECT id FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE name LIKE 'A%')`,
  `SELECT id FROM orders WHERE customer_id = (SELECT id FROM customers WHERE email = $1)`,
  `SELECT name, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) FROM customers c`,
  `WITH big AS (SELECT customer_id, sum(total) AS spent FROM orders GROUP BY 1)
   SELECT c.name, c.email, b.spent FROM big b JOIN customers c ON c.id = b.customer_id ORDER BY b.spent DESC`,
  `WITH c AS (SELECT id, name FROM customers) SELECT upper(c.name) FROM c ORDER BY c.name`,
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT i FROM n`,
  `SELECT s.id, s.cnt FROM (SELECT c.id, count(o.id) AS cnt FROM customers c, orders o GROUP BY c.id) s WHERE s.cnt > 1`,
  `SELECT row_to_json(s) FROM (SELECT id, name FROM customers) s`,
  `SELECT s.count FROM (SELECT count(*) FROM customers) s`,
  `SELECT name FROM customers UNION SELECT name FROM products`,
  `SELECT id, name FROM customers UNION ALL SELECT id, name FROM products ORDER BY name`,
  `SELECT id, email FROM customers WHERE id < 5 UNION ALL SELECT id, email FROM customers WHERE id > 10`,
  `SELECT id, name, row_number() OVER (PARTITION BY name ORDER BY id) FROM customers`,
  `SELECT id, total, sum(total) OVER (ORDER BY created_at) FROM orders`,
  `SELECT c.id, l.total FROM customers c, LATERAL (SELECT total FROM orders o WHERE o.customer_id = c.id LIMIT 1) l`,
  `SELECT date_trunc('day', created_at) AS day, count(*) FROM orders GROUP BY 1 ORDER BY 1`,
  `SELECT payload->>'kind', count(*) FROM events GROUP BY 1`,
  `SELECT e.id, k.value FROM events e, jsonb_array_elements(e.payload->'items') k`,
  `SELECT id FROM orders WHERE created_at > now() - interval '1 day' AND status = ANY ($1)`,
  `SELECT CASE WHEN total > 100 THEN 'big' ELSE 'small' END FROM orders`,
  `SELECT * FROM orders WHERE notes LIKE '%refund%' ORDER BY notes`,
  `SELECT id FROM orders TABLESAMPLE bernoulli (10)`,
  `SELECT id, name FROM customers FETCH FIRST 5 ROWS ONLY`,
  `SELECT id FROM customers WHERE id = 1 FOR UPDATE`,
  `SELECT pg_sleep(0)`,
  `SELECT generate_series(1, 3)`,
  // writes
  `INSERT INTO customers (id, name, email) VALUES (1001, 'x', 'x@example.com')`,
  `INSERT INTO customers (id, name, email) VALUES ($1, $2, $3) RETURNING id`,
  `INSERT INTO customers (id, name, email) VALUES (1002, 'x', 'x2@example.com')
   ON CONFLICT (email) DO UPDATE SET name = EXCLUDED.name, email = EXCLUDED.email RETURNING *`,
  `INSERT INTO customers (id, email) VALUES (1003, 'y@example.com') ON CONFLICT DO NOTHING`,
  `INSERT INTO orders (id, customer_id) SELECT 1000 + id, id FROM customers WHERE id < 3`,
  `UPDATE customers SET email = $1 WHERE id = $2`,
  `UPDATE customers SET notes = 'called', name = upper(name) WHERE email = 'a@example.com' RETURNING id, name`,
  `UPDATE orders SET status = 'void' FROM customers c WHERE c.id = orders.customer_id AND c.name = 'x'`,
  `DELETE FROM customers WHERE email = $1`,
  `DELETE FROM orders USING customers c WHERE c.id = orders.customer_id AND c.email = 'a@example.com'`,
  `MERGE INTO orders o USING customers c ON o.customer_id = c.id WHEN MATCHED THEN UPDATE SET status = 'x'`,
  `CREATE TABLE names AS SELECT id, name FROM customers`,
  `CREATE VIEW names AS SELECT id, upper(name) AS name FROM customers`,
  `CREATE TABLE t (id int PRIMARY KEY, email text UNIQUE, created_at timestamptz DEFAULT now())`,
  `ALTER TABLE customers ADD COLUMN phone text`,
  `CREATE INDEX ON customers (name, email)`,
  `COPY customers TO STDOUT`,
  `COPY (SELECT id, name FROM customers) TO STDOUT WITH CSV HEADER`,
  `COPY customers (id, name, email) FROM STDIN`,
  `COPY customers FROM '/tmp/x'`,
  `COPY products TO '/tmp/x'`,
  `COPY (SELECT id FROM customers) TO PROGRAM 'cat'`,
  `EXPLAIN SELECT id FROM customers WHERE email = 'a@example.com'`,
  `EXPLAIN (ANALYZE, BUFFERS) SELECT c.name FROM customers c JOIN orders o ON o.customer_id = c.id`,
  `DECLARE c CURSOR FOR SELECT id, name, email FROM customers ORDER BY id`,
  `FETCH 10 FROM c`,
  `CLOSE c`,
  `PREPARE p AS SELECT id FROM customers WHERE email = $1`,
  `EXECUTE p('a@example.com')`,
  `BEGIN`,
  `SET search_path TO public`,
  `SELECT pg_catalog.set_config('search_path', '', false)`,
  `SELECT fdwname, array_to_string(ARRAY(SELECT quote_ident(option_name) || ' ' || quote_literal(option_value) FROM pg_options_to_table(fdwoptions) ORDER BY option_name), ', ') FROM pg_foreign_data_wrapper`,
  `SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'`,
  `SHOW server_version`,
  // Prisma
  `SELECT "public"."customers"."id", "public"."customers"."email" FROM "public"."customers"
   WHERE ("public"."customers"."email" = $1 AND 1=1) LIMIT $2 OFFSET $3`,
  `SELECT "public"."customers"."id", "public"."customers"."name" FROM "public"."customers"
   WHERE "public"."customers"."id" IN ($1,$2,$3,$4) ORDER BY "public"."customers"."name" ASC OFFSET $5`,
  `SELECT COUNT(*) FROM (SELECT "public"."customers"."id" FROM "public"."customers" WHERE 1=1 OFFSET $1) AS "sub"`,
  `SELECT COUNT(*) AS "_count._all" FROM (SELECT "public"."orders"."id" FROM "public"."orders") AS "sub"`,
  `INSERT INTO "public"."customers" ("id","name","email") VALUES ($1,$2,$3)
   RETURNING "public"."customers"."id", "public"."customers"."name", "public"."customers"."email"`,
  `UPDATE "public"."customers" SET "email" = $1 WHERE ("public"."customers"."id" = $2 AND 1=1)
   RETURNING "public"."customers"."id", "public"."customers"."email"`,
  `SELECT "t0"."id", "t0"."total" FROM "public"."orders" AS "t0" LEFT JOIN "public"."customers" AS "j1"
   ON "j1"."id" = "t0"."customer_id" WHERE ("j1"."email" = $1 AND ("j1"."id" IS NOT NULL))`,
  // TypeORM
  `SELECT "c"."id" AS "c_id", "c"."name" AS "c_name", "c"."email" AS "c_email" FROM "customers" "c"
   WHERE (("c"."email" = $1)) LIMIT 1`,
  `SELECT DISTINCT "distinctAlias"."c_id" AS "ids_c_id" FROM (SELECT "c"."id" AS "c_id", "c"."email" AS "c_email",
   "o"."id" AS "o_id" FROM "customers" "c" LEFT JOIN "orders" "o" ON "o"."customer_id"="c"."id") "distinctAlias"
   ORDER BY "c_id" ASC LIMIT 10`,
  `SELECT COUNT(DISTINCT("c"."id")) AS "cnt" FROM "customers" "c" LEFT JOIN "orders" "o" ON "o"."customer_id"="c"."id"`,
  // SQLAlchemy
  `SELECT customers.id, customers.name, customers.email FROM customers WHERE customers.email = $1::VARCHAR`,
  `SELECT anon_1.customers_id, anon_1.customers_email FROM (SELECT customers.id AS customers_id, customers.email AS
   customers_email FROM customers LIMIT 10) AS anon_1 LEFT OUTER JOIN orders AS o ON anon_1.customers_id = o.customer_id`,
  `SELECT count(*) AS count_1 FROM (SELECT customers.id AS customers_id FROM customers) AS anon_1`,
  `select pg_catalog.version()`,
  `select current_schema()`,
  `show standard_conforming_strings`,
  // psql: \\d, \\d customers, \\dt, \\du, \\l
  `SELECT n.nspname as "Schema", c.relname as "Name", CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' END as
   "Type", pg_catalog.pg_get_userbyid(c.relowner) as "Owner" FROM pg_catalog.pg_class c LEFT JOIN
   pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam WHERE
   c.relkind IN ('r','p','v','m','S','f','') AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast' AND
   n.nspname <> 'information_schema' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2`,
  `SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid =
   c.relnamespace WHERE c.relname OPERATOR(pg_catalog.~) '^(customers)$' COLLATE pg_catalog.default AND
   pg_catalog.pg_table_is_visible(c.oid) ORDER BY 2, 3`,
  `SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), (SELECT pg_catalog.pg_get_expr(d.adbin,
   d.adrelid, true) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef),
   a.attnotnull, (SELECT c.collname FROM pg_catalog.pg_collation c, pg_catalog.pg_type t WHERE c.oid = a.attcollation
   AND t.oid = a.atttypid AND a.attcollation <> t.typcollation) AS attcollation, a.attidentity, a.attgenerated FROM
   pg_catalog.pg_attribute a WHERE a.attrelid = '16384' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
  `SELECT c2.relname, i.indisprimary, i.indisunique, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true),
   pg_catalog.pg_get_constraintdef(con.oid, true), contype FROM pg_catalog.pg_class c, pg_catalog.pg_class c2,
   pg_catalog.pg_index i LEFT JOIN pg_catalog.pg_constraint con ON (conrelid = i.indrelid AND conindid = i.indexrelid
   AND contype IN ('p','u','x')) WHERE c.oid = '16384' AND c.oid = i.indrelid AND i.indexrelid = c2.oid`,
  `SELECT d.datname as "Name", pg_catalog.pg_encoding_to_char(d.encoding) as "Encoding",
   pg_catalog.array_to_string(d.datacl, E'\\n') AS "Access privileges" FROM pg_catalog.pg_database d ORDER BY 1`,
  `SELECT r.rolname, r.rolsuper, ARRAY(SELECT b.rolname FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles b ON
   (m.roleid = b.oid) WHERE m.member = r.oid) as memberof FROM pg_catalog.pg_roles r ORDER BY 1`,
  // ORM and driver introspection
  `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2`,
  `SELECT oid, typname, typarray FROM pg_type WHERE typname IN ('citext', 'hstore')`,
  `SELECT t.oid, typname, typsend, typreceive, typoutput, typinput FROM pg_type t JOIN pg_namespace ns ON
   typnamespace = ns.oid WHERE typname = $1 OR typname = $2`,
  `SELECT attr.attname, format_type(attr.atttypid, attr.atttypmod) FROM pg_attribute attr WHERE attr.attrelid =
   'customers'::regclass AND attr.attnum > 0`,
];

/** What must pass since names are understood by their scopes: names alone would refuse or mask too much. */
export const honestScopes: readonly string[] = [
  // a clear column that is called as a masked one of another table
  `SELECT upper(l.email) || '!' FROM leads l JOIN customers c ON c.id = l.id`,
  `SELECT l.id FROM leads l JOIN customers c ON c.id = l.id WHERE l.email LIKE 'lead%' ORDER BY l.email`,
  `SELECT l.ssn, count(*) FROM leads l JOIN customers c ON c.id = l.id GROUP BY l.ssn ORDER BY l.ssn`,
  `SELECT DISTINCT l.email FROM leads l, customers c WHERE c.id = l.id`,
  `SELECT max(o.notes), min(l.email) FROM orders o JOIN customers c ON c.id = o.customer_id JOIN leads l ON l.id = c.id`,
  `SELECT o.notes || '' FROM orders o, customers c WHERE o.customer_id = c.id AND o.notes > 'a'`,
  `SELECT string_agg(a.email, ',' ORDER BY a.email) FROM app.customers a JOIN customers c USING (id)`,
  `SELECT id FROM app.customers WHERE email > 'm' ORDER BY email`,
  `SELECT customers.email || '' FROM app.customers, leads`,
  `SELECT row_to_json(l) FROM leads l JOIN customers c ON c.id = l.id`,
  `SELECT row_to_json(s) FROM (SELECT c.id, c.name, l.email FROM customers c JOIN leads l USING (id)) s`,
  `SELECT json_agg(json_build_object('id', c.id, 'email', l.email)) FROM customers c JOIN leads l ON l.id = c.id`,
  `SELECT c.id FROM customers c JOIN leads l ON l.id = c.id WHERE c.name = l.email OR l.ssn IN ('1', '2')`,
  `SELECT id, length(email) FROM (SELECT c.id, l.email FROM customers c, leads l WHERE c.id = l.id) s WHERE email <> ''`,
  `SELECT e FROM (SELECT id, email FROM leads) s(i, e) JOIN customers c ON c.id = s.i ORDER BY e`,
  `WITH email AS (SELECT id AS email FROM customers) SELECT email + 1 FROM email ORDER BY email`,
  `WITH customers AS (SELECT id, email, ssn FROM leads) SELECT max(ssn) FROM customers GROUP BY email`,
  `WITH q AS (SELECT id, name AS email FROM customers) SELECT upper(email), email || 'x' FROM q WHERE email LIKE 'n%'`,
  `SELECT name AS email FROM customers ORDER BY email`,
  `SELECT upper(name) AS ssn, count(*) FROM customers GROUP BY 1 ORDER BY ssn`,
  `SELECT email, count(*) FROM (SELECT name AS email, ssn FROM customers) s GROUP BY email`,
  `SELECT id AS notes FROM customers ORDER BY notes`,
  `SELECT (SELECT max(l.email) FROM leads l WHERE l.id = c.id) FROM customers c`,
  `SELECT c.id, l.x FROM customers c LEFT JOIN LATERAL (SELECT upper(email) AS x FROM leads WHERE leads.id = c.id) l ON l.x <> ''`,
  `SELECT email FROM leads WHERE id IN (SELECT id FROM customers) UNION SELECT email FROM app.customers`,
  `SELECT ssn FROM leads INTERSECT SELECT name FROM customers`,
  `UPDATE leads SET email = app.customers.email FROM app.customers, customers c WHERE c.id = leads.id`,
  `UPDATE leads SET email = c.name FROM customers c WHERE c.id = leads.id AND leads.email LIKE 'lead%' RETURNING upper(leads.email) || ''`,
  `INSERT INTO leads (id, email) SELECT c.id + 100, l.email FROM customers c JOIN leads l ON l.id = c.id`,
  `DELETE FROM leads USING customers c WHERE leads.id = c.id AND leads.ssn > '1'`,
  `MERGE INTO leads l USING customers c ON l.id = c.id WHEN MATCHED AND l.email > 'a' THEN UPDATE SET email = upper(l.email)`,
  `CREATE TABLE copy AS SELECT l.email, c.name FROM leads l JOIN customers c USING (id)`,
  `CREATE VIEW v AS SELECT l.* FROM leads l JOIN customers c ON c.id = l.id`,
  `SELECT (SELECT s.v FROM customers c, (SELECT c.ssn || '' AS v) s LIMIT 1) FROM leads c`,
  // composites, arrays, functions in FROM
  `SELECT (l.home).city, (home).street FROM leads l JOIN customers c ON c.id = l.id`,
  `SELECT (l.home).* FROM leads l, customers c WHERE l.id = c.id`,
  `SELECT l.tags[1], c.id FROM leads l, customers c WHERE 'a' = ANY (l.tags)`,
  `SELECT c.id, tag FROM customers c JOIN leads l ON l.id = c.id, unnest(l.tags) AS tag WHERE tag LIKE 'a%' ORDER BY tag`,
  `SELECT c.id, g FROM customers c, generate_series(1, c.id) AS g ORDER BY g, c.id`,
  `SELECT c.id, e.key, e.value FROM customers c, jsonb_each('{"email": 1}') e ORDER BY key`,
  `SELECT r.email FROM customers c, jsonb_to_recordset('[{"email": "x"}]') AS r(email text) WHERE r.email LIKE 'x'`,
  `SELECT c.id, x.ordinality FROM customers c, unnest(ARRAY['a', 'b']) WITH ORDINALITY x(v, ordinality) WHERE x.v > ''`,
  `SELECT c.name, k.value FROM customers c, ROWS FROM (generate_series(1, 2), jsonb_array_elements('[1]')) k(n, value)`,
  `SELECT c.id, cl.relname, cl.oid FROM customers c, pg_class cl WHERE cl.relname = 'customers' ORDER BY cl.relname`,
  // with-queries that search
  `WITH RECURSIVE q(id, email) AS (SELECT id, email FROM leads WHERE id = 1 UNION ALL SELECT q.id + 1, l.email FROM q JOIN leads l
   ON l.id = q.id + 1) SEARCH DEPTH FIRST BY email SET o SELECT id FROM q JOIN customers USING (id) ORDER BY o`,
  `WITH RECURSIVE q(id, name) AS (SELECT id, name FROM customers WHERE id = 1 UNION ALL SELECT q.id + 1, q.name FROM q WHERE q.id < 3)
   CYCLE id SET c USING p SELECT id, c FROM q`,
  `WITH RECURSIVE tree AS (SELECT id, customer_id, 1 AS depth FROM orders WHERE id = 1 UNION SELECT o.id, o.customer_id, t.depth + 1
   FROM orders o JOIN tree t ON o.customer_id = t.id WHERE t.depth < 4) SELECT t.*, c.email FROM tree t JOIN customers c ON c.id = t.customer_id`,
  // look-ups through names that stand for the column
  `SELECT e FROM (SELECT id, email AS e FROM customers) s WHERE e = 'ana@example.com'`,
  `WITH q AS (SELECT email AS e, id FROM customers) SELECT id FROM q WHERE q.e IN ('ana@example.com')`,
  `SELECT j.id FROM (customers c JOIN orders o USING (id)) AS j WHERE j.email = 'ana@example.com'`,
  `SELECT id FROM orders o WHERE EXISTS (SELECT FROM customers c WHERE c.id = o.customer_id AND c.email = 'ana@example.com')`,
  `SELECT o.id FROM orders o WHERE o.customer_id IN (SELECT id FROM customers WHERE email = 'ana@example.com')`,
  `SELECT id, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) FROM customers c WHERE c.email = 'ana@example.com'`,
  `SELECT c.id FROM customers c LEFT JOIN accounts a ON a.email = c.email WHERE a.id IS NULL`,
  `SELECT c.name FROM customers c JOIN accounts a ON a.customer_id = c.id WHERE a.email = 'ana@example.com' AND c.ssn IS NOT NULL`,
  // dashboards
  `SELECT status, count(*), sum(total), avg(total) FROM orders GROUP BY status HAVING sum(total) > 10 ORDER BY 3 DESC`,
  `SELECT date_trunc('month', o.created_at) AS month, count(DISTINCT o.customer_id) FROM orders o JOIN customers c ON
   c.id = o.customer_id GROUP BY 1 ORDER BY 1`,
  `SELECT c.name, sum(o.total) AS spent, rank() OVER (ORDER BY sum(o.total) DESC) FROM customers c JOIN orders o ON
   o.customer_id = c.id GROUP BY c.name ORDER BY spent DESC, c.name`,
  `SELECT count(*) AS total, count(email) AS with_email, count(*) - count(email) AS without FROM customers`,
  `SELECT width_bucket(total, 0, 100, 4) AS bucket, count(*) FROM orders GROUP BY bucket ORDER BY bucket`,
  `SELECT CASE WHEN o.total > 50 THEN 'big' ELSE 'small' END AS size, count(*) FROM orders o JOIN customers c ON
   c.id = o.customer_id GROUP BY size ORDER BY size`,
  // keyset paging
  `SELECT id, name, email FROM customers WHERE (name, id) > ('name 1', 3) ORDER BY name, id LIMIT 5`,
  `SELECT id, email FROM customers WHERE id > 3 ORDER BY id LIMIT 5`,
  // Django
  `SELECT "customers"."id", "customers"."name", "customers"."email" FROM "customers" INNER JOIN "orders" ON
   ("customers"."id" = "orders"."customer_id") WHERE "orders"."status" = 'paid' ORDER BY "customers"."name" ASC LIMIT 21`,
  `SELECT COUNT(*) FROM (SELECT DISTINCT "customers"."id" AS "col1" FROM "customers") subquery`,
  `SELECT (1) AS "a" FROM "customers" WHERE "customers"."email" = 'ana@example.com' LIMIT 1`,
  `UPDATE "customers" SET "name" = 'x', "email" = 'y@example.com' WHERE "customers"."id" = 1`,
  // ActiveRecord
  `SELECT "customers".* FROM "customers" WHERE "customers"."email" = 'ana@example.com' LIMIT 1`,
  `SELECT 1 AS one FROM "customers" WHERE "customers"."email" = 'ana@example.com' LIMIT 1`,
  `SELECT "customers"."id" AS t0_r0, "customers"."email" AS t0_r1, "orders"."id" AS t1_r0 FROM "customers" LEFT OUTER JOIN
   "orders" ON "orders"."customer_id" = "customers"."id" WHERE "customers"."id" IN (1, 2) ORDER BY "customers"."id" ASC`,
  `SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull, c.collname,
   col_description(a.attrelid, a.attnum) AS comment, attidentity AS identity, attgenerated as attgenerated FROM pg_attribute a
   LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum LEFT JOIN pg_type t ON a.atttypid = t.oid
   LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
   WHERE a.attrelid = '"customers"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
  // Sequelize, Knex, Drizzle
  `SELECT "Customer"."id", "Customer"."email", "Orders"."id" AS "Orders.id", "Orders"."total" AS "Orders.total" FROM "customers" AS
   "Customer" LEFT OUTER JOIN "orders" AS "Orders" ON "Customer"."id" = "Orders"."customer_id" WHERE "Customer"."id" = 1`,
  `SELECT count(*) AS "count" FROM "customers" AS "Customer" WHERE "Customer"."email" = 'ana@example.com'`,
  `select "c".*, "o"."total" as "order_total" from "customers" as "c" inner join "orders" as "o" on "o"."customer_id" = "c"."id"
   where "o"."total" > 5 order by "o"."total" desc limit 3`,
  `select "d0"."id", "d0"."email", "d1"."data" as "orders" from "customers" "d0" left join lateral (select
   coalesce(json_agg(json_build_array("o"."id", "o"."total")), '[]'::json) as "data" from (select * from "orders" "o0"
   where "o0"."customer_id" = "d0"."id") "o") "d1" on true`,
  // Prisma 6: joins as JSON
  `SELECT "t1"."id", "t1"."email", "t1_orders"."__prisma_data__" AS "orders" FROM "public"."customers" AS "t1" LEFT JOIN LATERAL
   (SELECT COALESCE(JSONB_AGG("__prisma_data__"), '[]') AS "__prisma_data__" FROM (SELECT "t3"."__prisma_data__" FROM (SELECT
   JSONB_BUILD_OBJECT('id', "t2"."id", 'notes', "t2"."notes") AS "__prisma_data__" FROM (SELECT "t0".* FROM "public"."orders" AS
   "t0" WHERE "t1"."id" = "t0"."customer_id") AS "t2") AS "t3") AS "t4") AS "t1_orders" ON TRUE LIMIT 3`,
  // Hibernate, jOOQ
  `select c1_0.id, c1_0.email, c1_0.name from customers c1_0 where c1_0.email = 'ana@example.com' order by c1_0.name fetch first 2 rows only`,
  `select c1_0.id, o1_0.customer_id, o1_0.id, o1_0.total from customers c1_0 left join orders o1_0 on c1_0.id = o1_0.customer_id where c1_0.id in (1, 2)`,
];

/** Beside what is refused of unknown columns and newer syntax. */
export const honestUnknown: readonly string[] = [
  `SELECT system_user, id, email FROM customers`,
  `SELECT id FROM customers WHERE name = system_user ORDER BY system_user`,
  `SELECT system_user || '' FROM (SELECT id AS system_user FROM customers) x`,
  `SELECT json_object('a': id, 'b': name), json_array(id, name) FROM customers`,
  `SELECT json_arrayagg(name) FROM customers`,
  `SELECT x.q || '' FROM (SELECT u.*, c.name FROM unnest(ARRAY[NULL::orders]) u, customers c) AS x(p, q)`,
  `SELECT x.id, x.s FROM (SELECT c.id, t AS s, c.email FROM unnest('{a,b}'::text[]) t, customers c) x WHERE x.s LIKE 'a%'`,
  `SELECT x.b || '' FROM (SELECT t, 1 AS n FROM unnest('{a}'::text[]) t UNION ALL SELECT name, 2 FROM customers) AS x(b, n)`,
  `SELECT u.*, c.email FROM unnest(ARRAY[NULL::orders]) u, customers c WHERE c.id = 1`,
  `SELECT (x).* FROM (SELECT c.id, c.email FROM customers c) x ORDER BY id`,
  `SELECT c.id, u FROM customers c, unnest(ARRAY[NULL::orders]) u ORDER BY c.id`,
  `SELECT id, name || '' FROM customers c JOIN unnest($1::int[]) AS id USING (id)`,
  `SELECT x.id FROM (SELECT u.id, c.email FROM unnest(ARRAY[NULL::orders]) u, customers c) x WHERE x.id > 1`,
  `SELECT id FROM customers WHERE email = ANY (ARRAY['{a,b,c}'::text, 'd'])`,
  `SELECT id FROM customers WHERE email = ANY (ARRAY[$1::text, $2::varchar])`,
  `SELECT id FROM customers WHERE email = ANY (ARRAY[$1])`,
  `SELECT id FROM customers WHERE email = ANY (ARRAY[$1, $2])`,
  `SELECT id FROM customers WHERE email = ANY (ARRAY[$1, 'b@example.com', $2::text])`,
  `SELECT id FROM customers WHERE email = ANY (ARRAY[$1, $2]::text[])`,
  `SELECT id FROM customers WHERE email = ANY ('{a,b,c}'::text[])`,
];
