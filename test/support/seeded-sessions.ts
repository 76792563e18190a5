import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectAuditReader,
  connectAuditStore,
  migrateAuditStore,
  readMigrations,
  type AuditStoreConfig,
  type ClickHouseClient,
} from '#audit-store';
import { SessionReads } from '../../services/audit/sessions/session.reads.js';

/** A session is its start, two statements with their outcomes, and its end. */
export const eventsPerSession = 6;
/** The first session begins here, the others one after another within the next 60 days. */
export const begin = Date.UTC(2026, 0, 1);
export const span = 60 * 86_400_000;

/** The id of the n-th session. */
export const seededId = (n: number): string => `ses_${String(n).padStart(26, '0')}`;

/** A store as the audit process has it, with sessions made by the engine itself. */
export class SeededSessions {
  private constructor(
    readonly writer: ClickHouseClient,
    readonly reader: ClickHouseClient,
    readonly reads: SessionReads,
    private readonly path: string,
  ) {}

  /** The events come before the migration that sums sessions up, as in a store that is older than it. */
  static async build(sessions: number): Promise<SeededSessions> {
    const path = mkdtempSync(join(tmpdir(), 'weir-seeded-'));
    const config: AuditStoreConfig = { kind: 'embedded', path };
    const writer = connectAuditStore(config);
    await migrateAuditStore(writer, readMigrations().slice(0, 5));
    await writer.command({ query: seedSql(sessions) });
    await migrateAuditStore(writer);
    // As services/audit/audit.module.ts opens it.
    const limits = { seconds: 30, memory: 1 << 30, resultRows: 100_000, resultBytes: 128 << 20, threads: 2 };
    const reader = await connectAuditReader(config, limits);
    return new SeededSessions(writer, reader, new SessionReads(reader), path);
  }

  async rows<T>(query: string, params: Record<string, unknown> = {}): Promise<T[]> {
    return (await this.writer.query({ query, query_params: params, format: 'JSONEachRow' })).json<T>();
  }

  /** As live sessions leave it: for each, an older row that no merge has taken away yet. */
  async leaveOldVersions(): Promise<void> {
    const unmerged =
      'max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1';
    await this.writer.command({ query: `ALTER TABLE weir.session_summary_rows MODIFY SETTING ${unmerged}` });
    await this.writer.command({
      query: `INSERT INTO weir.session_summary_rows SELECT * REPLACE
          (offset - 2 AS offset, NULL AS ended_at, events - 2 AS events, last_seq - 2 AS last_seq)
        FROM weir.session_summary_rows FINAL`,
    });
  }

  async close(): Promise<void> {
    await this.reader.close();
    await this.writer.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}

/**
 * Of n sessions: 200 identities, 12 connections, 40 tables (every second session also reads `public.orders`), four
 * classes; every 20th has a statement denied, every 50th one held; `corp:rare`, `public.rare` and `rare` are four each.
 * Only odd identities read `public.t1`, `public.t3`, …
 */
function seedSql(sessions: number): string {
  const rare = Math.max(1, Math.floor(sessions / 4));
  return `
    INSERT INTO weir.session_event_rows (topic, partition, offset, logged_at, event_id, type, source, time, session_id,
      seq, identity, identity_kind, connection, protocol, source_address, client_program, statement_id, text, kinds,
      tables_read, decision, status, rows, bytes, masked, end_reason, payload)
    SELECT 'weir.session.v1', 0, number AS offset, time, concat('evt_', toString(number)),
      ['SessionStarted', 'StatementReceived', 'StatementOutcome', 'StatementReceived', 'StatementOutcome',
        'SessionEnded'][seq] AS type, 'proxy/seed',
      fromUnixTimestamp64Micro(toInt64(${begin * 1000} + intDiv(n * ${span * 1000}, ${sessions}) + seq * 1000), 'UTC') AS time,
      concat('ses_', leftPad(toString(n), 26, '0')), number % ${eventsPerSession} + 1 AS seq,
      if(n % ${rare} = 7, 'corp:rare', concat('corp:agent-', toString(n % 200))), 'agent',
      concat('db-', toString(n % 12)), 'postgres', '10.0.0.1:5000', 'psql',
      multiIf(seq IN (2, 3), concat('s', toString(n), '-1'), seq IN (4, 5), concat('s', toString(n), '-2'), ''),
      if(type = 'StatementReceived', 'select 1', ''), if(type = 'StatementReceived', ['select'], []),
      multiIf(seq = 2, [if(n % ${rare} = 7, 'public.rare', concat('public.t', toString(n % 40)))],
        seq = 4 AND n % 2 = 0, ['public.orders'], []),
      multiIf(type != 'StatementReceived', '', seq = 2 AND n % 20 = 3, 'deny', seq = 4 AND n % 50 = 4, 'hold', 'allow'),
      if(type = 'StatementOutcome', 'ok', ''), if(type = 'StatementOutcome', 10, 0), 0,
      if(seq = 3, map(if(n % ${rare} = 7, 'rare', ['email', 'ssn', 'card', 'iban'][n % 4 + 1]), 10), map()),
      if(type = 'SessionEnded', 'terminated', ''), '{}'
    FROM (SELECT number, intDiv(number, ${eventsPerSession}) AS n FROM numbers(${sessions * eventsPerSession}))
    SETTINGS max_insert_threads = 1, max_threads = 2, max_partitions_per_insert_block = 0, async_insert = 0`;
}
