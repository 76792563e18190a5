import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { atOnce } from '../../services/audit/ingest/table.turn.js';
import { summarizeAgain } from '../../services/audit/ingest/session.summaries.js';
import { mostClasses, mostTouched } from '#audit-rows';
import { sessionQuery } from '../../services/audit/sessions/session.item.js';
import { searchSql } from '../../services/audit/sessions/session.search.js';
import { begin, eventsPerSession, seededId, SeededSessions, span } from '../support/seeded-sessions.js';

const sessions = 40_000;
const granule = 2048;
const at = (share: number) => new Date(begin + span * share).toISOString();
let store: SeededSessions;

beforeAll(async () => void (store = await SeededSessions.build(sessions)), 120_000);
afterAll(() => store.close());

const page = (query: Record<string, string>) => store.reads.page(sessionQuery.parse(query));
const idsOf = async (query: Record<string, string>) =>
  (await page(query)).sessions.map(({ sessionId }) => sessionId);

/** How many rows the engine read for the ids of a page. */
async function rowsRead(query: Record<string, string>): Promise<number> {
  const parsed = sessionQuery.parse(query);
  const search = searchSql(parsed, 2 * (parsed.limit + 1));
  const answer = await store.reader.query({
    query: search.query,
    query_params: { ...search.params },
    format: 'JSON',
  });
  return (await answer.json()).statistics?.rows_read ?? Infinity;
}

describe(`a search in ${sessions} sessions`, () => {
  it('finds what was there before sessions were summed up, as the auditors see it', async () => {
    const [first] = (await page({ limit: '1' })).sessions;
    expect(await store.reads.get(seededId(sessions - 1))).toMatchObject(first!);
    const summed =
      'SELECT toUInt32(count()) AS n, toUInt32(sum(events)) AS events FROM weir.session_summary_rows';
    expect(await store.rows(summed)).toEqual([{ n: sessions, events: sessions * eventsPerSession }]);
  });

  it.each<[string, Record<string, string>, number]>([
    ['a page', {}, granule],
    ['a page in the middle', { cursor: seededId(sessions / 2) }, 2 * granule],
    ['a time lately', { since: at(0.99) }, 2 * granule],
    ['a time long ago', { until: at(0.01) }, 2 * granule],
    ['nobody', { identity: 'corp:nobody' }, granule],
    ['somebody rare', { identity: 'corp:rare' }, 5 * granule],
    ['a table that nobody names', { table: 'public.none' }, granule],
    ['a table that few name', { table: 'rare' }, 5 * granule],
    ['a common table', { table: 'public.t7' }, 4 * granule],
    ['a class that few have', { class: 'rare' }, 5 * granule],
    ['a decision', { decision: 'deny' }, 3 * granule],
  ])('reads little for %s', async (_, query, atMost) => {
    expect(await rowsRead(query)).toBeLessThanOrEqual(atMost);
  });

  it('reads one session’s events for one session', async () => {
    const answer = await store.reader.query({
      query: 'SELECT * FROM weir.sessions WHERE session_id = {id: String}',
      query_params: { id: seededId(sessions / 2) },
      format: 'JSON',
    });
    const { data, statistics } = await answer.json<Record<string, unknown>>();
    expect(data).toMatchObject([{ statements: 2, events: eventsPerSession, missing: 0 }]);
    expect(statistics?.rows_read).toBeLessThanOrEqual(8192);
  });

  it('takes each condition as it is asked', async () => {
    const rare = [7, 10_007, 20_007, 30_007].map(seededId).reverse();
    expect(await idsOf({ identity: 'corp:rare' })).toEqual(rare);
    for (const query of [{ table: 'rare' }, { table: 'public.rare' }, { class: 'rare' }])
      expect(await idsOf(query)).toEqual(rare);
    expect(await idsOf({ table: 'public.rare', decision: 'deny' })).toEqual([]);
    // A session may be denied something and read that table: what counts is the statement.
    expect(await idsOf({ table: 'public.orders', decision: 'deny' })).toEqual([]);
    expect(await idsOf({ table: 'orders', decision: 'hold', limit: '1' })).toEqual([seededId(39_954)]);
    expect(await idsOf({ since: at(2 / sessions), until: at(4 / sessions) })).toEqual([3, 2].map(seededId));
  });

  it.each([
    "corp:agent-1' OR 1=1 --",
    "') OR ('' = '",
    '{cursor: String}',
    'corp:agent-%',
    'corp:agent_1',
    'corp:agent-*',
    '\\',
    '\u0000',
    'public.orders\tx',
  ])('takes %j for a name and nothing else', async (name) => {
    for (const filter of ['identity', 'connection', 'table', 'class'])
      expect([filter, await idsOf({ [filter]: name.slice(0, 60) })]).toEqual([filter, []]);
  });

  it('pages through all, each once, while sessions come and older ones go on', async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    for (let pages = 0; pages < 5; pages++) {
      const next = await page({ limit: '100', decision: 'deny', ...(cursor === null ? {} : { cursor }) });
      seen.push(...next.sessions.map(({ sessionId }) => sessionId));
      cursor = next.next;
      if (pages === 1) await addNewer();
    }
    const expected = Array.from({ length: 500 }, (_, i) => seededId(sessions - 17 - 20 * i));
    expect(seen).toEqual(expected);
  });

  it('shows each session once while older rows of it are not merged away', async () => {
    const before = await page({ identity: 'corp:agent-17', limit: '60' });
    await store.leaveOldVersions();
    expect(await page({ identity: 'corp:agent-17', limit: '60' })).toEqual(before);
  });

  it('finds what a session touched beyond what its row has room for, and nothing else', async () => {
    await addWide(2000);
    await summarizeAgain(store.writer, ['ses_wide'], atOnce);
    const lengths = `SELECT toUInt32(length(touched)) AS touched, toUInt32(length(classes)) AS classes
      FROM weir.session_summary_rows FINAL WHERE session_id = 'ses_wide'`;
    expect(await store.rows(lengths)).toEqual([{ touched: mostTouched + 1, classes: mostClasses + 1 }]);
    for (const n of [0, 1, 1000, 1999]) {
      const decision = n % 2 === 0 ? 'allow' : 'deny';
      for (const table of [`wide.w${n}`, `w${n}`]) {
        expect(await idsOf({ table })).toEqual(['ses_wide']);
        expect(await idsOf({ table, decision, class: `class${n}` })).toEqual(['ses_wide']);
        expect(await idsOf({ table, decision: n % 2 === 0 ? 'deny' : 'allow' })).toEqual([]);
      }
    }
    for (const query of [{ table: 'w2000' }, { class: 'none' }, { table: 'w1', class: 'none' }])
      expect(await idsOf(query)).toEqual([]);
    // It may be on no page of others, and takes nobody's place.
    expect(await idsOf({ table: 'rare' })).toEqual([7, 10_007, 20_007, 30_007].map(seededId).reverse());
    expect(await idsOf({ table: 'public.t7', limit: '3' })).not.toContain('ses_wide');
  });
});

/** One session with a statement on each of so many tables, every second denied; each masks a class of its own. */
async function addWide(tables: number): Promise<void> {
  await store.writer.command({
    query: `INSERT INTO weir.session_event_rows (topic, partition, offset, logged_at, event_id, type, source, time,
        session_id, seq, identity, tables_read, decision, masked, payload)
      SELECT 'weir.session.v1', 0, 10000000 + number, now64(3), concat('evt_wide', toString(number)),
        if(number % 2 = 0, 'StatementReceived', 'StatementOutcome') AS type, 'proxy/seed', now64(6), 'ses_wide',
        number + 1, 'corp:wide', if(number % 2 = 0, [concat('wide.w', toString(n))], []),
        if(number % 2 = 0, if(n % 2 = 0, 'allow', 'deny'), ''),
        if(number % 2 = 1, map(concat('class', toString(n)), 1), map()), '{}'
      FROM (SELECT number, intDiv(number, 2) AS n FROM numbers(${2 * tables}))
      SETTINGS async_insert = 0`,
  });
}

/** A newer session that is denied something, and one more row of an old one. */
async function addNewer(): Promise<void> {
  await store.writer.command({
    query: `INSERT INTO weir.session_summary_rows SELECT * REPLACE ({id: String} AS session_id, offset + 1000000 AS offset)
      FROM weir.session_summary_rows FINAL WHERE session_id = {old: String}`,
    query_params: { id: 'ses_z', old: seededId(sessions - 17) },
  });
  await store.writer.command({
    query: `INSERT INTO weir.session_summary_rows SELECT * REPLACE (offset + 1 AS offset)
      FROM weir.session_summary_rows FINAL WHERE session_id = {old: String}`,
    query_params: { old: seededId(sessions - 17 - 20 * 300) },
  });
}
