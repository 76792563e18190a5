import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAppError } from '#kernel';
import { analyze, exposure, loadStatementParser, type Exposure } from '#statement';
import { customersNames, schema } from '../../libs/statement/testing/customers.js';
import { honest } from '../../libs/statement/testing/honest.cases.js';
import { masked } from '../../libs/statement/testing/leaks.cases.js';
import { randomStatement } from '../../libs/statement/testing/random-statement.js';

/*
 * The proof that the guard's names are enough. Every statement that it lets pass is run on a real server, in two
 * databases that differ in masked values only; the result is masked as the proxy would (by table and attribute of
 * RowDescription, by output name where there is none). Then
 * - no masked value may be left in what the client would see, and
 * - both databases must have given the very same: rows, their order and number, error or none. Whatever differs has
 *   told the client something about a masked value.
 * Emails that are looked up are the same in both: a lookup is meant to answer.
 */
const root = '/usr/lib/postgresql';
const version = existsSync(root) ? readdirSync(root).sort().at(-1) : undefined;
const runs = Number(process.env['WEIR_FUZZ_RUNS'] ?? 3000);

describe.skipIf(version === undefined)('the guard of masked columns on a real PostgreSQL', () => {
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
    const options = `-c autovacuum=off -c listen_addresses= -c unix_socket_directories=${directory} -c fsync=off`;
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

  const check = async (sql: string): Promise<'refused' | 'failed' | 'ran'> => {
    const answer = judged(sql);
    if (!answer?.ok) return answer ? 'refused' : 'failed';
    const seen = [];
    for (const side of sides) seen.push(await side.see(sql, answer));
    const [a, b] = seen;
    expect({ sql, leaks: JSON.stringify(seen).includes('CANARY') }).toEqual({ sql, leaks: false });
    if (!/now\(\)|tablesample/i.test(sql)) expect({ sql, seen: b }).toEqual({ sql, seen: a });
    return a?.error === undefined ? 'ran' : 'failed';
  };

  it.each([...honest, ...masked.map(([sql]) => sql)])('shows no masked value: %s', async (sql) => {
    expect(await check(sql)).not.toBe('refused');
  });

  it('shows none for random statements', { timeout: 300_000 }, async () => {
    const counts = { refused: 0, failed: 0, ran: 0 };
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (draw) => {
        counts[await check(randomStatement(draw))]++;
      }),
      { numRuns: runs },
    );
    console.info(`random statements: ${JSON.stringify(counts)}`);
    // The generator must not spend itself on what the guard or the server turn down.
    expect(counts.ran).toBeGreaterThan(runs / 8);
    expect(counts.refused).toBeGreaterThan(runs / 10);
  });

  it('would have seen a leak: without the guard the same statements show masked values', async () => {
    const unguarded: Exposure = { ok: true, clean: false, maskedNames: new Set() };
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

  it('takes every COPY of a query as the SELECT that it names', () => {
    for (const [sql] of masked.filter(([each]) => each.startsWith('COPY ('))) {
      const [statement] = analyze(sql).statements;
      expect(statement?.effect).toMatchObject({ direction: 'out', equivalentSelect: expect.any(String) });
    }
  });
});

/** Undefined for what does not parse. */
function judged(sql: string): Exposure | undefined {
  try {
    return exposure(sql, customersNames);
  } catch (error) {
    if (isAppError(error, 'STATEMENT_DENIED')) return undefined;
    throw error;
  }
}

interface Seen {
  readonly error?: string;
  readonly results?: unknown;
}

class Side {
  constructor(
    readonly client: pg.Client,
    private readonly customers: number,
    private readonly view: number,
  ) {}

  /** What the client would see: masked rows, or the SQLSTATE (the proxy strips messages). */
  async see(sql: string, answer: Exposure): Promise<Seen> {
    await this.client.query('BEGIN');
    try {
      const result = await this.run(sql);
      const results = Array.isArray(result) ? result : [result];
      return { results: results.map((each) => this.mask(each as pg.QueryArrayResult, answer)) };
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

  private mask(result: pg.QueryArrayResult, answer: Exposure): unknown {
    const rows = result.rows.map((row: unknown[]) =>
      row.map((value, at) => {
        const field = result.fields[at];
        return value !== null && field && this.hides(field, answer) ? 'masked' : value;
      }),
    );
    // Plans and times differ from run to run.
    return result.command === 'EXPLAIN' ? result.fields.map((each) => each.name) : [result.rowCount, rows];
  }

  private hides({ tableID, columnID, name }: pg.FieldDef, answer: Exposure): boolean {
    if (!answer.ok || answer.clean) return false;
    if (tableID === this.view) return true;
    if (tableID === this.customers) return columnID === 0 || [3, 4, 5].includes(columnID);
    return tableID === 0 && answer.maskedNames.has(name);
  }
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
  for (let id = 1; id <= 12; id++) {
    const at = side === 'a' ? id : 13 - id;
    const mask = (what: string) => `CANARY-${side}-${what}-${String(at * 7).padStart(at, '0')}`;
    const email = id === 1 ? 'ana@example.com' : id === 5 ? null : mask('email');
    const ssn = side === 'a' && id < 6 ? 'CANARY-same' : mask('ssn');
    await client.query('INSERT INTO customers VALUES ($1, $2, $3, $4, $5)', [
      id,
      `name ${id % 4}`,
      email,
      ssn,
      id % 3 === 0 ? null : mask('notes'),
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
  }
  const { rows } = await client.query<{ customers: number; view: number }>(
    `SELECT 'customers'::regclass::oid::int AS customers, 'customer_view'::regclass::oid::int AS view`,
  );
  return new Side(client, rows[0]?.customers ?? 0, rows[0]?.view ?? 0);
}
