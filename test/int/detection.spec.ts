import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Detector } from '../../services/audit/detection/detector.check.js';
import { sessionOf } from '../support/session-events.js';
import { DetectionStage } from './detection.stage.js';

const hour = 3_600_000;
const day = 24 * hour;
/** A Wednesday, in the middle of an hour. */
const now = Date.UTC(2026, 9, 14, 10, 30);

describe('a finding', { timeout: 60_000 }, () => {
  let stage: DetectionStage;
  let bulk: Detector[];
  beforeAll(async () => {
    stage = await DetectionStage.start(now);
    const { detectors, refused } = await stage.detectors();
    expect([...refused.values()]).toEqual([]);
    bulk = detectors.filter(({ id }) => id === 'bulk-read');
  }, 60_000);
  afterAll(() => stage.stop());

  const exported = sessionOf({ id: 'ses_1' }, [
    { at: now - 20 * 60_000, rows: 30_000 },
    { at: now - 5 * 60_000, rows: 18_210 },
  ]);

  it('comes once: not again in the next round, nor after a restart, nor from events that came twice', async () => {
    const engine = stage.engine(bulk);
    await stage.append(sessionOf({ id: 'ses_0', identity: 'corp:small' }, [{ at: now - 60_000, rows: 900 }]));
    await engine.round();
    expect(await stage.found()).toEqual([]);
    await stage.append(exported);
    await engine.round();
    expect(await stage.found()).toEqual(['bulk-read corp:bot public.customers']);
    const [finding] = await stage.findings();
    expect(finding?.evidence).toBe(
      'read 48,210 rows of public.customers between 2026-10-14 10:10 and 10:25; usual at this hour: 0; ' +
        'own most in 28 days: 0; peers: at most 0',
    );
    expect(finding).toMatchObject({
      ...{ severity: 'high', technique: 'T1530', risk: 'high', connection: 'shop', sessionIds: ['ses_1'] },
      statementIds: ['stm_ses_1_0', 'stm_ses_1_1'],
      measures: { rows: 48210 },
      windowStartUs: BigInt(Date.UTC(2026, 9, 14, 10)) * 1000n,
      windowEndUs: BigInt(Date.UTC(2026, 9, 14, 11)) * 1000n,
    });
    await engine.round();
    await stage.append(exported); // shipped twice
    await stage.engine(bulk).round();
    await stage.append(sessionOf({ id: 'ses_2' }, [{ at: now - 60_000, rows: 10_000 }])); // the bucket is touched again
    await stage.engine(bulk).round();
    expect(await stage.found()).toEqual(['bulk-read corp:bot public.customers']);
    const [row] = await stage.rows(
      "SELECT rows, statements, sessions FROM weir.table_hours WHERE identity = 'corp:bot'",
    );
    expect(row).toMatchObject({ rows: 58_210, statements: 3 });
    expect(await stage.rows("SELECT event_id FROM weir.control_events WHERE type = 'FindingRaised'")).toEqual(
      [{ event_id: finding?.findingId }],
    );
    expect(stage.failures).toEqual([]);
  });

  it('of a store that lost all that detection had made is the same one', async () => {
    for (const table of ['activity_rows', 'table_hour_rows', 'baseline_rows', 'detection_mark_rows'])
      await stage.writer.command({ query: `TRUNCATE TABLE weir.${table}` });
    await stage.engine(bulk).round();
    expect(await stage.found()).toEqual(['bulk-read corp:bot public.customers']);
    const [row] = await stage.rows("SELECT rows FROM weir.table_hours WHERE identity = 'corp:bot'");
    expect(row).toEqual({ rows: 58_210 });
  });
});

describe('a baseline', { timeout: 60_000 }, () => {
  let stage: DetectionStage;
  beforeAll(async () => {
    stage = await DetectionStage.start(now);
  }, 60_000);
  afterAll(() => stage.stop());

  it('knows what was usual, and not the day itself', async () => {
    const { detectors } = await stage.detectors();
    const bulk = detectors.filter(({ id }) => id === 'bulk-read');
    const past = ['corp:usual', 'corp:peer'].flatMap((identity) =>
      Array.from({ length: 10 }, (_, i) =>
        sessionOf({ id: `ses_${identity}_${i}`, identity }, [
          { at: now - (i + 1) * day, rows: identity === 'corp:usual' ? 20_001 + i : 900 },
        ]),
      ),
    );
    await stage.append(past.flat());
    await stage.append(sessionOf({ id: 'ses_today', identity: 'corp:usual' }, [{ at: now, rows: 21_000 }]));
    await stage.engine(bulk).round();
    expect(await stage.found()).toEqual([]);
    const [own] = await stage.rows<Record<string, unknown>>(
      "SELECT * FROM weir.baselines WHERE scope = 'identity' AND identity = 'corp:usual' AND day = '2026-10-14'",
    );
    expect(own).toMatchObject({
      hours: 10,
      days: 10,
      rows_median: 20_006,
      rows_most: 20_010,
      day_rows_most: 20_010,
    });
    expect(own?.['week_rows']).toMatchObject({ '58': 20_007 });
    const [peers] = await stage.rows(
      "SELECT identities, rows_most, most_by, rows_second FROM weir.baselines WHERE scope = 'peers' AND day = '2026-10-14'",
    );
    expect(peers).toEqual({ identities: 2, rows_most: 20_010, most_by: 'corp:usual', rows_second: 900 });
    await stage.append(sessionOf({ id: 'ses_more', identity: 'corp:usual' }, [{ at: now, rows: 60_000 }]));
    await stage.engine(bulk).round();
    const [finding] = await stage.findings();
    expect(finding?.evidence).toContain(
      'usual at this hour: 20,007; own most in 28 days: 20,010; peers: at most 900',
    );
    expect(stage.failures).toEqual([]);
  });
});
