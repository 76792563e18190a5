import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicTables } from '#audit-store';
import { forbiddenCalls, sqlEscapes } from '../support/sql-escapes.js';
import { ask, startClickHouseHouse, type ClickHouseHouse } from './clickhouse.house.js';

const outfile = '/tmp/weir-clickhouse-stolen.txt';
/** What this door takes, and the other does not: each is asked for below. */
const taken = new Set([
  'SELECT 1 FORMAT CSV',
  'SELECT version()',
  'SELECT * FROM system.tables',
  'SELECT * FROM SYSTEM.TABLES',
  'SELECT 1 WHERE (1, 2) NOT IN (system.tables)',
  'SELECT (SELECT count() FROM system.tables)',
  'SELECT * FROM sessions JOIN system.tables ON 1 = 1',
  'SELECT * FROM sessions, system.tables',
]);
let house: ClickHouseHouse;

beforeAll(async () => void (house = await startClickHouseHouse()));
afterAll(() => house.stop());

describe('through the ClickHouse interface, too, is refused', () => {
  it.each([...sqlEscapes(outfile), ...forbiddenCalls].filter((query) => !taken.has(query)))(
    '%s',
    async (query) => {
      const { status, text, headers } = await ask(house, query);
      expect([status, text]).toEqual([
        expect.toSatisfy((code: number) => code >= 400 && code < 500) as number,
        expect.stringMatching(/^Code: \d+\. DB::Exception: .* \([A-Z_]+\) \(version [\d.]+\)\n$/) as string,
      ]);
      expect(text).toContain(`Code: ${headers.get('x-clickhouse-exception-code')}.`);
      expect(text).not.toContain(house.dataDir);
      expect(existsSync(outfile)).toBe(false);
    },
  );
});

describe('what a parameter brings', () => {
  const refusedAs = async (query: string, parameters: Record<string, string>) =>
    (await ask(house, query, parameters)).status;

  it.each([
    ['SELECT * FROM {t:Identifier}', { param_t: 'system.users' }],
    ['SELECT * FROM {t:Identifier}', { param_t: 'x` FROM system.users --' }],
    ['SELECT * FROM {t:Identifier}', { param_t: 'sessions` AS `x' }],
    ['SELECT * FROM {d:Identifier}.{t:Identifier}', { param_d: 'system', param_t: 'users' }],
    ['SELECT * FROM {d:Identifier}.{t:Identifier}', { param_d: 'weir', param_t: 'session_event_rows' }],
    ["SELECT {f:Identifier}('/etc/passwd')", { param_f: 'file' }],
    ["SELECT * FROM {f:Identifier}('/etc/passwd')", { param_f: 'file' }],
    ['SELECT {x:String', { param_x: 'a' }],
    ["SELECT {x:Strin'g}", { param_x: 'a' }],
    ["SELECT {x:UInt8} FROM file('/etc/passwd')", { param_x: '1' }],
    ['SELECT {x:UInt8}', { param_x: '1) FROM system.users --' }],
    ['SELECT {x:UInt8}', {}],
  ])('can name nothing that is not there for auditors: %s %j', async (query, parameters) => {
    expect(await refusedAs(query, parameters as Record<string, string>)).toBeGreaterThanOrEqual(400);
  });

  it.each([
    ["'); DROP TABLE weir.sessions; --"],
    ["\\'"],
    ['\\'],
    ["a\\\\'b"],
    ['`"$$ {y:String} /* */'],
    ['\u00e4\u{1f600}'],
  ])('is a value, never SQL: %s', async (value) => {
    const escaped = value.replaceAll('\\', '\\\\');
    const { text } = await ask(house, 'SELECT {x:String} AS x FORMAT JSONEachRow', { param_x: escaped });
    expect(JSON.parse(text)).toEqual({ x: value });
  });
});

describe("the engine's own tables are lists of what an auditor may read", () => {
  const rows = async (query: string) =>
    JSON.parse((await ask(house, `${query} FORMAT JSONCompact`)).text).data as unknown[][];

  it('databases, tables and columns', async () => {
    expect(await rows('SELECT name FROM system.databases')).toEqual([['weir']]);
    expect(
      await rows("SELECT name, engine FROM system.tables WHERE database = 'weir' ORDER BY name"),
    ).toEqual(publicTables.toSorted().map((name) => [name, 'View']));
    const [first] = publicTables.toSorted();
    expect(
      await rows(
        "SELECT name, type, table FROM system.columns WHERE database IN ('weir') AND table = 'sessions' LIMIT 1",
      ),
    ).toEqual([['session_id', 'String', 'sessions']]);
    expect(
      await rows(
        'SELECT t.name, count() FROM system.tables AS t JOIN system.columns AS c ON c.table = t.name GROUP BY ALL ORDER BY 1 LIMIT 1',
      ),
    ).toEqual([[first, expect.any(Number)]]);
    expect(
      await rows('SELECT system.tables.name, tables.database FROM system.tables ORDER BY 1 LIMIT 1'),
    ).toEqual([[first, 'weir']]);
  });

  it('they tell no path and no table of storage', async () => {
    for (const table of ['databases', 'tables', 'columns']) {
      const { text } = await ask(house, `SELECT * FROM system.${table} FORMAT JSONEachRow`);
      expect(text).toContain('weir');
      expect(text).not.toContain(house.dataDir);
      expect(text).not.toMatch(/event_rows|summary_rows|store\/|CREATE/);
    }
  });

  it.each(['users', 'processes', 'settings', 'parts', 'query_log', 'tables2'])(
    'not system.%s',
    async (table) => {
      expect((await ask(house, `SELECT * FROM system.${table}`)).status).toBe(403);
    },
  );
});
