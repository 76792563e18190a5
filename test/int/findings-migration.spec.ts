import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { controlEventRow, rowLine } from '#audit-rows';
import {
  connectAuditStore,
  insertRows,
  migrateAuditStore,
  readMigrations,
  storageTables,
  type ClickHouseClient,
} from '#audit-store';
import type { Envelope } from '#events';
import { hour, logged, noon, raised, ruled, triaged, under } from '../../libs/domain/finding.specimen.js';

const root = mkdtempSync(join(tmpdir(), 'weir-findings-migration-'));
let client: ClickHouseClient;
const migrations = readMigrations();
const at = migrations.findIndex(({ name }) => name === 'findings_read');

beforeAll(async () => {
  client = connectAuditStore({ kind: 'embedded', path: join(root, 'audit') });
  await migrateAuditStore(client, migrations.slice(0, at));
});
afterAll(async () => {
  await client.close();
  rmSync(root, { recursive: true, force: true });
});

async function store(token: string, ...events: readonly Envelope[]): Promise<void> {
  const lines = events.map((event) => rowLine(controlEventRow(logged(event))));
  await insertRows(client, { table: storageTables.controlEvents, lines, token });
}

async function rows(query: string): Promise<Record<string, unknown>[]> {
  return (await client.query({ query, format: 'JSONEachRow' })).json();
}
const findings = () => rows('SELECT * FROM weir.findings ORDER BY finding_id');

const links = { sessionIds: ['ses_1', 'ses_2'], statementIds: ['stm_1'] };
const before = [
  raised('f1', { ...links, measures: { rows: 7, share: 0.5 }, subject: 'public.t', quarantine: 'blocked' }),
  raised('f2', { from: noon, identity: '', risk: '', evidence: 'says "so",\nand on' }),
  raised('f3', { from: noon + 20 * hour }),
  // A second of an id, and one under a key that is not its own, count for nothing.
  raised('f1', { severity: 'low' }),
  under('corp:else', raised('f4')),
  ...[
    triaged('f1', 'acknowledged'),
    triaged('f3', 'false_alarm'),
    triaged('f0', 'open'),
    ruled('blocked', 'f1'),
  ],
];

describe('findings that were stored before', () => {
  it('are the same ones after it, and those that come later stand beside them', async () => {
    await store('before', ...before);
    const old = await findings();
    expect(old.map(({ finding_id, state }) => [finding_id, state])).toEqual([
      ...[
        ['f1', 'acknowledged'],
        ['f2', 'open'],
        ['f3', 'false_alarm'],
      ],
    ]);
    expect(old[0]).toMatchObject({
      severity: 'high',
      session_ids: ['ses_1', 'ses_2'],
      measures: { rows: 7, share: 0.5 },
    });
    const quarantines = await rows('SELECT * FROM weir.quarantines ORDER BY event_id');
    await migrateAuditStore(client);
    // As after a process that was killed within it.
    for (const query of migrations[at]!.statements) await client.command({ query });
    expect(await findings()).toEqual(old);
    expect(await rows('SELECT * FROM weir.quarantines ORDER BY event_id')).toEqual(quarantines);
    await store('after', raised('f5', { ...links, from: noon + hour }), triaged('f2', 'open', '-'));
    const now = await findings();
    expect(now.slice(0, 3)).toEqual(
      old.map((each) => (each['finding_id'] === 'f2' ? { ...each, ...now[1] } : each)),
    );
    expect(now[3]).toMatchObject({ finding_id: 'f5', incident: 'f1', session_ids: ['ses_1', 'ses_2'] });
  }, 60_000);

  it('are read without their payload, which nobody can make say something else', async () => {
    const [plan] =
      await rows(`SELECT arrayStringConcat(groupArray(explain), ' ') AS text FROM (EXPLAIN PLAN actions = 1
      SELECT * FROM weir.findings)`);
    expect(plan!['text']).toContain('finding');
    expect(plan!['text']).not.toMatch(/JSONExtract|payload/);
    const update = `ALTER TABLE weir.control_event_rows UPDATE finding = defaultValueOfTypeName(toTypeName(finding)) WHERE 1`;
    await expect(client.command({ query: update })).rejects.toThrow(/materialized|MATERIALIZED/i);
  });

  it('leave the record with the columns that it had', async () => {
    const [event] = await rows('SELECT * FROM weir.control_events LIMIT 1');
    expect(Object.keys(event!)).not.toContain('finding');
  });
});
