import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SessionBook } from '#audit-rows';
import {
  connectAuditStore,
  insertColumns,
  insertRows,
  migrateAuditStore,
  readMigrations,
  type ClickHouseClient,
} from '#audit-store';
import { openEmbeddedLog, type EventLog, type Position } from '#event-log';
import {
  ApprovalDecidedSchema,
  encodeEnvelope,
  LinkSchema,
  newEvent,
  SessionStartedSchema,
  StatementReceivedSchema,
  topics,
  type EncodedEnvelope,
} from '#events';
import { systemClock } from '#kernel';
import { parseConfig } from '#platform';
import { sessionBatch } from '../../services/audit/ingest/event.batch.js';
import { insertInto, type Insert } from '../../services/audit/ingest/batch.writer.js';
import { Ingest, type IngestOptions } from '../../services/audit/ingest/ingest.js';
import type { BatchResult } from '../../services/audit/ingest/partition.ingest.js';
import { openAuditStore } from '../../services/audit/store.open.js';
import { compileChild } from '../support/log-writer.build.js';
import { rounds } from '../support/rounds.js';
import { withoutText } from '../support/sick-row.js';
import { TalkingChild } from '../support/log-writer.spawn.js';

const root = mkdtempSync(join(tmpdir(), 'weir-audit-ingest-'));
const logPath = join(root, 'log');
const storePath = join(root, 'audit');
const kills = rounds(4, 12);
const sessions = 7;
let log: EventLog;
let child: ReturnType<typeof compileChild>;

beforeAll(() => {
  log = openEmbeddedLog({ path: logPath });
  child = compileChild('test/int/audit-ingest.child.ts');
  const migrations = 'libs/audit-store/migrations';
  symlinkSync(join(import.meta.dirname, '../..', migrations), join(child.directory, migrations));
});

afterAll(async () => {
  await log.close();
  rmSync(root, { recursive: true, force: true });
  rmSync(child.directory, { recursive: true, force: true });
});

describe('the embedded store', () => {
  it('is one process’s: a second one on the same state directory stops at start and says so', async () => {
    const first = new TalkingChild(child.path, [logPath, storePath]);
    await log.append(topics.session, nextEvents(new Map(), 1));
    await first.said(1);
    const config = parseConfig('', join(root, 'weir.yaml'), root);
    await expect(openAuditStore(config)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringContaining('auditStore.kind: clickhouse') as string,
    });
    await first.kill();
    await (await openAuditStore(config)).close();
  });
});

describe('ingest (invariant 7)', () => {
  it(`killed ${kills} times while the log grows, leaves every event exactly once as read`, async () => {
    const seqs = new Map<string, number>();
    let poison = 0;
    for (let round = 0; round < kills; round++) {
      const running = new TalkingChild(child.path, [logPath, storePath]);
      await running.said(1);
      for (let part = 0; part < 6; part++) {
        const events = nextEvents(seqs, 400);
        if (part === 3) {
          events.splice(200, 0, Buffer.from('not an envelope'));
          poison++;
        }
        await log.append(topics.session, events);
        await log.append(topics.session, events.slice(-50)); // shipped twice
      }
      await running.said(2 + (round % 3));
      await delay((round * 36) / kills); // somewhere inside the next batch
      await running.kill();
    }
    const client = await openStore();
    const [{ offset: end } = { offset: -1 }] = await log.end(topics.session);
    await ingestUntil(client, end);
    const expected = [...seqs].map(([session_id, n]) => ({ session_id, n, last: n, missing: 0 }));
    const read = await rows(
      client,
      `SELECT session_id, toUInt32(count()) AS n, toUInt32(max(seq)) AS last,
         toInt32(max(seq) - uniqExact(seq)) AS missing
       FROM weir.session_events GROUP BY session_id ORDER BY session_id`,
    );
    expect(read).toEqual(expected.sort((a, b) => (a.session_id < b.session_id ? -1 : 1)));
    expect(
      await rows(
        client,
        'SELECT toUInt32(count()) AS n, uniqExact(offset) = n AS once FROM weir.dead_letters',
      ),
    ).toEqual([{ n: poison, once: 1 }]);
    expect(await rows(client, 'SELECT any(reason) AS reason FROM weir.dead_letters')).toEqual([
      { reason: 'the envelope does not decode' },
    ]);
    expect(await summariesAgainstEvents(client)).toEqual([{ sessions, differing: 0 }]);
    const identities = await rows(client, 'SELECT DISTINCT identity, connection FROM weir.session_events');
    expect(identities).toEqual([{ identity: 'corp:agent', connection: 'orders' }]);
    await client.close();
  }, 120_000);

  it('stores every control event once, and one that stands twice in the log too', async () => {
    const origin = { source: 'approval', subject: 'apr_1', clock: systemClock };
    const by = { id: 'corp:ana', kind: 'person' };
    const init = { approvalId: 'apr_1', decision: 'approve', by, reason: 'as agreed' };
    const decided = encodeEnvelope(newEvent(ApprovalDecidedSchema, init, origin));
    await log.append(topics.approval, [decided, decided]);
    const client = await openStore();
    await ingestUntil(client, 1, topics.approval);
    const read = await rows(
      client,
      'SELECT type, identity, approval_id, decision, toUInt32(offset) AS offset FROM weir.control_events',
    );
    expect(read).toEqual([
      { type: 'ApprovalDecided', identity: 'corp:ana', approval_id: 'apr_1', decision: 'approve', offset: 0 },
    ]);
    await client.close();
  });

  it('keeps the first of two events that claim one place in a session', async () => {
    const client = await openStore();
    const [before] = await log.end(topics.session);
    const first = encodeEnvelope(received('ses_zombie', 1, 'the first'));
    const second = encodeEnvelope(received('ses_zombie', 1, 'the second'));
    await log.append(topics.session, [first]);
    await ingestUntil(client, (before?.offset ?? -1) + 1);
    const [end] = await log.append(topics.session, [second]);
    // A second writer that has not heard of the first's row: its book is empty and its mark stands before.
    const batch = sessionBatch(await log.read({ ...end!, offset: end!.offset - 1 }, 1), new SessionBook());
    await insertRows(client, { table: 'session_event_rows', lines: batch.rows, token: 'zombie' });
    expect(
      await rows(client, "SELECT text FROM weir.session_events WHERE session_id = 'ses_zombie'"),
    ).toEqual([{ text: 'the first' }]);
    await client.close();
  });

  it.each([
    ['short while the processors are busy', (worked: number) => worked + 1, [2000, 1000, 1000, 1000]],
    ['long while one is idle', () => 0, [2000, 2000, 1000]],
    ['long where it is far behind', (worked: number) => worked, [2000, 2000, 1000]],
  ])('takes batches that are %s', async (name, after, expected) => {
    const client = await openStore();
    const before = (await log.end(topics.session))[0]?.offset ?? -1;
    await ingestUntil(client, before);
    const batches: number[] = [];
    const events = Array.from({ length: 5000 }, (_, i) => encodeEnvelope(received(name, i + 1, 'select 1')));
    await log.append(topics.session, events);
    const insert: Insert = ({ table, lines }) =>
      Promise.resolve(void (table === 'session_event_rows' && batches.push(lines.length)));
    const options = { batchSize: 2000, breath: () => ({ after }) };
    await ingestUntil(client, before + 5000, topics.session, insert, options);
    expect(batches).toEqual(expected);
    await client.close();
  });

  it('buries the one event that the store cannot take and goes on', async () => {
    const client = await openStore();
    const [before] = await log.end(topics.session);
    const events = [1, 2, 3, 4, 5].map((seq) =>
      encodeEnvelope(received('ses_sick', seq, `statement ${seq}`)),
    );
    await log.append(topics.session, events);
    const sick = insertInto(client);
    await ingestUntil(client, (before?.offset ?? -1) + 5, topics.session, async (insert) =>
      sick({
        ...insert,
        lines: insert.lines.map((line) => withoutText(line, 'statement 3')),
      }),
    );
    expect(
      await rows(
        client,
        "SELECT toUInt32(seq) AS seq FROM weir.session_events WHERE session_id = 'ses_sick' ORDER BY seq",
      ),
    ).toEqual([{ seq: 1 }, { seq: 2 }, { seq: 4 }, { seq: 5 }]);
    expect(
      await rows(client, "SELECT toUInt32(seq) AS seq FROM weir.dead_letters WHERE session_id = 'ses_sick'"),
    ).toEqual([{ seq: 3 }]);
    const summed =
      "SELECT toUInt32(events) AS events, toUInt32(last_seq) AS last_seq FROM weir.session_summary_rows FINAL WHERE session_id = 'ses_sick'";
    expect(await rows(client, summed)).toEqual([{ events: 4, last_seq: 5 }]);
    await client.close();
  });

  it('sums up what one that died between a batch and its summaries left out', async () => {
    const client = await openStore();
    const [before] = await log.end(topics.session);
    await log.append(topics.session, [
      encodeEnvelope(started('ses_left')),
      encodeEnvelope(received('ses_left', 2, 'x')),
    ]);
    const insert = insertInto(client);
    const ingest = new Ingest({
      ...{ log, client, interval: 5 },
      insert: (each) =>
        each.table === 'session_summary_rows' ? Promise.reject(new Error('gone')) : insert(each),
    });
    await ingest.start();
    const stored = "SELECT toUInt32(count()) AS n FROM weir.session_events WHERE session_id = 'ses_left'";
    await expect.poll(() => rows(client, stored), { timeout: 10_000 }).toEqual([{ n: 2 }]);
    await ingest.stop();
    const summed = stored.replace('session_events', 'session_summary_rows');
    expect(await rows(client, summed)).toEqual([{ n: 0 }]);
    await ingestUntil(client, (before?.offset ?? -1) + 2);
    expect(await rows(client, summed)).toEqual([{ n: 1 }]);
    expect(await summariesAgainstEvents(client)).toMatchObject([{ differing: 0 }]);
    await client.close();
  });

  it('counts on from no summary that lacks what another writer has stored meanwhile', async () => {
    const client = await openStore();
    const [{ offset: before }] = (await log.append(topics.session, [
      encodeEnvelope(received('ses_before', 1, 'select 1')),
    ])) as [Position];
    const errors: unknown[] = [];
    const ingest = new Ingest({ log, client, interval: 5, onError: (error) => void errors.push(error) });
    await ingest.start();
    await expect
      .poll(() => ingest.has({ topic: topics.session, partition: 0, offset: before }), { timeout: 20_000 })
      .toBe(true);
    // The one who had the partition before: its last batch comes now, and it dies before the summaries.
    const sent = [1, 2, 3].map((seq) => received('ses_handed', seq, 'select 1'));
    const late = sent.map((envelope, i) => ({
      position: { topic: topics.session, partition: 0, offset: before + 1 + i },
      appendedAt: Date.now(),
      envelope,
      raw: encodeEnvelope(envelope),
    }));
    const { rows: lines } = sessionBatch(late, new SessionBook());
    await insertRows(client, { table: 'session_event_rows', lines, token: 'handed' });
    await log.append(topics.session, sent.map(encodeEnvelope));
    await log.append(topics.session, [encodeEnvelope(received('ses_handed', 4, 'select 2'))]);
    await expect
      .poll(() => ingest.has({ topic: topics.session, partition: 0, offset: before + 4 }), {
        timeout: 20_000,
      })
      .toBe(true);
    await ingest.stop();
    expect(errors).toEqual([]);
    const summed = `SELECT toUInt32(events) AS events, toUInt32(last_seq) AS last_seq
      FROM weir.session_summary_rows FINAL WHERE session_id = 'ses_handed'`;
    expect(await rows(client, summed)).toEqual([{ events: 4, last_seq: 4 }]);
    expect(await summariesAgainstEvents(client)).toMatchObject([{ differing: 0 }]);
    await client.close();
  });

  it('tries the same batch with the same token until the store takes it', async () => {
    const client = await openStore();
    const [before] = await log.end(topics.session);
    await log.append(topics.session, [encodeEnvelope(received('ses_retry', 1, 'once'))]);
    const tokens: string[] = [];
    const insert = insertInto(client);
    await ingestUntil(client, (before?.offset ?? -1) + 1, topics.session, async (each) => {
      if (each.table === 'session_event_rows') tokens.push(each.token);
      await insert(each); // it is stored, but the answer is lost twice
      if (tokens.length < 3) throw new Error('connection reset');
    });
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens).size).toBe(1);
    const stored = await rows(
      client,
      "SELECT toUInt32(count()) AS n FROM weir.session_event_rows WHERE session_id = 'ses_retry'",
    );
    expect(stored).toEqual([{ n: 1 }]);
    await client.close();
  });
});

describe('the store', () => {
  it('applies each migration once and refuses one whose text changed', async () => {
    const client = await openStore();
    expect(await migrateAuditStore(client)).toEqual([]);
    const [first, ...others] = readMigrations();
    const changed = [{ ...first!, sha256: 'other' }, ...others];
    await expect(migrateAuditStore(client, changed)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await client.close();
  });

  it('refuses an older version than the one that migrated it, and is left as it is', async () => {
    const path = join(root, 'newer');
    const client = connectAuditStore({ kind: 'embedded', path });
    const [first, second, ...others] = readMigrations();
    await migrateAuditStore(client, [first!, second!]);
    await expect(migrateAuditStore(client, [first!])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'the audit store has tables of migration 2, and this version knows 1 migrations',
      hint: expect.stringContaining('a newer Weirkeeper has migrated it'),
    });
    expect(await migrateAuditStore(client)).toEqual(others.map(({ name }) => name));
    await client.close();
  });

  it('has a part on the disk before an insert returns', async () => {
    const client = await openStore();
    const settings = await rows(
      client,
      "SELECT name, value FROM system.merge_tree_settings WHERE name IN ('fsync_after_insert', 'fsync_part_directory') ORDER BY name",
    );
    expect(settings).toEqual([
      { name: 'fsync_after_insert', value: '1' },
      { name: 'fsync_part_directory', value: '1' },
    ]);
    await client.close();
  });

  it('gives a session nothing of what its statement before wrote and did not end', async () => {
    const client = await openStore();
    const failing = 'SELECT number, throwIf(number = 30000) FROM system.numbers LIMIT 40000';
    const settings = { max_block_size: '1000' };
    await expect(
      client.query({ query: failing, format: 'JSONEachRow', clickhouse_settings: settings }),
    ).rejects.toThrow('throwIf');
    expect(await rows(client, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await client.close();
  });
});

async function openStore(): Promise<ClickHouseClient> {
  const client = connectAuditStore({ kind: 'embedded', path: storePath });
  await migrateAuditStore(client);
  return client;
}

async function ingestUntil(
  client: ClickHouseClient,
  offset: number,
  topic: BatchResult['topic'] = topics.session,
  insert = insertInto(client),
  options: Partial<IngestOptions> = {},
): Promise<void> {
  const ingest = new Ingest({ log, client, insert, interval: 5, ...options });
  await ingest.start();
  while (!ingest.has({ topic, partition: 0, offset })) await delay(10);
  await ingest.stop();
}

/** How many sessions are summed up, and how many of them otherwise than their events say. */
function summariesAgainstEvents(client: ClickHouseClient): Promise<unknown[]> {
  const columns = insertColumns.session_summary_rows
    .filter((column) => !['topic', 'partition', 'touched', 'classes'].includes(column))
    .join(', ');
  const rowsOf = (from: string) =>
    `SELECT tuple(${columns}, arraySort(touched), arraySort(classes)) AS row FROM ${from}`;
  return rows(
    client,
    `SELECT toUInt32(uniqExact(row.1)) AS sessions, toUInt32(countIf(n != 2)) AS differing FROM (
       SELECT row, count() AS n FROM (
         ${rowsOf('weir.session_summary_rows FINAL')} UNION ALL ${rowsOf('weir.session_summary_source')}
       ) GROUP BY row)`,
  );
}

async function rows(client: ClickHouseClient, query: string): Promise<unknown[]> {
  return (await client.query({ query, format: 'JSONEachRow' })).json();
}

function nextEvents(seqs: Map<string, number>, count: number): EncodedEnvelope[] {
  return Array.from({ length: count }, (_, i) => {
    const session = `ses_${i % sessions}`;
    const seq = (seqs.get(session) ?? 0) + 1;
    seqs.set(session, seq);
    return encodeEnvelope(seq === 1 ? started(session) : received(session, seq, `select ${seq}`));
  });
}

function started(session: string) {
  const principal = { id: 'corp:agent', kind: 'agent' };
  const init = { sessionId: session, principal, connection: 'orders' };
  const event = newEvent(SessionStartedSchema, init, { source: 'p', subject: session, clock: systemClock });
  event.link = create(LinkSchema, { seq: 1n, hash: Buffer.alloc(32) });
  return event;
}

function received(session: string, seq: number, text: string) {
  const init = { statementId: `stm_${session}_${seq}`, text, decision: 'allow' };
  const event = newEvent(StatementReceivedSchema, init, {
    source: 'p',
    subject: session,
    clock: systemClock,
  });
  event.link = create(LinkSchema, { seq: BigInt(seq), hash: Buffer.alloc(32) });
  return event;
}
