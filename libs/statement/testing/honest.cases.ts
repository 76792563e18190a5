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
  `EXPLAIN SELECT id FROM customers WHERE email = 'a@example.com'`,
  `EXPLAIN (ANALYZE, BUFFERS) SELECT c.name FROM customers c JOIN orders o ON o.customer_id = c.id`,
  `DECLARE c CURSOR FOR SELECT id, name, email FROM customers ORDER BY id`,
  `FETCH 10 FROM c`,
  `CLOSE c`,
  `PREPARE p AS SELECT id FROM customers WHERE email = $1`,
  `EXECUTE p('a@example.com')`,
  `BEGIN`,
  `SET search_path TO public`,
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

/** What must pass where names are understood by their scopes; names alone would not do. */
export const honestScopes: readonly string[] = [
  `SELECT upper(l.email) FROM leads l JOIN customers c ON c.id = l.id`,
];
