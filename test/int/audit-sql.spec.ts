import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connectAuditReader,
  connectAuditStore,
  insertRows,
  migrateAuditStore,
  publicTables,
  type AuditStoreConfig,
  type ClickHouseClient,
} from '#audit-store';
import { ReaderPool } from '../../services/audit/sql/reader.pool.js';
import { SqlRunner } from '../../services/audit/sql/sql.runner.js';
import { sampleRows } from '../support/sql-sample.js';
import { forbiddenCalls, sqlEscapes } from '../support/sql-escapes.js';

const path = mkdtempSync(join(tmpdir(), 'weir-audit-sql-'));
const outfile = join(path, 'stolen.txt');
const config: AuditStoreConfig = { kind: 'embedded', path };
const limits = { seconds: 20, memory: 256 << 20, resultRows: 1000, resultBytes: 4 << 20, threads: 2 };
let writer: ClickHouseClient;
let control: ClickHouseClient;
let reader: ClickHouseClient;
let sql: SqlRunner;
/** For what must reach another limit than time's, however busy the machine. */
let patient: SqlRunner;

beforeAll(async () => {
  writer = connectAuditStore(config);
  await migrateAuditStore(writer);
  await insertRows(writer, { table: 'session_event_rows', lines: sampleRows(), token: 'sample' });
  control = connectAuditStore(config);
  reader = await connectAuditReader(config, limits);
  const readers = new ReaderPool([reader]);
  const bounds = { readers, control, maxRows: 1000, maxBytes: 8 << 20 };
  sql = new SqlRunner({ ...bounds, timeLimit: 1500 });
  patient = new SqlRunner({ ...bounds, timeLimit: 15_000 });
});

afterAll(async () => {
  await reader.close();
  await control.close();
  await writer.close();
  rmSync(path, { recursive: true, force: true });
});

describe("an auditor's SQL refuses", () => {
  it.each(sqlEscapes(outfile))('%s', async (query) => {
    await expect(sql.run(query)).rejects.toMatchObject({ code: 'QUERY_REFUSED' });
    expect(existsSync(outfile)).toBe(false);
  });

  it.each(forbiddenCalls)('%s', async (query) => {
    await expect(sql.run(query)).rejects.toMatchObject({
      code: 'QUERY_REFUSED',
      message: expect.stringMatching(
        /function \w+ is not available here|yntax error|cannot be read/,
      ) as string,
    });
  });
});

describe('should a check ever be passed by, the engine itself refuses a reader', () => {
  it.each([
    ["SELECT * FROM file('/etc/passwd', LineAsString)", 'READ ON FILE'],
    ["SELECT * FROM url('http://127.0.0.1:1/', LineAsString)", 'READ ON URL'],
    ['SELECT * FROM weir.session_event_rows', 'Not enough privileges'],
    ['INSERT INTO weir.session_event_rows (session_id) VALUES (1)', /Not enough privileges|readonly/],
    ['DROP TABLE weir.session_event_rows', /Not enough privileges|readonly/],
    ['SET readonly = 0', 'readonly'],
    ['SET max_execution_time = 0', 'readonly'],
    ['SELECT * FROM weir.sessions SETTINGS max_threads = 64', 'readonly'],
    ['CREATE TABLE weir.x (a Int8) ENGINE = Memory', /Not enough privileges|readonly/],
  ])('%s', async (query, reason) => {
    await expect(reader.command({ query })).rejects.toThrow(reason);
  });

  it('and grants not even the writer a file', async () => {
    const query = "SELECT * FROM file('/etc/passwd', LineAsString)";
    await expect(writer.command({ query })).rejects.toThrow('READ ON FILE');
  });
});

describe('limits', () => {
  const endless =
    'SELECT sum(sipHash64(a, b, c)) FROM (SELECT arrayJoin(range(10000)) AS a) AS x CROSS JOIN ' +
    '(SELECT arrayJoin(range(10000)) AS b) AS y CROSS JOIN (SELECT arrayJoin(range(10000)) AS c) AS z';

  it('a query past its time is killed from another session, and the next one is answered', async () => {
    const started = performance.now();
    await expect(sql.run(endless)).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(performance.now() - started).toBeLessThan(4000);
    expect(await sql.run('SELECT 1 AS one')).toBe('{"columns":[{"name":"one","type":"UInt8"}],"rows":[[1]]}');
    const answer = await control.query({
      query:
        "SELECT count() AS n FROM system.processes WHERE query LIKE '%sipHash64(a, b, c)%' AND query NOT LIKE '%LIKE%'",
      format: 'JSONEachRow',
    });
    expect(await answer.json()).toEqual([{ n: 0 }]);
  });

  it.each([
    ['rows', 'SELECT arrayJoin(range(1001)) AS a', 'add LIMIT'],
    ['bytes', "SELECT repeat('a', 1000000), arrayJoin(range(9))", 'add LIMIT'],
    [
      'memory',
      'SELECT length(groupArray(a)) FROM (SELECT arrayJoin(range(10000000)) AS a, repeat(toString(a), 100) AS b) AS x, (SELECT groupArray(repeat(toString(a), 100)) FROM (SELECT arrayJoin(range(10000000)) AS a)) AS y',
      'aggregate',
    ],
  ])('of %s say what to do', async (_, query, hint) => {
    await expect(patient.run(query)).rejects.toMatchObject({
      code: 'QUERY_REFUSED',
      hint: expect.stringContaining(hint) as string,
    });
    expect(await sql.run('SELECT 1 AS one')).toContain('[[1]]');
  });

  it('as many rows as may be come whole and in order', async () => {
    const answer = JSON.parse(await sql.run('SELECT arrayJoin(range(1000)) AS a ORDER BY a DESC')) as {
      rows: number[][];
    };
    expect(answer.rows.map(([a]) => a)).toEqual(Array.from({ length: 1000 }, (_, i) => 999 - i));
  });

  it('numbers of 64 bits are written in full', async () => {
    expect(await sql.run("SELECT toUInt64('18446744073709551615') AS n")).toContain(
      '[[18446744073709551615]]',
    );
  });
});

describe("an auditor's day", () => {
  it.each([
    ['SELECT count() AS n FROM statements', [[3]]],
    [
      'select identity, count(*) from weir.statements group by 1 order by 2 desc',
      [
        ['corp:ana', 2],
        ['corp:bot', 1],
      ],
    ],
    ["SELECT text FROM statements WHERE decision = 'deny'", [['drop table t']]],
    [
      'SELECT s.connection, count(), sum(t.rows) FROM sessions AS s JOIN statements AS t USING (session_id) GROUP BY ALL ORDER BY 1',
      [
        ['crm', 1, 0],
        ['orders', 2, 17],
      ],
    ],
    [
      'WITH busy AS (SELECT session_id, count() AS n FROM statements GROUP BY session_id HAVING n > 1) SELECT session_id FROM busy',
      [['ses_1']],
    ],
    [
      'SELECT text, row_number() OVER (PARTITION BY session_id ORDER BY seq) AS nth FROM statements ORDER BY session_id, seq',
      [
        ['select 1', 1],
        ['select 2', 2],
        ['drop table t', 1],
      ],
    ],
    [
      "SELECT text, lagInFrame(text) OVER (ORDER BY seq) AS before FROM statements WHERE session_id = 'ses_1' ORDER BY seq",
      [
        ['select 1', ''],
        ['select 2', 'select 1'],
      ],
    ],
    [
      'SELECT session_id, text FROM statements ORDER BY session_id, seq LIMIT 1 BY session_id',
      [
        ['ses_1', 'select 1'],
        ['ses_2', 'drop table t'],
      ],
    ],
    [
      'SELECT toStartOfHour(time) AS hour, count() FROM statements GROUP BY hour ORDER BY hour',
      [
        ['2026-01-02 03:00:00', 2],
        ['2026-01-02 04:00:00', 1],
      ],
    ],
    [
      "SELECT formatDateTime(min(time), '%Y-%m-%d %H:00'), dateDiff('minute', min(time), max(time)) FROM statements",
      [['2026-01-02 03:00', 60]],
    ],
    ['SELECT quantiles(0.5, 0.9)(duration_us), quantileExact(0.5)(rows) FROM statements', [[[200, 260], 7]]],
    [
      'SELECT arrayJoin(tables_read) AS t, uniqExact(identity) FROM statements GROUP BY t ORDER BY t',
      [
        ['public.a', 1],
        ['public.b', 1],
      ],
    ],
    [
      "SELECT count() FROM statements WHERE has(tables_read, 'public.a') AND arrayExists(x -> x LIKE 'public.%', tables_read)",
      [[1]],
    ],
    [
      "SELECT JSONExtractString(payload, 'text') FROM session_events WHERE type = 'StatementReceived' ORDER BY session_id, seq LIMIT 1",
      [['select 1']],
    ],
    ['SELECT sumMap(masked) FROM statements', [[{ email: 5 }]]],
    ["SELECT countIf(decision = 'deny') / count() AS share FROM statements", [[1 / 3]]],
    [
      "SELECT if(decision = 'deny', 'no', 'yes') AS ok, case when rows > 8 then 'big' else 'small' end AS size FROM statements ORDER BY session_id, seq",
      [
        ['yes', 'big'],
        ['yes', 'small'],
        ['no', 'small'],
      ],
    ],
    ["SELECT text FROM statements WHERE match(text, '^drop') OR text ILIKE '%DROP%'", [['drop table t']]],
    ["SELECT upper(substring(text, 1, 4)) AS t FROM statements WHERE identity IN ('corp:bot')", [['DROP']]],
    [
      'SELECT count() FROM statements WHERE session_id IN (SELECT session_id FROM sessions WHERE denied > 0)',
      [[1]],
    ],
    [
      "SELECT count() FROM statements WHERE time BETWEEN toDateTime('2026-01-02 00:00:00') AND now() AND time > now() - INTERVAL 100 YEAR",
      [[3]],
    ],
    ['SELECT 1 UNION ALL SELECT 2 ORDER BY 1', [[1], [2]]],
    ['(SELECT 1) EXCEPT (SELECT 2)', [[1]]],
    [
      'SELECT identity, count() AS n FROM statements GROUP BY ROLLUP(identity) ORDER BY n DESC LIMIT 1',
      [['', 3]],
    ],
    ['SELECT * EXCEPT (payload, raw) REPLACE (upper(identity) AS identity) FROM session_events LIMIT 0', []],
    ['SELECT count() AS `how many` FROM statements -- with a comment\n;', [[3]]],
    ['/* first */ SELECT "n" FROM (SELECT 1 AS n)', [[1]]],
    ['SELECT 1\u00a0AS a', [[1]]],
    ["SELECT 'it''s; -- (' AS t, 'a\\nb' AS u", [["it's; -- (", 'a\nb']]],
    ['SELECT a, b FROM (SELECT 1 AS a) AS x LEFT ANY JOIN (SELECT 1 AS a, 2 AS b) AS y USING (a)', [[1, 2]]],
    [
      'WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT max(n) FROM r',
      [[3]],
    ],
    [
      "SELECT toDate(time) AS d, count() FROM statements GROUP BY d ORDER BY d WITH FILL TO toDate('2026-01-04')",
      [
        ['2026-01-02', 3],
        ['2026-01-03', 0],
      ],
    ],
    [
      "SELECT topK(1)(identity), argMax(text, time), any(kinds[1]) FROM statements WHERE identity = 'corp:bot'",
      [[['corp:bot'], 'drop table t', 'drop']],
    ],
    ['SELECT a FROM (VALUES (1), (2)) AS v(a) ORDER BY a', [[1], [2]]],
    ['SHOW TABLES', [...publicTables].sort().map((table) => [table])],
    ["SHOW TABLES FROM weir LIKE 'sess%'", [['session_events'], ['sessions']]],
    ["SHOW TABLES ILIKE 'CHECK%'", [['checkpoints']]],
    ["SHOW DATABASES LIKE 'weir'", [['weir']]],
  ])('%s', async (query, rows) => {
    expect((JSON.parse(await sql.run(query)) as { rows: unknown }).rows).toEqual(rows);
  });

  it.each([
    'DESCRIBE statements',
    'SHOW COLUMNS FROM sessions',
    'SHOW CREATE TABLE weir.statements',
    'EXPLAIN SELECT count() FROM statements',
    'EXPLAIN PLAN indexes = 1 SELECT * FROM sessions',
    'EXPLAIN PIPELINE SELECT 1',
    'EXPLAIN AST SELECT 1',
    'EXPLAIN QUERY TREE SELECT 1',
    'EXPLAIN SYNTAX SELECT 1',
  ])('%s', async (query) => {
    expect((JSON.parse(await sql.run(query)) as { rows: unknown[] }).rows.length).toBeGreaterThan(0);
  });

  it('formats of a short list', async () => {
    const query = "SELECT 1 AS a, 'x' AS b";
    expect(await sql.run(query, 'CSVWithNames')).toBe('"a","b"\n1,"x"\n');
    expect(await sql.run(query, 'JSONEachRow')).toBe('{"a":1,"b":"x"}\n');
    expect(await sql.run(query, 'TabSeparatedWithNames')).toBe('a\tb\n1\tx\n');
  });
});
