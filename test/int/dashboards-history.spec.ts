import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expanded, queries, type Asked } from '../support/dashboard-files.js';
import { begin, eventsPerSession, SeededSessions, span } from '../support/seeded-sessions.js';

const sessions = 10_000;
const all = sessions * eventsPerSession;
const control = 600_000;
const day = 86_400_000;
const middle = begin + span / 2;
const oneDay = { from: new Date(middle), to: new Date(middle + day), interval: 600_000 };

// Sixty days of events; the log took each, and so did the store, when it happened.
describe('a dashboard of one day', () => {
  let store: SeededSessions;
  beforeAll(async () => {
    store = await SeededSessions.build(sessions);
    const update = 'UPDATE ingested_at = toDateTime64(time, 3)';
    await store.writer.command({
      query: `ALTER TABLE weir.session_event_rows ${update} WHERE 1 SETTINGS mutations_sync = 2`,
    });
    await store.writer.command({ query: controlRows });
  }, 120_000);
  afterAll(() => store?.close());

  /** Rows that the engine would read, by its own estimate. */
  async function wouldRead(sql: string): Promise<{ sessions: number; others: number }> {
    const answer = await store.reader.query({ query: `EXPLAIN ESTIMATE ${sql}`, format: 'JSONEachRow' });
    const tables = await answer.json<{ table: string; rows: number | string }>();
    const of = (name: string) =>
      tables.filter(({ table }) => table === name).reduce((sum, { rows }) => sum + Number(rows), 0);
    return { sessions: of('session_event_rows'), others: of('control_event_rows') };
  }

  const asked = [...new Map(queries().map((each) => [each.sql, each])).values()].filter(({ sql }) =>
    /\bFROM (session_events|control_events)\b/.test(sql),
  );

  it.each(asked)('reads little of sixty: $where', async (query: Asked) => {
    const read = await wouldRead(expanded(query, oneDay));
    expect(read.sessions + read.others).toBeGreaterThan(0);
    expect(read.sessions).toBeLessThan(all / 10);
    expect(read.others).toBeLessThan(control / 4);
  });

  it('would be told of a query that does', async () => {
    expect(await wouldRead("SELECT count() FROM statements WHERE time > '2026-02-01'")).toEqual({
      sessions: all,
      others: 0,
    });
    const anyTime = "SELECT count() FROM session_events WHERE client_program = 'psql'";
    expect(await wouldRead(anyTime)).toEqual({ sessions: all, others: 0 });
  });

  it('reads little by when it was logged, too', async () => {
    const byLog =
      "SELECT count() FROM session_events WHERE logged_at > '2026-02-01' AND logged_at < '2026-02-02'";
    const { sessions: read } = await wouldRead(byLog);
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(all / 10);
  });
});

/** Changes of policy, requests and cuts: enough of each for an index to leave most of them out. */
const controlRows = `INSERT INTO weir.control_event_rows (topic, partition, offset, logged_at, ingested_at, event_id, type, time, payload)
  SELECT ['weir.policy.v1', 'weir.approval.v1', 'weir.proof.v1'][number % 3 + 1] AS topic, 0, number, time, time,
    concat('evt_', leftPad(toString(number), 26, '0')), ['PoliciesPublished', 'ApprovalRequested', 'TreeCut'][number % 3 + 1],
    fromUnixTimestamp64Micro(toInt64(${begin * 1000} + intDiv(number * ${span * 1000}, ${control})), 'UTC') AS time, '{}'
  FROM numbers(${control}) SETTINGS max_partitions_per_insert_block = 0, async_insert = 0`;
