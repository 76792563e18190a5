import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeBaselines } from '../../services/audit/detection/baselines.js';
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
      'read 48,210 rows of public.customers between 2026-10-14 10:10 UTC and 10:25, with one query, which it never ran before, ' +
        'in 2 statements; usual at this hour: 0; own most in an hour of 28 days: 0; peers: at most 0; in bytes 4.6 MiB, own most 0 bytes; so far, as its window was not over',
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
    stage = await DetectionStage.start(now, { honeytokens: ['public.people.pin', 'public.trap'] });
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
    await stage.append(sessionOf({ id: 'ses_more', identity: 'corp:usual' }, [{ at: now, rows: 1_200_000 }]));
    await stage.engine(bulk).round();
    const [finding] = await stage.findings();
    expect(finding?.evidence).toContain(
      'usual at this hour: 20,007; own most in an hour of 28 days: 20,010; peers: at most 900',
    );
    expect(stage.failures).toEqual([]);
  });

  it('compares whoever shares a group with others whose work is alike, by the groups of their last session', async () => {
    const member = (name: string, back: number, groups: readonly string[], tables: readonly string[], kind = 'agent') =>
      sessionOf(
        { id: `ses_${name}_${back}`, identity: `corp:${name}`, groups: ['agents', ...groups], kind },
        tables.map((table, i) => ({ at: now - back * day + i * 60_000, table, rows: name.startsWith('etl') ? 5000 : 9 })),
      );
    const six = [1, 2, 3, 4, 5, 6];
    await stage.append([
      ...member('tickets-1', 3, ['etl'], ['parcels']),
      ...six.flatMap((n) => member(`tickets-${n}`, 2, ['tickets', 'team-1'], ['parcels', 'letters'])),
      ...six.flatMap((n) => member(`etl-${n}`, 2, ['etl', n < 3 ? 'team-1' : 'team-2'], ['parcels', 'bills', 'items'])),
      ...member('lone', 2, ['few', 'team-1'], ['parcels']),
      ...member('somebody', 2, ['tickets'], ['bills'], 'person'),
    ]);
    await stage.engine([]).round();
    const calendar = { timezone: 'UTC', hours: [7, 19], weekdays: [1, 2, 3, 4, 5], holidays: [] } as const;
    expect(await writeBaselines(stage.writer, Date.UTC(2026, 9, 15), calendar)).toBe(true);
    const groups = await stage.rows<{ who: string; peer_group: string; members: number; likeness: number }>(
      `SELECT identity AS who, peer_group, toUInt32(members) AS members, likeness FROM weir.peer_groups
       WHERE day = '2026-10-15' ORDER BY identity`,
    );
    const of = (name: string) => groups.find(({ who }) => who === `corp:${name}`);
    for (const n of six) {
      expect(of(`etl-${n}`)).toMatchObject({ peer_group: 'etl', members: 6, likeness: 1 });
      expect(of(`tickets-${n}`)).toMatchObject({ peer_group: 'tickets', members: 6 });
    }
    // Too few share the group that only it is in.
    expect(of('lone')?.peer_group).not.toBe('few');
    expect(of('somebody')).toMatchObject({ peer_group: '', members: 1 });
    expect(of('usual')).toMatchObject({ peer_group: '' });
    const peers = await stage.rows(
      `SELECT peer_group, toUInt32(identities) AS identities, toUInt32(rows_most) AS rows_most FROM weir.baselines
       WHERE scope = 'peers' AND day = '2026-10-15' AND table_name = 'public.parcels' AND identity_kind = 'agent'
         AND peer_group IN ('', 'tickets', 'etl') ORDER BY peer_group`,
    );
    expect(peers).toEqual([
      { peer_group: '', identities: 13, rows_most: 5000 },
      { peer_group: 'etl', identities: 6, rows_most: 5000 },
      { peer_group: 'tickets', identities: 6, rows_most: 9 },
    ]);
    expect(await stage.rows("SELECT DISTINCT peer_group FROM weir.baselines WHERE scope = 'whole' AND identity = 'corp:etl-1' AND day = '2026-10-15'")).toEqual([{ peer_group: 'etl' }]);
  }); // prettier-ignore

  it('takes a star for each column of what is read, a honeytoken among them', async () => {
    const { detectors } = await stage.detectors();
    const read = (id: string, table: string, columns: string[]) =>
      sessionOf({ id: `ses_star_${id}`, identity: `corp:star-${id}` }, [{ at: now, table, columns }]);
    await stage.append([
      ...read('all', 'people', ['*']),
      ...read('name', 'people', ['name']),
      ...read('other', 'persons', ['*']),
      ...read('trap', 'trap', ['*']),
    ]);
    await stage.engine(detectors.filter(({ id }) => id === 'honeytoken')).round();
    const found = (await stage.found()).filter((each) => each.startsWith('honeytoken'));
    expect(found.sort()).toEqual([
      'honeytoken corp:star-all public.people.pin',
      'honeytoken corp:star-trap public.trap',
    ]);
    expect(stage.failures).toEqual([]);
  });

  it('counts what went out in the clear, and look-ups just below their number', async () => {
    const { detectors } = await stage.detectors();
    const two = detectors.filter(({ id }) => id === 'sensitive-volume' || id === 'probing');
    const looked = (id: string, from: number) =>
      sessionOf(
        { id: `ses_${id}`, identity: `corp:${id}` },
        Array.from({ length: 25 }, (_, i) => ({ at: now + i * 1000, text: `look ${i}`, lookups: from + i })),
      );
    await stage.append([
      ...sessionOf({ id: 'ses_shown', identity: 'corp:shown', onBehalfOf: 'corp:ana' }, [{ at: now, rows: 40_000, masked: { ssn: 10n, email: 500n }, revealed: { email: 30_000n } }]),
      ...sessionOf({ id: 'ses_less', identity: 'corp:less', onBehalfOf: 'corp:ana' }, [{ at: now, rows: 40_000, masked: { email: 15_000n }, revealed: { ssn: 14_990n } }]),
      ...looked('near', 176),
      ...looked('far', 100),
    ]);
    await stage.engine(two).round();
    const found = (await stage.findings()).filter(({ detector }) => detector === 'probing' || detector === 'sensitive-volume');
    expect(found.map(({ detector, identity, subject }) => [detector, identity, subject]).sort()).toEqual([
      ['probing', 'corp:near', ''],
      ['sensitive-volume', 'corp:shown', 'email'],
    ]);
    expect(found.find(({ detector }) => detector === 'sensitive-volume')?.evidence).toContain(
      '30,500 values of class email in results between 2026-10-14 10:30 UTC and 10:30, 500 masked and 30,000 in the clear,',
    );
    expect(found.find(({ detector }) => detector === 'probing')?.evidence).toContain('21 that left a look-up window nearly used up');
    expect(stage.failures).toEqual([]);
  }); // prettier-ignore
});
