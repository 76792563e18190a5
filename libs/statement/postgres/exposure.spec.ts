import { beforeAll, describe, expect, it } from 'vitest';
import { exposure, loadStatementParser, type SensitiveNames } from '../index.js';
import { customersNames } from '../testing/customers.js';
import { honest } from '../testing/honest.cases.js';
import { masked, refused, refusedByNames } from '../testing/leaks.cases.js';

beforeAll(loadStatementParser);

describe('a statement that would carry a masked value past its mask', () => {
  it.each([...refused, ...refusedByNames])('is refused: %s', (sql) => {
    expect(exposure(sql, customersNames)).toMatchObject({ ok: false });
  });

  it.each(masked)('has its outputs masked: %s', (sql, ...names) => {
    const answer = exposure(sql, customersNames);
    const maskedNames = answer.ok ? [...answer.maskedNames] : [];
    expect({ ...answer, maskedNames }).toMatchObject({
      ok: true,
      clean: false,
      maskedNames: expect.arrayContaining(names),
    });
  });
});

describe('a reason', () => {
  it.each([
    [
      `SELECT id FROM customers ORDER BY email`,
      'masked column "email" cannot be used in ORDER BY: order by another column',
    ],
    [
      `SELECT upper(e) FROM (SELECT email AS e FROM customers) s`,
      'masked column "e" cannot be used in an expression: select the column by itself',
    ],
    [
      `SELECT id FROM customers WHERE ssn = '1'`,
      'masked column "ssn" cannot be used in a condition other than a lookup',
    ],
    [`SELECT emails()`, 'function emails may read masked columns'],
  ])('says what to do: %s', (sql, reason) => {
    expect(exposure(sql, customersNames)).toMatchObject({
      ok: false,
      reason: expect.stringContaining(reason),
    });
  });
});

describe('the answer', () => {
  const passed = (sql: string, names: SensitiveNames = customersNames) => exposure(sql, names);

  it('is clean where no masked relation is touched', () => {
    expect(passed('SELECT * FROM orders')).toMatchObject({ ok: true, clean: true });
    expect(passed('SELECT id FROM customers')).toMatchObject({ ok: true, clean: false });
    expect(passed('SELECT 1; SELECT id FROM customers')).toMatchObject({ ok: true, clean: false });
  });

  it('lists lookups with their values and parameters', () => {
    const sql = `SELECT id FROM customers WHERE email IN ('a', $2) OR email = $1 OR email = ANY ($3)`;
    const email = { column: 'email', class: 'email' };
    expect(passed(sql)).toMatchObject({
      lookups: [
        { ...email, constants: ['a'], parameters: [2], arrayParameters: [] },
        { ...email, constants: [], parameters: [1], arrayParameters: [] },
        { ...email, constants: [], parameters: [], arrayParameters: [3] },
      ],
    });
  });

  it('lists relations that the catalog does not know, but not with-queries', () => {
    const sql = `WITH q AS (SELECT 1) SELECT * FROM q, app.fresh, customers`;
    expect(passed(sql)).toMatchObject({ ok: true, unknownRelations: ['fresh'] });
    expect(passed('SELECT * FROM orders, pg_class')).not.toHaveProperty('unknownRelations');
  });

  it('lets everything pass where nothing at all is masked', () => {
    const nothing: SensitiveNames = { ...customersNames, relation: () => undefined, anySensitive: false };
    expect(passed('DO $$ BEGIN END $$', nothing)).toMatchObject({ ok: true, clean: true });
    expect(passed('SELECT upper(email) FROM customers', nothing)).toMatchObject({ ok: true, clean: true });
    // Not said: supposed to be so.
    const { anySensitive: _, ...unsaid } = customersNames;
    expect(passed('DO $$ BEGIN END $$', unsaid)).toMatchObject({ ok: false });
  });

  it('knows columns from calls where the catalog lists them', () => {
    const columns = new Set(['id', 'name', 'orders', 'email', 'ssn', 'notes']);
    const listed: SensitiveNames = {
      ...customersNames,
      columns: (name) => (name === 'customers' ? columns : undefined),
    };
    expect(passed('SELECT c.orders FROM customers c')).toMatchObject({ ok: false });
    expect(passed('SELECT c.orders FROM customers c', listed)).toMatchObject({ ok: true });
    expect(passed('SELECT c.parent FROM customers c', listed)).toMatchObject({ ok: false });
  });

  it('judges by the worst candidate where two relations share a column name', () => {
    const both: SensitiveNames = {
      ...customersNames,
      relation: (name) =>
        name === 'vault'
          ? new Map([['email', { class: 'secret', lookup: false }]])
          : customersNames.relation(name),
    };
    const sql = `SELECT c.id FROM customers c, vault v WHERE v.email = 'a'`;
    expect(passed(sql, both)).toMatchObject({ ok: false, column: 'email' });
  });

  it('folds names as a server with a single-byte encoding does', () => {
    const accents: SensitiveNames = {
      ...customersNames,
      relation: (name) =>
        name === 'élèves' ? new Map([['prénom', { class: 'name', lookup: false }]]) : 'unknown',
    };
    expect(passed('SELECT id FROM ÉLÈVES ORDER BY PRÉNOM', accents)).toMatchObject({ ok: false });
  });

  it('follows a thousand with-queries, and refuses what is made to be slow', () => {
    const chain = (of: (n: number) => string) =>
      `WITH ${Array.from({ length: 1000 }, (_, n) => `q${n} AS (${n === 0 ? 'SELECT email AS c0 FROM customers' : of(n)})`).join(', ')}`;
    const named = chain((n) => `SELECT c${n - 1} AS c${n} FROM q${n - 1}`);
    const starred = chain((n) => `SELECT * FROM q${n - 1}`);
    const started = performance.now();
    expect(passed(`${named} SELECT length(c999) FROM q999`)).toMatchObject({ ok: false });
    expect(passed(`${starred} SELECT q999::text FROM q999`)).toMatchObject({ ok: false });
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('an honest statement', () => {
  it.each(honest)('passes: %s', (sql) => {
    expect(exposure(sql, customersNames)).toMatchObject({ ok: true });
  });
});
