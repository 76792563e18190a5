import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAppError } from '#kernel';
import {
  analyze,
  lineage,
  loadStatementParser,
  viewOutputs,
  type LineageAnswer,
  type Names,
  type OutputLineage,
} from '#statement';
import { customersCatalog, schema } from '../../libs/statement/testing/customers.js';
import { honest, honestScopes } from '../../libs/statement/testing/honest.cases.js';
import { carried, views } from '../../libs/statement/testing/lineage.cases.js';
import { masked } from '../../libs/statement/testing/leaks.cases.js';
import { randomStatement } from '../../libs/statement/testing/random-statement.js';
import { rounds } from '../support/rounds.js';

/*
 * The proof of lineage. Every statement that it lets pass is run on a real server, in two databases that differ in masked
 * values only, and every output that it says carries one is blanked. Then
 * - what it says of names and width is what RowDescription says, and so is the origin of a bare column, where the server
 *   tells one;
 * - no masked value may be left in what the client would see;
 * - both databases must have given the very same: rows, their order and number, error or none. Whatever differs has
 *   told the client something about a masked value.
 * Emails that are looked up are the same in both, and so is which rows of two tables have one in common: a look-up and
 * a join are meant to answer.
 */
const root = '/usr/lib/postgresql';
const version = existsSync(root) ? readdirSync(root).sort().at(-1) : undefined;
const runs = Number(process.env['WEIR_FUZZ_RUNS'] ?? rounds(1000, 10_000));

describe.skipIf(version === undefined)('lineage on a real PostgreSQL (invariant 11)', () => {
  const bin = (name: string) => join(root, version ?? '', 'bin', name);
  const asPostgres = (command: string, ...args: string[]) =>
    process.getuid?.() === 0
      ? execFileSync('runuser', ['-u', 'postgres', '--', command, ...args], { stdio: 'pipe', cwd: '/' })
      : execFileSync(command, args, { stdio: 'pipe' });
  let directory = '';
  const sides: Side[] = [];

  beforeAll(async () => {
    await loadStatementParser();
    directory = mkdtempSync(join(tmpdir(), 'weir-statement-'));
    if (process.getuid?.() === 0) {
      const [uid, gid] = ['-u', '-g'].map((flag) =>
        Number(execFileSync('id', [flag, 'postgres']).toString()),
      );
      chownSync(directory, uid ?? 0, gid ?? 0);
    }
    const data = join(directory, 'data');
    asPostgres(bin('initdb'), '-D', data, '-A', 'trust', '-U', 'postgres', '-N', '-E', 'UTF8');
    // No statistics: with them the plan, and by it the order of unordered rows, would depend on masked values.
    // A join by hash or merge gives its rows in an order that depends on the values joined.
    const options = `-c autovacuum=off -c enable_hashjoin=off -c enable_mergejoin=off -c listen_addresses= -c unix_socket_directories=${directory} -c fsync=off`;
    asPostgres(bin('pg_ctl'), '-D', data, '-w', '-l', join(directory, 'log'), '-o', options, 'start');
    await asked(directory, 'postgres', 'CREATE DATABASE side_a');
    await asked(directory, 'side_a', schema);
    // A copy, so that even the objects' identifiers are the same.
    await asked(directory, 'postgres', 'CREATE DATABASE side_b TEMPLATE side_a');
    for (const side of ['a', 'b'] as const) sides.push(await openSide(directory, side));
  });

  afterAll(async () => {
    for (const { client } of sides) await client.end();
    if (directory === '') return;
    asPostgres(bin('pg_ctl'), '-D', join(directory, 'data'), '-m', 'immediate', 'stop');
    rmSync(directory, { recursive: true, force: true });
  });

  let names: Names;

  const check = async (sql: string): Promise<'refused' | 'failed' | 'ran'> => {
    const answer = judged(sql, names);
    if (!answer?.ok) return answer ? 'refused' : 'failed';
    const seen = [];
    for (const side of sides) seen.push(await side.see(sql, answer));
    const [a, b] = seen;
    expect({ sql, wrong: a?.wrong ?? [] }).toEqual({ sql, wrong: [] });
    expect({ sql, leaks: JSON.stringify(seen).includes('CANARY') }).toEqual({ sql, leaks: false });
    if (!/now\(\)|tablesample/i.test(sql)) expect({ sql, seen: b }).toEqual({ sql, seen: a });
    return a?.error === undefined ? 'ran' : 'failed';
  };

  const known = [...honest, ...honestScopes, ...masked.map(([sql]) => sql), ...carried.map(([sql]) => sql)];

  it.each(known)('shows no masked value: %s', async (sql) => {
    names ??= customersCatalog((await oids()).get);
    expect(await check(sql)).not.toBe('refused');
  });

  it('shows none for random statements', { timeout: 3_600_000 }, async () => {
    names ??= customersCatalog((await oids()).get);
    const counts = { refused: 0, failed: 0, ran: 0 };
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (draw) => {
        counts[await check(randomStatement(draw))]++;
      }),
      { numRuns: runs },
    );
    console.info(`random statements: ${JSON.stringify(counts)}`);
    // The generator must not spend itself on what lineage or the server turn down.
    expect(counts.ran).toBeGreaterThan(runs / 8);
    expect(counts.refused).toBeGreaterThan(runs / 10);
  });

  it('would have seen a leak: without it the same statements show masked values', async () => {
    const unguarded: Passed = { ...(judged('SELECT 1', names) as Passed), results: [] };
    const [side] = sides;
    for (const sql of [
      'SELECT upper(email) FROM customers',
      'SELECT c.row_to_json FROM customers c',
      'SELECT c.fullname FROM customers c',
    ]) {
      expect(JSON.stringify(await side?.see(sql, unguarded))).toContain('CANARY');
    }
    const counts = [];
    for (const each of sides) counts.push(await each.see(`SELECT id FROM customers ORDER BY ssn`, unguarded));
    expect(counts[0]).not.toEqual(counts[1]);
  });

  const oids = async () => {
    const found = new Map<string, number>();
    const { rows } = await sides[0]!.client.query<{ name: string; oid: number }>(
      `SELECT n.nspname || '.' || c.relname AS name, c.oid::int FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace`,
    );
    for (const { name, oid } of rows) found.set(name, oid);
    return { get: (schema: string, name: string) => found.get(`${schema}.${name}`) ?? 0 };
  };

  it.each(views)('tells a view by the definition that the server gives: %s', async (sql, ...expected) => {
    names ??= customersCatalog((await oids()).get);
    const { client } = sides[0]!;
    await client.query(`CREATE VIEW v AS ${sql}; SET search_path TO ''`);
    const { rows } = await client.query<{ text: string }>(
      `SELECT pg_catalog.pg_get_viewdef('public.v'::pg_catalog.regclass) AS text`,
    );
    await client.query('DROP VIEW public.v; RESET search_path');
    const outputs = viewOutputs(rows[0]?.text ?? '', customersCatalog((await oids()).get, []));
    const shown = outputs?.map(({ name, sources, bare }) => {
      const from = sources.map(({ table, column }) => `${table}.${column}`).join('+');
      return from === '' ? name : `${name}${bare ? '=' : '~'}${from}`;
    });
    expect(shown ?? ['?']).toEqual(expected);
  });

  it('takes every COPY of a query as the SELECT that it names', () => {
    for (const [sql] of masked.filter(([each]) => each.startsWith('COPY ('))) {
      const [statement] = analyze(sql).statements;
      expect(statement?.effect).toMatchObject({ direction: 'out', equivalentSelect: expect.any(String) });
    }
  });
});

type Passed = Extract<LineageAnswer, { ok: true }>;

/** Undefined for what does not parse. */
function judged(sql: string, names: Names): LineageAnswer | undefined {
  try {
    return lineage(sql, names);
  } catch (error) {
    if (isAppError(error, 'STATEMENT_DENIED')) return undefined;
    throw error;
  }
}

interface Seen {
  readonly error?: string;
  readonly results?: unknown;
  /** Where lineage and RowDescription differ. */
  readonly wrong?: readonly string[];
}

class Side {
  constructor(readonly client: pg.Client) {}

  /** What the client would see: masked rows, or the SQLSTATE (the proxy strips messages). */
  async see(sql: string, answer: Passed): Promise<Seen> {
    await this.client.query('BEGIN');
    try {
      const result = await this.run(sql);
      const results = Array.isArray(result) ? result : [result];
      const outputs = results.map((_, at) => answer.results[at]?.outputs);
      return {
        results: results.map((each, at) => blanked(each as pg.QueryArrayResult, outputs[at])),
        wrong: results.flatMap((each, at) => mistakes(each as pg.QueryArrayResult, outputs[at])),
      };
    } catch (error) {
      return { error: String((error as { code?: string }).code ?? error) };
    } finally {
      await this.client.query('ROLLBACK');
      await this.client.query('DEALLOCATE ALL');
      // What was rolled back still takes space, and by that may change a plan on one side before the other.
      if (/^\s*(with|insert|update|delete|merge)/i.test(sql)) await this.client.query('VACUUM customers');
    }
  }

  private run(sql: string): Promise<pg.QueryArrayResult> {
    const parameters = Math.max(0, ...[...sql.matchAll(/\$(\d+)/g)].map((each) => Number(each[1])));
    if (parameters === 0 || /^\s*PREPARE/i.test(sql))
      return this.client.query({ text: sql, rowMode: 'array' });
    const value = /ANY \(\$1/.test(sql) ? '{1}' : '1';
    const values = Array.from({ length: parameters }, () => value);
    return this.client.query({ text: sql, values, rowMode: 'array' });
  }
}

/** As the proxy would: what carries is masked, and so is all of a row that has another width. */
function blanked(result: pg.QueryArrayResult, outputs: readonly OutputLineage[] | undefined): unknown {
  // Plans and times differ from run to run.
  if (result.command === 'EXPLAIN') return result.fields.map((each) => each.name);
  const otherWidth = outputs !== undefined && outputs.length !== result.fields.length;
  const rows = result.rows.map((row: unknown[]) =>
    row.map((value, at) => {
      const hidden = otherWidth || (outputs?.[at]?.sources ?? []).length > 0;
      return value !== null && hidden ? 'masked' : value;
    }),
  );
  return [result.rowCount, rows];
}

function mistakes(result: pg.QueryArrayResult, outputs: readonly OutputLineage[] | undefined): string[] {
  const { fields } = result;
  if (!outputs || fields.length === 0 || outputs.length === 0) return [];
  if (outputs.length !== fields.length) return [`width ${outputs.length}, not ${fields.length}`];
  return fields.flatMap(({ name, tableID, columnID }, at) => {
    const { name: said, sources = [], bare } = outputs[at] ?? {};
    const [source] = sources;
    // The server names `(SELECT * …)` by what the star stands for; nothing goes by that name.
    const misnamed = said === name || said === '?column?' ? [] : [`name ${said}, not ${name}`];
    const elsewhere =
      bare && source && tableID !== 0 && (source.tableOid !== tableID || source.attnum !== columnID);
    return elsewhere ? [...misnamed, `${name} comes from ${tableID}.${columnID}`] : misnamed;
  });
}

async function asked(socket: string, database: string, sql: string): Promise<void> {
  const client = new pg.Client({ host: socket, user: 'postgres', database });
  await client.connect();
  await client.query(sql);
  await client.end();
}

/** One of the two databases: the same names, ids and nulls, other masked values in another order. */
async function openSide(socket: string, side: 'a' | 'b'): Promise<Side> {
  const client = new pg.Client({ host: socket, user: 'postgres', database: `side_${side}` });
  await client.connect();
  const mask = (what: string, id: number) => {
    const at = side === 'a' ? id : 13 - id;
    return `CANARY-${side}-${what}-${String(at * 7).padStart(at, '0')}`;
  };
  const email = (id: number) => (id === 1 ? 'ana@example.com' : id === 5 ? null : mask('email', id));
  for (let id = 1; id <= 12; id++) {
    const ssn = side === 'a' && id < 6 ? 'CANARY-same' : mask('ssn', id);
    const notes = id % 3 === 0 ? null : mask('notes', id);
    await client.query('INSERT INTO customers VALUES ($1, $2, $3, $4, $5)', [
      id,
      `name ${id % 4}`,
      email(id),
      ssn,
      notes,
    ]);
    await client.query(`INSERT INTO orders VALUES ($1, $2, $3, $4, '2026-01-01', $5)`, [
      id,
      (id % 5) + 1,
      id * 10,
      id % 2 ? 'paid' : 'open',
      `order note ${id % 3}`,
    ]);
    await client.query('INSERT INTO products VALUES ($1, $2, $3)', [id, `name ${id}`, id]);
    await client.query('INSERT INTO events VALUES ($1, $2, $3)', [id, id, '{"kind":"k","items":[1]}']);
    await client.query(`INSERT INTO leads VALUES ($1, $2, $3, $1 * 3, ROW('street', 'city'), '{a,b}')`, [
      id,
      `lead${id}@example.com`,
      `ssn ${id % 5}`,
    ]);
    await client.query(`INSERT INTO accounts VALUES ($1, $1, $2, $3, $4)`, [
      id,
      email(((id * 5) % 12) + 1),
      side === 'a' ? id * 7001 : id * 9001,
      mask('contact', id),
    ]);
    await client.query('INSERT INTO app.customers VALUES ($1, $2, $3)', [
      id,
      `app${id}@example.com`,
      `label ${id}`,
    ]);
  }
  return new Side(client);
}
