import { beforeAll, describe, expect, it } from 'vitest';
import type { CallingCast, TypeReach } from '../../lineage.js';
import { catalogOf } from '../../testing/catalog.js';
import { lineage } from '../lineage.js';
import { loadStatementParser } from '../parser.js';

const reach = (anywhere: boolean, names: string[], relations: number[] = []): TypeReach => ({
  anywhere,
  names: new Set(names),
  relations: new Set(relations),
});
const int4 = reach(true, ['int4', '_int4']);
const text = reach(true, ['text', '_text']);
/** Table `tokens` (oid 20001) has a column of it. */
const token = reach(false, ['token', '_token', 'short_token', 'tokens'], [20_001]);
const casts: readonly CallingCast[] = [
  { said: 'integer to token', source: int4, target: token, how: 'explicit' },
  { said: 'token to text', source: token, target: text, how: 'implicit' },
  { said: 'checked', source: text, target: reach(false, ['checked']), how: 'check' },
];
const tables = [
  { name: 'customers', columns: 'id int, email text !email?' },
  { name: 'tokens', columns: 'id int, what text' },
];
const names = catalogOf({ tables, casts });

const operators = ['=', 'ORDER BY'];
const withOperators = catalogOf({ tables, operators });

describe('a cast that calls a function of the database', () => {
  beforeAll(() => loadStatementParser());

  it.each([
    'SELECT 7::token',
    'SELECT CAST(id AS public.token) FROM customers',
    'SELECT ARRAY[7]::token[]',
    'SELECT ARRAY[7]::_token',
    'SELECT 7::short_token',
    'SELECT (7::token).v',
    'SELECT row(7)::tokens',
    'PREPARE p(token) AS SELECT 1',
    "SELECT json_value('7', '$' RETURNING token)",
    'SELECT what FROM tokens',
    `SELECT 'x'::token || ''`,
    `SELECT 'x'::checked`,
    'SELECT NULL::checked',
    'SELECT $1::checked',
  ])('is refused: %s', (sql) =>
    expect(lineage(sql, names)).toMatchObject({ ok: false, reason: expect.stringContaining('may read') }),
  );

  it.each([
    'SELECT id::text, email FROM customers',
    `SELECT '7'::int, 7::bigint`,
    `SELECT 'abc'::text`,
    'SELECT now()::date',
  ])('leaves alone: %s', (sql) => expect(lineage(sql, names)).toMatchObject({ ok: true }));

  it('reads a constant by the type itself', () => {
    const explicit = catalogOf({ tables, casts: casts.slice(0, 1) });
    expect(lineage(`SELECT 'x'::token, NULL::token[]`, explicit)).toMatchObject({ ok: true });
    expect(lineage('SELECT what FROM tokens', explicit)).toMatchObject({ ok: true });
  });

  it('is told where nothing is masked, for policies to decide', () => {
    const clear = { ...names, anySensitive: false };
    expect(lineage('SELECT 7::token', clear)).toMatchObject({
      ok: true,
      hiddenCall: 'the cast from integer to token',
    });
    expect(lineage('SELECT 7::text', clear)).toMatchObject({ ok: true, hiddenCall: undefined });
  });
});

describe('an operator that no text names', () => {
  beforeAll(() => loadStatementParser());

  it.each([
    `SELECT 1 IN (SELECT 'a')`,
    `SELECT 1 NOT IN (SELECT 'a')`,
    `SELECT (1, 2) IN (SELECT 'a', 3)`,
    `SELECT CASE 1 WHEN 'a' THEN 1 END`,
    'SELECT * FROM tokens a JOIN tokens b USING (id)',
    'SELECT * FROM tokens a NATURAL JOIN tokens b',
    'SELECT id FROM tokens ORDER BY id',
    'SELECT id FROM tokens GROUP BY id',
    'SELECT DISTINCT id FROM tokens',
    'SELECT count(DISTINCT id) FROM tokens',
    'SELECT id FROM tokens UNION SELECT 1',
    'SELECT sum(id) OVER (PARTITION BY id) FROM tokens',
    'SELECT sum(id) OVER w FROM tokens WINDOW w AS (PARTITION BY id)',
  ])('is refused where one of its name is not the server’s: %s', (sql) => {
    expect(lineage(sql, withOperators)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('may read'),
    });
    expect(lineage(sql, catalogOf({ tables }))).toMatchObject({ ok: true });
  });

  it.each([
    'SELECT id, EXISTS (SELECT 1), (SELECT 2), ARRAY(SELECT 3) FROM tokens',
    'SELECT CASE WHEN id > 1 THEN 1 END FROM tokens',
    'SELECT a.id FROM tokens a JOIN tokens b ON a.id > b.id',
    'SELECT id FROM tokens UNION ALL SELECT 1',
  ])('leaves alone what compares nothing: %s', (sql) =>
    expect(lineage(sql, withOperators)).toMatchObject({ ok: true }),
  );
});
