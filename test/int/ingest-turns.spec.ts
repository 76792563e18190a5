import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { connectAuditStore, insertRows, migrateAuditStore, type ClickHouseClient } from '#audit-store';
import { openEmbeddedLog } from '#event-log';
import { topics } from '#events';
import { Ingest } from '../../services/audit/ingest/ingest.js';
import { oneAtATime } from '../../services/audit/ingest/table.turn.js';
import { events } from '../support/session-events.js';
import { withoutText } from '../support/sick-row.js';

const target = /^INSERT INTO weir\.(\w+)/;

it('writes into a table in its turn alone, sums that the store makes by itself too', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-table-turns-'));
  const log = openEmbeddedLog({ path: join(dir, 'log') });
  const store = connectAuditStore({ kind: 'embedded', path: join(dir, 'audit') });
  await migrateAuditStore(store);
  const turn = oneAtATime();
  const held = new Set<string>();
  const written: string[] = [];
  const note = (how: string, query: string) => {
    const table = target.exec(query)?.[1];
    if (table !== undefined) written.push(`${how} ${table}${held.has(table) ? '' : ' out of turn'}`);
  };
  const client = {
    query: (params: Parameters<ClickHouseClient['query']>[0]) => store.query(params),
    command: (params: Parameters<ClickHouseClient['command']>[0]) => {
      note('command', params.query);
      return store.command(params);
    },
  } as unknown as ClickHouseClient;
  const ingest = new Ingest({
    ...{ log, client, interval: 5 },
    turn: (table, write) =>
      turn(table, async () => {
        held.add(table);
        return write().finally(() => held.delete(table));
      }),
    insert: (each) => {
      note('insert', `INSERT INTO weir.${each.table}`);
      return insertRows(store, {
        ...each,
        lines: each.lines.map((line) => withoutText(line, 'statement 2')),
      });
    },
  });
  const [, , last] = await log.append(topics.session, events('ses_1', 1, 3));
  await ingest.start();
  await expect.poll(() => ingest.has(last!), { timeout: 10_000 }).toBe(true);
  await ingest.stop();
  const ofSession = written.filter((each) => !each.includes('control_event_rows'));
  expect(new Set(ofSession)).toEqual(
    new Set(['command session_summary_rows', 'insert session_event_rows', 'insert dead_letter_rows']),
  );
  await store.close();
  await log.close();
  rmSync(dir, { recursive: true, force: true });
}, 30_000);
