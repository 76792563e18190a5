import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

const document = readFileSync(join(import.meta.dirname, '../../docs/audit-schema.md'), 'utf8');
const blocks = [...document.matchAll(/\n([^\n]+):\n\n```sql\n([\s\S]*?)```/g)].map(
  ([, title = '', query = '']) => [title, query] as const,
);
/** Rows that each question finds in the events below; those not named here: one. */
const found: Readonly<Record<string, number>> = {
  "Gaps in a session's sequence, each with the place before it and after": 2,
  'Statements, refusals and rows by hour': 2,
  'What a client saw of one statement, row by row': 2,
};

const path = mkdtempSync(join(tmpdir(), 'weir-audit-docs-'));
const config: AuditStoreConfig = { kind: 'embedded', path };
const limits = { seconds: 20, memory: 512 << 20, resultRows: 1000, resultBytes: 4 << 20, threads: 2 };
let clients: ClickHouseClient[];
let sql: SqlRunner;

beforeAll(async () => {
  const writer = connectAuditStore(config);
  await migrateAuditStore(writer);
  await insertRows(writer, { table: 'session_event_rows', lines: sessionRows(), token: 'a' });
  await insertRows(writer, { table: 'control_event_rows', lines: controlRows(), token: 'b' });
  await insertRows(writer, { table: 'dead_letter_rows', lines: deadLetterRows(), token: 'c' });
  const reader = await connectAuditReader(config, limits);
  const readers = new ReaderPool([reader]);
  sql = new SqlRunner({ readers, control: writer, timeLimit: 10_000, maxRows: 1000, maxBytes: 8 << 20 });
  clients = [writer, reader];
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  rmSync(path, { recursive: true, force: true });
});

describe('docs/audit-schema.md', () => {
  it('has an example for each question', () => expect(blocks.length).toBeGreaterThanOrEqual(12));

  it.each(blocks)('%s', async (title, query) => {
    const { rows } = JSON.parse(await sql.run(query)) as { rows: unknown[] };
    expect(rows).toHaveLength(found[title] ?? 1);
  });

  it('names who approved', async () => {
    const [, query = ''] = blocks.find(([title]) => title.startsWith('Who read a table')) ?? [];
    const { columns, rows } = JSON.parse(await sql.run(query)) as {
      columns: { name: string }[];
      rows: unknown[][];
    };
    const at = columns.findIndex(({ name }) => name === 'approved_by');
    expect(rows[0]?.[at]).toEqual(['corp:ana']);
  });

  it.each(publicTables)('describes every column of %s', async (table) => {
    const section = document.split(`\n## ${table}\n`)[1]?.split('\n## ')[0] ?? '';
    const { rows } = JSON.parse(await sql.run(`DESCRIBE TABLE ${table}`)) as { rows: string[][] };
    const columns = rows.map(([name]) => name ?? '');
    expect(columns.filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
    const named = [...section.matchAll(/`([a-z_]+)`/g)].map(([, name = '']) => name);
    expect(columns.filter((name) => named.includes(name))).toHaveLength(columns.length);
  });
});

function logged(offset: number, type: string) {
  const time = new Date(Date.now() - 3 * 3_600_000 + offset).toISOString().replace('T', ' ').slice(0, 23);
  return {
    topic: 'weir.session.v1',
    partition: 0,
    offset: String(offset),
    raw_base64: 'aGk=',
    logged_at: time,
    event_id: `evt_${offset}`,
    type,
    time,
    payload: '{}',
  };
}

function sessionRows(): string[] {
  const event = (session_id: string, seq: number, type: string, own: object = {}) => {
    const identity = session_id === 'ses_1' ? 'corp:bot' : '';
    return { ...logged(seq + (session_id === 'ses_1' ? 0 : 100), type), session_id, seq, identity, ...own };
  };
  const row = (text: string) => ({ values: [{ text }, {}] });
  const hourEarlier = new Date(Date.now() - 5 * 3_600_000).toISOString().replace('T', ' ').slice(0, 23);
  return [
    event('ses_1', 1, 'SessionStarted'),
    event('ses_1', 2, 'StatementReceived', {
      statement_id: 'stm_1',
      text: 'select * from customers',
      decision: 'hold',
      approval_id: 'apr_1',
      policy_ids: ['hold-reads'],
      tables_read: ['public.customers'],
    }),
    event('ses_1', 3, 'HoldResolved', {
      statement_id: 'stm_1',
      approval_id: 'apr_1',
      hold_outcome: 'approved',
    }),
    event('ses_1', 4, 'ResultChunk', {
      statement_id: 'stm_1',
      payload: JSON.stringify({ statementId: 'stm_1', rows: [row('a'), row('b')] }),
    }),
    event('ses_1', 5, 'StatementOutcome', {
      statement_id: 'stm_1',
      status: 'ok',
      rows: 2,
      masked: { email: 2 },
    }),
    // 6 did not come, 7 could not be read
    event('ses_1', 8, 'StatementReceived', {
      statement_id: 'stm_2',
      text: 'drop table t',
      decision: 'deny',
      time: hourEarlier,
    }),
    event('ses_1', 9, 'SessionEnded', { end_reason: 'terminated' }),
    event('ses_2', 2, 'StatementPrepared', { text: 'select 1' }),
  ].map((each) => JSON.stringify(each));
}

function controlRows(): string[] {
  return [
    {
      ...logged(0, 'ApprovalDecided'),
      topic: 'weir.approval.v1',
      identity: 'corp:ana',
      approval_id: 'apr_1',
      decision: 'approve',
    },
    { ...logged(0, 'PoliciesPublished'), topic: 'weir.policy.v1', subject: 'policies', reason: 'CHG-7' },
  ].map((each) => JSON.stringify(each));
}

function deadLetterRows(): string[] {
  const { time: _, payload: __, ...rest } = logged(7, 'StatementOutcome');
  return [JSON.stringify({ ...rest, session_id: 'ses_1', seq: 7, reason: 'premature EOF' })];
}
