import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createLedger,
  publicTables,
  readMigrations,
  searchTables,
  serverStatement,
  type ClickHouseClient,
} from '#audit-store';
import { openEmbeddedLog, type EventLog } from '#event-log';
import { EventBuriedSchema, payload, topics } from '#events';
import { parseConfig, type WeirConfig } from '#platform';
import { Ingest, type IngestOptions } from '../../services/audit/ingest/ingest.js';
import { ReaderPool } from '../../services/audit/sql/reader.pool.js';
import { SqlRunner } from '../../services/audit/sql/sql.runner.js';
import { openAuditStore, openControl, openReader } from '../../services/audit/store.open.js';
import { ClickHouseStandIn, users } from '../support/clickhouse.http.js';
import { events } from '../support/session-events.js';
import { withoutText } from '../support/sick-row.js';

const root = mkdtempSync(join(tmpdir(), 'weir-audit-server-'));
const limits = { seconds: 20, memory: 1 << 30, resultRows: 1000, resultBytes: 1 << 24, threads: 2 };
let standIn: ClickHouseStandIn;
let config: WeirConfig;
let log: EventLog;
let writer: ClickHouseClient;

beforeAll(async () => {
  standIn = await ClickHouseStandIn.start();
  config = configOf(standIn.url);
  log = openEmbeddedLog({ path: join(root, 'log') });
  writer = await openAuditStore(config);
});

afterAll(async () => {
  await writer.close();
  await log.close();
  await standIn.dispose();
  rmSync(root, { recursive: true, force: true });
});

describe('the audit store on a server (a stand-in of one)', () => {
  it('has the schema, twice opened or once', async () => {
    await (await openAuditStore(config)).close();
    const names = await rows(writer, 'SELECT name FROM weir.schema_migrations FINAL ORDER BY version');
    expect(names).toEqual(readMigrations().map(({ name }) => ({ name })));
  });

  it('takes what ingest carries, once as read, and an event that it cannot take is buried', async () => {
    await log.append(topics.session, [...events('ses_a', 1, 50), Buffer.from('no envelope')]);
    await log.append(topics.session, events('ses_a', 40, 60)); // shipped twice, and more
    await ingest(50 + 1 + 21);
    expect(
      await read('SELECT seq FROM weir.session_events WHERE session_id = {id: String} ORDER BY seq'),
    ).toEqual(Array.from({ length: 60 }, (_, i) => ({ seq: i + 1 })));
    expect(await read('SELECT reason FROM weir.dead_letters')).toEqual([
      { reason: 'the envelope does not decode' },
    ]);
    const [end] = await log.append(topics.session, events('ses_a', 61, 63));
    const announced = await log.read({ topic: topics.deadLetter, partition: 0, offset: -1 }, 10);
    expect(
      announced.map(({ envelope }) => [envelope.id, payload(EventBuriedSchema, envelope)]),
    ).toMatchObject([
      [
        'dead-weir.session.v1-0-50',
        { offset: 50n, reason: 'the envelope does not decode', raw: Buffer.from('no envelope') },
      ],
    ]);
    const { insertRows } = await import('#audit-store');
    await ingestTo(end!.offset, {
      insert: (each) =>
        insertRows(writer, { ...each, lines: each.lines.map((line) => withoutText(line, 'statement 62')) }),
    });
    expect(await read('SELECT seq FROM weir.session_events WHERE seq > 60 ORDER BY seq')).toEqual([
      { seq: 61 },
      { seq: 63 },
    ]);
  });

  it('answers auditors under the one check, as a reader', async () => {
    const readers = new ReaderPool([await openReader(config, limits)]);
    const control = openControl(config);
    const runner = new SqlRunner({ readers, control, timeLimit: 10_000, maxRows: 1000, maxBytes: 1 << 24 });
    const { bytes } = await runner.answer({
      query: "SELECT count() AS n FROM session_events WHERE session_id = 'ses_a'",
      format: 'TSV',
    });
    expect(bytes.toString()).toBe('62\n');
    expect(await runner.run("SHOW TABLES LIKE 'statem%'")).toContain('"statements"');
    for (const query of [
      "SELECT * FROM url('http://127.0.0.1/', 'CSV', 'a String')",
      'SELECT * FROM weir.session_event_rows',
      'DROP TABLE weir.session_event_rows',
      'SELECT 1 SETTINGS max_execution_time = 0',
      'SELECT * FROM system.users',
    ])
      await expect(runner.run(query)).rejects.toMatchObject({ code: 'QUERY_REFUSED' });
    await Promise.all([readers.close(), control.close()]);
  });

  it('lets a reader read and no more, whatever the check would miss', async () => {
    const reader = await openReader(config, limits);
    expect(await rows(reader, 'SELECT count() > 0 AS some FROM sessions')).toEqual([{ some: 1 }]);
    await expect(rows(reader, 'SELECT count() FROM weir.session_event_rows')).rejects.toMatchObject({
      code: '497',
    });
    await expect(reader.command({ query: 'TRUNCATE TABLE weir.session_event_rows' })).rejects.toThrow(
      /readonly|ACCESS_DENIED|privileges/i,
    );
    await expect(rows(reader, 'SELECT 1 SETTINGS readonly = 0')).rejects.toThrow('readonly');
    await reader.close();
  });

  it('says at start what is wrong with it', async () => {
    const wrong = configOf(standIn.url, 'password: guessed');
    await expect(openAuditStore(wrong)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: /refuses.*516|refuses/,
    });
    await expect(openAuditStore(configOf('http://127.0.0.1:9'))).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
    });
    await expect(
      openAuditStore(configOf(standIn.url, 'password: env:NOT_THERE_AT_ALL')),
    ).rejects.toMatchObject({
      message: expect.stringContaining('auditStore.password: env:NOT_THERE_AT_ALL') as string,
    });
  });

  it('is granted what the documentation says, in statements that parse (not run here)', async () => {
    const text = readFileSync('docs/configuration.md', 'utf8');
    const [, sql = ''] = /```sql\n(CREATE USER[^`]+)```/.exec(text) ?? [];
    const statements = sql.split(';\n').filter((each) => each !== '');
    expect(statements.length).toBeGreaterThan(8);
    for (const made of statements)
      await rows(writer, 'SELECT formatQuerySingleLine({made: String})', { made });
    for (const table of [...publicTables, ...searchTables])
      expect(sql).toContain(`GRANT SELECT ON weir.${table} TO weir_reader`);
  });

  it('writes a schema for a cluster that the engine can parse (not run here)', async () => {
    const statements = [
      'CREATE DATABASE IF NOT EXISTS weir',
      createLedger,
      ...readMigrations().flatMap((each) => each.statements),
    ];
    for (const statement of statements) {
      const made = serverStatement(statement, 'audit');
      const [line] = await rows<{ text: string }>(
        writer,
        'SELECT formatQuerySingleLine({made: String}) AS text',
        { made },
      );
      expect(line?.text).toMatch(/ ON CLUSTER audit\b|^INSERT INTO /);
    }
    await expect(
      rows(writer, 'SELECT formatQuerySingleLine({made: String})', { made: 'CREATE TABLE x ON' }),
    ).rejects.toThrow('Syntax error');
  });
});

async function ingest(count: number): Promise<void> {
  const before = (await log.end(topics.session))[0]!.offset;
  expect(before).toBe(count - 1);
  await ingestTo(before);
}

async function ingestTo(offset: number, options: Partial<IngestOptions> = {}): Promise<void> {
  const running = new Ingest({ log, client: writer, interval: 5, ...options });
  await running.start();
  while (!running.has({ topic: topics.session, partition: 0, offset })) await delay(10);
  await running.stop();
}

async function read(query: string): Promise<unknown[]> {
  return rows(writer, query, { id: 'ses_a' });
}

async function rows<T>(
  client: ClickHouseClient,
  query: string,
  query_params: Record<string, unknown> = {},
): Promise<T[]> {
  const clickhouse_settings = { output_format_json_quote_64bit_integers: 0 } as const;
  return (await client.query({ query, query_params, format: 'JSONEachRow', clickhouse_settings })).json<T>();
}

function configOf(url: string, password = `password: ${users['weir']}`): WeirConfig {
  const reader = `reader: { user: reader, password: ${users['reader']} }`;
  const text = `auditStore: { kind: clickhouse, url: '${url}', user: weir, ${password}, ${reader} }`;
  return parseConfig(text, join(root, 'weir.yaml'), root);
}
