import { beforeAll, describe, expect, it } from 'vitest';
import { analyze, loadStatementParser, type Access, type StatementFacts } from '../index.js';

beforeAll(loadStatementParser);

const facts = (text: string): StatementFacts => {
  const [only, ...others] = analyze(text).statements;
  if (!only || others.length > 0) throw new Error(`${others.length + 1} statements`);
  return only;
};

/** `select orders(id,total)`, `delete orders[none]`, `code` */
const shown = ({ action, relation, columns, where }: Access): string => {
  const name = relation ? ` ${relation.schema ? `${relation.schema}.` : ''}${relation.name}` : '';
  return `${action.slice(4)}${name}${columns.length > 0 ? `(${columns.join(',')})` : ''}${where ? `[${where}]` : ''}`;
};

const accesses = (text: string): string[] => facts(text).accesses.map(shown);

describe('accesses', () => {
  it.each<[string, ...string[]]>([
    ['SELECT 1', 'select'],
    ['SELECT id, total FROM orders', 'select orders(id,total)'],
    ['SELECT * FROM app.orders o', 'select app.orders(*)'],
    ['SELECT o.* FROM orders o, products p', 'select orders(*)', 'select products'],
    ['SELECT count(*) FROM orders', 'select orders'],
    [
      'SELECT o.id, p.name FROM orders o JOIN products p ON p.id = o.product_id',
      'select orders(id,product_id)',
      'select products(name,id)',
    ],
    [
      'SELECT total FROM orders o JOIN products p USING (id)',
      'select orders(id,total)',
      'select products(id,total)',
    ],
    ['SELECT * FROM a NATURAL JOIN b', 'select a(*)', 'select b(*)'],
    ['SELECT o FROM orders o', 'select orders(*)'],
    ['SELECT x FROM orders AS o(x)', 'select orders(*)'],
    ['SELECT sum(total) AS t FROM orders GROUP BY status ORDER BY t', 'select orders(total,status)'],
    // an unqualified name may be the outer relation's: listed under both
    [
      'SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM items WHERE sku = 1)',
      'select orders(id,sku)',
      'select items(sku)',
    ],
    ['SELECT a FROM (SELECT a FROM t) s', 'select t(a)'],
    ['SELECT a FROM t UNION SELECT b FROM u ORDER BY 1', 'select t(a)', 'select u(b)'],
    ['TABLE t', 'select t(*)'],
    ['SELECT a FROM t TABLESAMPLE system (1)', 'select t(a)'],
    ['SELECT a FROM t FOR UPDATE', 'select t(a)'],
    // with-queries
    ['WITH q AS (SELECT a FROM t) SELECT a FROM q', 'select t(a)'],
    ['WITH q AS (SELECT a FROM q) SELECT a FROM q', 'select q(a)'],
    ['WITH RECURSIVE q AS (SELECT 1 UNION ALL SELECT 1 FROM q) SELECT * FROM q', 'select'],
    ['SELECT (WITH q AS (SELECT 1) SELECT 1 FROM q) FROM q', 'select q'],
    ['WITH q AS (SELECT 1) SELECT * FROM public.q', 'select public.q(*)'],
    [
      'WITH d AS (DELETE FROM t WHERE a = 1 RETURNING b) SELECT * FROM d',
      'delete t[present]',
      'select t(a,b)',
    ],
    ['WITH i AS (INSERT INTO t (a) VALUES (1)) SELECT 1', 'insert t(a)'],
    // writes
    ['INSERT INTO t VALUES (1)', 'insert t(*)'],
    ['INSERT INTO t (a, b) SELECT c, d FROM u', 'insert t(a,b)', 'select u(c,d)'],
    ['INSERT INTO t (a) VALUES (1) RETURNING id', 'insert t(a)', 'select t(id)'],
    [
      'INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE t.c = 1',
      'insert t(a)',
      'update t(b)[present]',
      'select t(c)',
    ],
    ['UPDATE t SET a = 1', 'update t(a)[none]'],
    ['UPDATE t SET a = 1 WHERE true', 'update t(a)[constant]'],
    ['UPDATE t SET a = b WHERE c = 1', 'update t(a)[present]', 'select t(b,c)'],
    [
      'UPDATE t SET a = u.x FROM u WHERE u.id = t.id',
      'select u(x,id)',
      'update t(a)[present]',
      'select t(id)',
    ],
    ['UPDATE t SET a = 1 WHERE CURRENT OF c', 'update t(a)[present]'],
    ['DELETE FROM t', 'delete t[none]'],
    ['DELETE FROM t WHERE 1 = 1', 'delete t[constant]'],
    ['DELETE FROM t WHERE $1', 'delete t[constant]'],
    ['DELETE FROM t WHERE id = id', 'delete t[constant]', 'select t(id)'],
    ['DELETE FROM t WHERE id = 1 OR true', 'delete t[constant]', 'select t(id)'],
    ['DELETE FROM t WHERE id = 1 AND true', 'delete t[present]', 'select t(id)'],
    ['DELETE FROM t USING u WHERE u.id = t.id', 'select u(id)', 'delete t[present]', 'select t(id)'],
    [
      'MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a)',
      'select s(id,a)',
      'merge t',
      'delete t[present]',
      'insert t(a)',
      'select t(id)',
    ],
    ['TRUNCATE a, b', 'truncate a', 'truncate b'],
    // definitions
    ['CREATE TABLE t (a int)', 'ddl t'],
    ['CREATE TABLE t AS SELECT a FROM u', 'ddl t', 'select u(a)'],
    ['SELECT a INTO t FROM u', 'select u(a)', 'ddl t'],
    ['CREATE VIEW v AS SELECT a FROM u', 'ddl v', 'select u(a)'],
    ['DROP TABLE app.t, u', 'ddl app.t', 'ddl u'],
    ['DROP FUNCTION f(int)', 'ddl'],
    ['ALTER TABLE t ADD COLUMN a int', 'ddl t'],
    ['CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$', 'code'],
    ['CREATE TABLE pg_class (a int)', 'admin pg_class', 'ddl'],
    // around other statements
    ['EXPLAIN DELETE FROM t', 'delete t[none]'],
    ['PREPARE p AS DELETE FROM t WHERE a = $1', 'delete t[present]', 'select t(a)'],
    ['DECLARE c CURSOR FOR SELECT a FROM t', 'select t(a)'],
    ['EXECUTE p(1)'],
    ['EXECUTE p(f(1))', 'code'],
    ['FETCH ALL FROM c', 'session'],
    ['COPY t TO STDOUT', 'select t(*)', 'copy-out t(*)'],
    ['COPY t (a) TO STDOUT', 'select t(a)', 'copy-out t(a)'],
    ['COPY (SELECT a FROM t) TO STDOUT', 'select t(a)', 'copy-out t(a)'],
    ['COPY t (a) FROM STDIN', 'copy-in t(a)'],
    [`COPY t TO '/tmp/x'`, 'admin', 'select t(*)', 'copy-out t(*)'],
    [`COPY t FROM PROGRAM 'x'`, 'admin', 'copy-in t(*)'],
    // catalogs
    ['SELECT relname FROM pg_class', 'metadata pg_class(relname)'],
    ['SELECT * FROM information_schema.columns', 'metadata information_schema.columns(*)'],
    ['SELECT * FROM pg_catalog.pg_authid', 'admin pg_catalog.pg_authid(*)'],
    ['SELECT * FROM pg_stats', 'admin pg_stats(*)'],
    ['SELECT * FROM pg_stat_activity', 'admin pg_stat_activity(*)'],
    ['SELECT * FROM pg_toast.pg_toast_1', 'admin pg_toast.pg_toast_1(*)'],
    ['SELECT * FROM ext.pg_stat_statements', 'admin ext.pg_stat_statements(*)'],
    ['SELECT * FROM public.pg_class', 'select public.pg_class(*)'],
    ['SELECT * FROM pg_catalog.pg_new_thing', 'admin pg_catalog.pg_new_thing(*)'],
    ['DELETE FROM pg_class', 'admin pg_class[none]'],
    // code and administration
    ['SELECT my_function(1)', 'code'],
    ['SELECT upper(a) FROM t', 'select t(a)'],
    ['SELECT public.upper(a) FROM t', 'select t(a)', 'code'],
    ['SELECT 1 OPERATOR(public.+) 1', 'code'],
    [`SELECT pg_read_file('/etc/passwd')`, 'code'],
    [`SELECT query_to_xml('select 1', true, false, '')`, 'code'],
    [`SELECT current_setting('server_version_num')`, 'select'],
    [`SELECT current_setting('ssl_key_file')`, 'code'],
    [`SELECT current_setting(name) FROM t`, 'select t(name)', 'code'],
    ['SELECT pg_sleep(1)', 'select'],
    [`DO $$ BEGIN END $$`, 'code'],
    ['CALL p(1)', 'code'],
    [`LOAD 'x'`, 'code'],
    ['LOCK TABLE t', 'admin t'],
    ['VACUUM t', 'admin t'],
    ['GRANT SELECT ON t TO x', 'admin t'],
    ['CREATE ROLE x', 'admin'],
    ['NOTIFY c', 'admin'],
    [`NOTIFY c, 'x'`, 'admin'],
    ['LISTEN c', 'admin'],
    ['UNLISTEN *', 'admin'],
    ['MOVE ALL IN c', 'session'],
    ['EXPLAIN ANALYZE SELECT a FROM t', 'select t(a)'],
    ['WITH d AS (DELETE FROM t RETURNING a) SELECT a FROM d', 'delete t[none]', 'select t(a)'],
    ['ALTER SYSTEM SET work_mem = 1', 'admin'],
    [`PREPARE TRANSACTION 'x'`, 'admin'],
    ['BEGIN', 'transaction'],
    ['DISCARD ALL', 'session'],
  ])('%s', (text, ...expected) => {
    expect(accesses(text).sort()).toEqual(expected.sort());
  });
});

describe('settings', () => {
  it.each([
    [`SET application_name = 'x'`, 'session'],
    [`SET LOCAL statement_timeout = 1000`, 'session'],
    [`SET TIME ZONE 'UTC'`, 'session'],
    [`SET search_path TO "$user", app`, 'session'],
    [`SET search_path TO pg_catalog, app`, 'session'],
    [`SET search_path TO app, pg_catalog`, 'unknown'],
    [`SET search_path TO 'app, pg_catalog'`, 'unknown'],
    [`SET client_encoding TO 'utf-8'`, 'session'],
    [`SET NAMES 'LATIN1'`, 'unknown'],
    [`SET client_encoding TO 'SJIS'`, 'unknown'],
    [`SET client_encoding TO 'GBK'`, 'unknown'],
    [`SET standard_conforming_strings = on`, 'session'],
    [`SET standard_conforming_strings = off`, 'unknown'],
    [`SET client_min_messages = warning`, 'session'],
    [`SET client_min_messages = debug5`, 'admin'],
    [`SET session_replication_role = replica`, 'admin'],
    [`SET app.tenant = 'x'`, 'admin'],
    [`SET ROLE postgres`, 'admin'],
    [`SET SESSION AUTHORIZATION x`, 'admin'],
    [`RESET ROLE`, 'admin'],
    [`RESET ALL`, 'session'],
    [`RESET search_path`, 'session'],
    [`SET TRANSACTION ISOLATION LEVEL SERIALIZABLE`, 'session'],
    [`SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY`, 'session'],
    [`SET TRANSACTION SNAPSHOT 'x'`, 'admin'],
    [`SELECT pg_catalog.set_config('search_path', '', false)`, 'session'],
    [`select set_config('search_path', 'pg_catalog, app', 'f') AS x`, 'session'],
    [`SELECT set_config('TimeZone', 'UTC', true)`, 'session'],
    [`SELECT set_config('search_path', 'app, pg_catalog', false)`, 'unknown'],
    [`SELECT set_config('search_path', 'app, "pg_catalog"', false)`, 'unknown'],
    [`SELECT set_config('standard_conforming_strings', 'off', false)`, 'unknown'],
    [`SELECT set_config('client_encoding', 'SJIS', false)`, 'unknown'],
    [`SELECT set_config('session_replication_role', 'replica', false)`, 'code'],
    [`SELECT set_config('app.tenant', 'x', false)`, 'code'],
    [`SELECT set_config('role', 'x', false)`, 'code'],
    [`SELECT public.set_config('timezone', 'UTC', false)`, 'code'],
    [`SELECT set_config('timezone', NULL, false)`, 'code'],
    [`SELECT set_config('timezone', $1, false)`, 'code'],
    [`SELECT set_config('timezone'::other, 'UTC', false)`, 'code'],
    [`SELECT set_config('timezone', 'UTC' || 'x', false)`, 'code'],
    [`SELECT set_config('timezone', 'UTC', variadic false)`, 'code'],
    [`SELECT set_config('timezone', 'UTC', false), 1`, 'code'],
    [`SELECT set_config('timezone', 'UTC', false) WHERE false`, 'code'],
    [`SELECT set_config('timezone', 'UTC', false) LIMIT 0`, 'code'],
    [`SELECT set_config('timezone', 'UTC', false) UNION SELECT 'x'`, 'code'],
    [`WITH a AS (SELECT 1) SELECT set_config('timezone', 'UTC', false)`, 'code'],
    [`SELECT set_config('timezone', 'UTC', false)::text`, 'code'],
    [`SELECT (SELECT set_config('timezone', 'UTC', false))`, 'code'],
    [`PREPARE p AS SELECT set_config('timezone', 'UTC', false)`, 'code'],
    [`EXPLAIN ANALYZE SELECT set_config('timezone', 'UTC', false)`, 'code'],
    [`DECLARE c CURSOR FOR SELECT set_config('timezone', 'UTC', false)`, 'code'],
    [`SHOW server_version`, 'session'],
    [`SHOW data_directory`, 'admin'],
    [`SHOW ALL`, 'admin'],
  ])('%s is %s', (text, action) => expect(accesses(text)).toEqual([action]));

  const restrict = `SELECT set_config(name, 'view', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'`;

  it('takes pg_dump’s set_config of a setting that may not be there, and no other', () => {
    const both = ['session', 'metadata pg_settings(name)'];
    expect(accesses(restrict).sort()).toEqual(both.sort());
    expect(accesses(restrict.replace('FROM ', 'FROM pg_catalog.')).sort()).toEqual(
      both.map((each) => each.replace(' pg_', ' pg_catalog.pg_')).sort(),
    );
    for (const other of [
      restrict.replace('FROM ', 'FROM public.'),
      restrict.replace('pg_settings', 'pg_settings, t'),
      restrict.replace('pg_settings', 'pg_settings AS s(setting, name)'),
      restrict.replace('pg_settings', 'settings'),
      restrict.replace(' = ', ' <> '),
      restrict.replace(' = ', ' OPERATOR(public.=) '),
      restrict.replace(' = ', ' ~ '),
      restrict.replace('(name', '(setting'),
      restrict.replace(/ WHERE.*/, ''),
      `${restrict} OR true`,
      `${restrict} LIMIT 1`,
      restrict.replace('restrict_nonsystem_relation_kind', 'session_replication_role'),
    ])
      expect(accesses(other)).toContain('code');
    expect(facts(restrict.replace(/'restrict_\w+'/, `'standard_conforming_strings'`)).problem).toContain(
      'stays on',
    );
  });

  it.each([
    ['SET standard_conforming_strings = off', 'standard_conforming_strings stays on'],
    [`SET client_encoding TO 'SJIS'`, 'client_encoding stays UTF8'],
    [`SELECT set_config('search_path', 'app, pg_catalog', false)`, 'pg_catalog may stand'],
  ])('%s says why it is refused', (text, problem) => expect(facts(text).problem).toContain(problem));

  it('says nothing of one that passes', () => {
    expect(facts('SET standard_conforming_strings = on')).not.toHaveProperty('problem');
  });
});

describe('effects', () => {
  it.each<[string, unknown]>([
    ['BEGIN', { type: 'begin' }],
    ['START TRANSACTION', { type: 'begin' }],
    ['END', { type: 'commit' }],
    ['ABORT', { type: 'rollback' }],
    ['SAVEPOINT s', { type: 'savepoint' }],
    ['ROLLBACK TO s', { type: 'rollback-to' }],
    ['RELEASE s', undefined],
    ['DISCARD ALL', { type: 'discard-all' }],
    ['DISCARD TEMP', undefined],
    ['PREPARE p AS SELECT 1', { type: 'prepare', name: 'p' }],
    ['EXECUTE p', { type: 'execute', name: 'p', explain: false }],
    ['EXPLAIN ANALYZE EXECUTE p', { type: 'execute', name: 'p', explain: true }],
    ['CREATE TABLE t AS EXECUTE p', { type: 'execute', name: 'p', explain: false }],
    ['DEALLOCATE p', { type: 'deallocate', name: 'p' }],
    ['DEALLOCATE ALL', { type: 'deallocate', name: undefined }],
    ['DECLARE "C" CURSOR FOR SELECT 1', { type: 'declare', name: 'C' }],
    ['FETCH 1 FROM c', { type: 'fetch', name: 'c', move: false }],
    ['MOVE ALL IN c', { type: 'fetch', name: 'c', move: true }],
    ['CLOSE ALL', { type: 'close', name: undefined }],
    ['SET search_path TO a, b', { type: 'set', setting: 'search_path', value: 'a, b' }],
    ['SET search_path TO DEFAULT', { type: 'set', setting: 'search_path', value: undefined }],
    [
      `SELECT pg_catalog.set_config('search_path', '', false)`,
      { type: 'set', setting: 'search_path', value: '' },
    ],
    ['RESET ALL', { type: 'set', setting: 'all', value: undefined }],
  ])('%s', (text, effect) => expect(facts(text).effect).toEqual(effect));

  it.each([
    ['COPY t (a, "B") TO STDOUT', 'SELECT "a", "B" FROM ONLY "t"'],
    ['COPY app.t (a) TO STDOUT', 'SELECT "a" FROM ONLY "app"."t"'],
    // generated columns are in SELECT *, and not in COPY: whoever plans by it leaves them out
    ['COPY t TO STDOUT', 'SELECT * FROM ONLY "t"'],
    [`COPY (SELECT ')' AS "é)", (1) /* ) */ FROM t) TO STDOUT`, `SELECT ')' AS "é)", (1) /* ) */ FROM t`],
    [`SELECT 'é'; COPY (SELECT 'é', a FROM t) TO STDOUT`, `SELECT 'é', a FROM t`],
  ])('%s', (text, equivalentSelect) => {
    expect(analyze(text).statements.at(-1)?.effect).toMatchObject({ type: 'copy', equivalentSelect });
  });

  it(`lists COPY's options`, () => {
    const { effect } = facts(`COPY t TO STDOUT (FORMAT csv, HEADER, DELIMITER ';', FORCE_QUOTE (a, b))`);
    const options = [
      ['format', 'csv'],
      ['header', true],
      ['delimiter', ';'],
      ['force_quote', 'a,b'],
    ];
    expect(effect).toMatchObject({ options });
  });
});

describe('the rest of the facts', () => {
  it.each([
    ['SELECT 1', 'select', { returnsRows: true, writes: false, hasLimit: false }],
    ['SELECT a FROM t LIMIT 5', 'select', { hasLimit: true }],
    ['SELECT a FROM t LIMIT ALL', 'select', { hasLimit: false }],
    ['SELECT a FROM t FETCH FIRST ROW ONLY', 'select', { hasLimit: true }],
    ['SELECT a INTO t FROM u', 'select into', { returnsRows: false, writes: true }],
    ['SELECT f()', 'select', { writes: true }],
    ['SELECT a FROM t', 'select', { locksRows: false }],
    ['SELECT a FROM t FOR UPDATE', 'select', { locksRows: true, writes: false }],
    ['SELECT * FROM (SELECT a FROM t FOR KEY SHARE SKIP LOCKED) s', 'select', { locksRows: true }],
    ['WITH s AS (SELECT a FROM t FOR SHARE) SELECT 1', 'select', { locksRows: true }],
    ['DECLARE c CURSOR FOR SELECT a FROM t FOR NO KEY UPDATE', 'declare cursor', { locksRows: true }],
    [`SELECT nextval('s')`, 'select', { writes: true }],
    ['INSERT INTO t VALUES (1)', 'insert', { returnsRows: false, writes: true }],
    ['INSERT INTO t VALUES (1) RETURNING *', 'insert', { returnsRows: true, writes: true }],
    ['WITH d AS (DELETE FROM t) SELECT 1', 'select', { returnsRows: true, writes: true }],
    ['EXPLAIN DELETE FROM t', 'explain', { returnsRows: true, writes: false }],
    ['EXPLAIN ANALYZE DELETE FROM t', 'explain', { returnsRows: true, writes: true }],
    ['EXPLAIN (ANALYZE off) DELETE FROM t', 'explain', { writes: false }],
    ['EXPLAIN (ANALYZE 0) DELETE FROM t', 'explain', { writes: false }],
    ['EXPLAIN (ANALYZE 1) DELETE FROM t', 'explain', { writes: true }],
    ['CREATE TABLE t AS SELECT 1', 'create table as', { writes: true, returnsRows: false }],
    ['DROP TABLE t', 'drop', { writes: true }],
    ['COPY t TO STDOUT', 'copy out', { returnsRows: true, writes: false }],
    ['COPY t FROM STDIN', 'copy in', { returnsRows: false, writes: true }],
    ['SHOW timezone', 'show', { returnsRows: true, writes: false }],
    ['BEGIN', 'begin', { returnsRows: false, writes: false }],
    ['SET timezone = 1', 'set', { writes: false }],
  ])('of %s', (text, kind, expected) => expect(facts(text)).toMatchObject({ kind, ...expected }));

  it('names functions as written, without pg_catalog', () => {
    const { functions } = facts(`SELECT upper(a), app.f(1), extract(year FROM b), "Odd"() FROM t`);
    expect(functions).toEqual(['upper', 'app.f', 'extract', 'Odd']);
  });

  it('gives byte offsets of each statement', () => {
    const text = `SELECT 'é'; SELECT 2 ;;`;
    const parts = analyze(text).statements.map(({ start, end }) =>
      Buffer.from(text).subarray(start, end).toString(),
    );
    expect(parts.map((each) => each.trim())).toEqual([`SELECT 'é'`, 'SELECT 2']);
  });

  it.each(['', ' ', ';', '-- x'])('finds no statement in an empty query: %j', (text) => {
    expect(analyze(text).statements).toEqual([]);
  });

  it('answers a known text with the very same analysis', () => {
    expect(analyze('SELECT 4711')).toBe(analyze('SELECT 4711'));
  });
});

describe('what a text may cost', () => {
  it('refuses WITH queries beyond a bound, each of which sees all before it', () => {
    const many = (count: number) =>
      `WITH ${Array.from({ length: count }, (_, n) => `q${n} AS (SELECT 1)`).join(', ')} SELECT * FROM q0`;
    expect(() => analyze(many(6000))).toThrow('too many WITH queries');
    expect(analyze(many(300)).statements).toHaveLength(1);
  });

  it('refuses more statements than a text may have, and takes as many', () => {
    const fetches = (count: number) => `DECLARE c CURSOR FOR SELECT 1;${'FETCH 1 FROM c;'.repeat(count - 1)}`;
    expect(() => analyze(fetches(1001))).toThrow('more than 1,000 statements');
    expect(analyze(fetches(1000)).statements).toHaveLength(1000);
  });

  it('refuses relations beyond a bound, each of which is looked for among all', () => {
    const relations = (count: number) =>
      `SELECT 1 FROM ${Array.from({ length: count }, (_, n) => `t${n}`).join(',')}`;
    expect(() => analyze(relations(20_000))).toThrow('too many relations');
    expect(analyze(relations(500)).statements[0]?.accesses).toHaveLength(500);
    const where = Array.from({ length: 3000 }, (_, n) => `c${n}.id = 1`).join(' AND ');
    const from = Array.from({ length: 3000 }, (_, n) => `orders c${n}`).join(',');
    expect(() => analyze(`SELECT 1 FROM ${from} WHERE ${where}`)).toThrow('too many');
  });

  const wide = (names: number, relations: number) =>
    `SELECT ${Array(names).fill('id').join(',')} FROM ${Array.from({ length: relations }, (_, i) => `orders c${i}`).join(',')}`;

  it('refuses names times relations beyond a bound, and takes what people write', () => {
    expect(() => analyze(wide(5000, 1500))).toThrow('too many columns');
    expect(analyze(wide(500, 20)).statements).toHaveLength(1);
  });
});
