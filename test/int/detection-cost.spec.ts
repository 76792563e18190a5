import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectAuditStore, migrateAuditStore, readMigrations } from '#audit-store';
import type { Detector } from '../../services/audit/detection/detector.check.js';
import { overRange } from '../../services/audit/detection/detector.values.js';
import { DetectionStage } from './detection.stage.js';

const hour = 3_600_000;
const noon = Date.UTC(2026, 9, 20, 12);
const range = { from: noon, to: noon + hour };

/** So many rows of some days until this noon; `number` says which one it is, `at` when. */
const past = (days: number, count: number) =>
  `(SELECT number, toDateTime64(${noon / 1000} - ${days * 86400} + intDiv(number * ${days * 86400}, ${count}), 6, 'UTC') AS at FROM numbers(${count}))`;

/** Two hundred agents that make up their queries; a log that is cut and sampled all the time. */
const year = [
  `INSERT INTO weir.first_use_rows (identity, connection, kind, value, identity_kind, first_at)
   SELECT concat('corp:a', toString(number % 200)), 'shop', 'fingerprint', hex(sipHash64(number)), 'agent', at FROM ${past(365, 1_000_000)}`,
  `INSERT INTO weir.control_event_rows (topic, partition, offset, logged_at, event_id, type, time, identity, payload)
   SELECT if(number % 2 = 0, 'weir.policy.v1', 'weir.proof.v1') AS topic, 0, number, at, concat('evt_', leftPad(toString(number), 12, '0')),
     if(number % 2 = 0, 'ConnectionSampled', 'TreeCut'), at, 'corp:ops', format('{{"topic":"weir.session.v1","partition":0,"after":"{0}","through":"{1}"}}',
       toString(number - 2), toString(number)) FROM ${past(60, 60_000)}`,
  `INSERT INTO weir.session_event_rows (topic, partition, offset, logged_at, event_id, type, time, session_id, seq)
   SELECT 'weir.session.v1', 0, number, at, concat('evt_', toString(number)), 'StatementOutcome', at,
     concat('ses_', leftPad(toString(intDiv(number, 50)), 12, '0')), number % 50 + 1 FROM ${past(20, 500_000)}`,
];

/** All have something to do in the hour. */
const active = `INSERT INTO weir.activity_rows (hour, identity, connection, session_id, statement_id, seq, type, time, fingerprint, status, tables, rows)
  SELECT toDateTime(${noon / 1000}, 'UTC'), concat('corp:a', toString(number % 200)), 'shop', 's', toString(number), number, 'StatementOutcome',
    toDateTime64(${noon / 1000}, 6, 'UTC'), 'f', 'ok', ['public.customers'], 1000 FROM numbers(2000)`;

/** Sixty that begin something each quarter of an hour, for two weeks; today since nine, every other one seven minutes late. */
const quarters = [
  `INSERT INTO weir.identity_day_rows (day, identity, starts, version)
   SELECT toDate('2026-10-20') - number % 15 AS on, concat('corp:q', toString(intDiv(number, 15))),
     arrayMap(i -> i * 15 + if(on = '2026-10-20' AND i >= 36 AND intDiv(number, 15) % 2 = 1, 7, 0), range(if(on = '2026-10-20', 52, 96))), 1
   FROM numbers(900)`,
  ...[
    `identity_hour_rows (hour, identity) SELECT toDateTime(${noon / 1000}, 'UTC')`,
    `first_use_rows (kind, first_at, identity) SELECT 'identity', '2026-09-01 00:00:00'`,
    `baseline_rows (scope, days, day, identity) SELECT 'whole', 28, '2026-10-20'`,
  ].map((each) => `INSERT INTO weir.${each}, concat('corp:q', toString(number)) FROM numbers(60)`),
];

describe('what a run costs with a year behind it', { timeout: 120_000 }, () => {
  let stage: DetectionStage;
  let detectors: readonly Detector[];
  beforeAll(async () => {
    stage = await DetectionStage.start(noon + hour);
    ({ detectors } = await stage.detectors());
    for (const query of year) await stage.writer.command({ query });
  }, 120_000);
  afterAll(() => stage.stop());

  /** Rows that the engine reads, by detector. */
  async function read(): Promise<Map<string, number>> {
    const all = new Map<string, number>();
    for (const { id, checked } of detectors) {
      const answer = await stage.reader.query({ query: overRange(checked, range), format: 'JSON' });
      all.set(id, (await answer.json()).statistics?.rows_read ?? Infinity);
    }
    return all;
  }
  const above = (all: ReadonlyMap<string, number>, most: number) =>
    [...all].filter(([, rows]) => rows > most);

  it('is that of the hour: where nobody does anything, next to nothing is read', async () => {
    // But for the cuts of trees: those of all time stand in one place, and say together what is covered.
    expect(above(await read(), 0)).toEqual([['checkpoint-missing', expect.any(Number)]]);
  });

  it('is that of what is new: of what was ever asked nothing is read, though all are active', async () => {
    await stage.writer.command({ query: active });
    const all = await read();
    // Of a million queries those of some days, with what stands in one mark with them; of 560,000 events those that are no session's.
    expect(above(all, 150_000)).toEqual([]);
    expect(all.get('bulk-read')).toBeGreaterThan(4000);
  });

  it('grows with the times at which something began, not with each of them and each other', async () => {
    for (const query of quarters) await stage.writer.command({ query });
    const timing = detectors.find(({ id }) => id === 'irregular-timing')!;
    const answer = await stage.reader.query({
      query: overRange(timing.checked, range),
      format: 'JSONEachRow',
    });
    const found = await answer.json<{ identity: string; odd_seen: number; minutes: number[] }>();
    const late = Array.from({ length: 30 }, (_, i) => `corp:q${2 * i + 1}`);
    // At 12:07, 12:22, 12:37 and 12:52.
    expect(found.map(({ identity }) => identity).toSorted()).toEqual(
      late.flatMap((each) => [each, each, each, each]).toSorted(),
    );
    expect(found.filter(({ odd_seen }) => odd_seen === 16).map(({ minutes }) => minutes)).toEqual(
      late.map(() => Array.from({ length: 16 }, (_, i) => 9 * 60 + 7 + i * 15)),
    );
  });
});

/** A store as it was before the migration of that name. */
async function before(name: string) {
  const root = mkdtempSync(join(tmpdir(), 'weir-before-'));
  const client = connectAuditStore({ kind: 'embedded', path: join(root, 'audit') });
  const migrations = readMigrations();
  const at = migrations.findIndex((migration) => migration.name === name);
  await migrateAuditStore(client, migrations.slice(0, at));
  return {
    client,
    rows: async <T>(query: string) => (await client.query({ query, format: 'JSONEachRow' })).json<T>(),
    close: async () => {
      await client.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

describe('a store from before', { timeout: 60_000 }, () => {
  it('reads an hour of the log behind an index, too, and of a key that stands there twice what counts', async () => {
    const { client, rows, close } = await before('by_logged');
    try {
      for (const query of year.slice(1)) await client.command({ query });
      await migrateAuditStore(client);
      while ((await rows('SELECT 1 FROM system.mutations WHERE NOT is_done')).length > 0);
      // The one of before counts: it was logged first.
      await client.command({
        query: `INSERT INTO weir.session_event_rows (topic, partition, offset, logged_at, session_id, seq)
          SELECT topic, partition, 900000, logged_at + INTERVAL 5 DAY, session_id, seq FROM weir.session_event_rows WHERE offset = 250000`,
      });
      const day = `WHERE logged_at >= '2026-10-10' AND logged_at < '2026-10-11'`;
      const [events] = await rows(
        `SELECT count() = countIf(offset < 900000) AS first_wins, count() > 800 AS some FROM weir.session_events ${day}`,
      );
      expect(events).toEqual({ first_wins: 1, some: 1 });
      // What marks are left, of how many.
      const left = async (index: string, query: string) => {
        const plan = await rows<{ explain: string }>(`EXPLAIN indexes = 1 ${query}`);
        const text = plan.map(({ explain }) => explain.trim()).join('\n');
        const [, some = NaN, all = NaN] =
          new RegExp(`${index}[^]*?Granules: (\\d+)/(\\d+)[^]*Granules: \\d+/\\1`).exec(text) ?? [];
        return [Number(some), Number(all)];
      };
      const [marks = NaN, of = NaN] = await left(
        'by_logged',
        `SELECT count() FROM weir.session_events ${day}`,
      );
      expect(marks * 10, String(of)).toBeLessThan(of);
      expect(await left('by_type', 'SELECT * FROM weir.published_words')).toEqual([0, expect.any(Number)]);
    } finally {
      await close();
    }
  });

  it('has its queries in the order of time, too, and of one that was used earlier than was known forgets the later time', async () => {
    const { client, rows, close } = await before('new_queries');
    const query = (fingerprint: string, day: number) =>
      `INSERT INTO weir.first_use_rows (identity, connection, kind, value, first_at) VALUES ('corp:b', 'shop', 'fingerprint', '${fingerprint}', '2026-10-0${day} 12:00:00')`;
    try {
      for (const each of [...year.slice(0, 1), query('a', 1), query('b', 5)])
        await client.command({ query: each });
      await migrateAuditStore(client);
      while ((await rows('SELECT 1 FROM system.mutations WHERE NOT is_done')).length > 0);
      for (const each of [query('c', 6), query('b', 2)]) await client.command({ query: each });
      const since = (day: number) =>
        `SELECT fingerprint, toString(toDate(min(n.first_at))) AS day FROM weir.new_queries AS n
         WHERE n.first_at >= '2026-10-0${day}' AND n.fingerprint IN ('a', 'b', 'c') GROUP BY fingerprint ORDER BY fingerprint`;
      const [b, c] = [
        { fingerprint: 'b', day: '2026-10-02' },
        { fingerprint: 'c', day: '2026-10-06' },
      ];
      const plan = async (day: number) =>
        (await rows<{ explain: string }>(`EXPLAIN ${since(day)}`)).map(({ explain }) => explain).join('\n');
      expect(await rows(since(2))).toEqual([b, c]);
      expect(await plan(2)).toContain('ReadFromMergeTree (by_time)');
      // Merged, and in that order still.
      await client.command({ query: 'OPTIMIZE TABLE weir.first_use_rows FINAL' });
      expect(await rows(since(3))).toEqual([c]);
      expect(await plan(3)).toContain('ReadFromMergeTree (by_time)');
    } finally {
      await close();
    }
  });
});
