import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeEnvelope, newEvent, PoliciesPublishedSchema, topics, type EncodedEnvelope } from '#events';
import { ManualClock } from '#kernel';
import { daysOf, detectDay, writeRange } from '../../services/audit/detection/detect.js';
import type { Detector } from '../../services/audit/detection/detector.check.js';
import { runDetector } from '../../services/audit/detection/detector.run.js';
import type { Finding } from '../../services/audit/detection/finding.js';
import { shippedIds } from '../../services/audit/detection/detectors.load.js';
import { expireFeatures } from '../../services/audit/detection/features.expiry.js';
import { sessionOf, type Ran, type SessionOf } from '../support/session-events.js';
import { DetectionStage } from './detection.stage.js';

const minute = 60_000;
const day = 24 * 60 * minute;
/** A Wednesday, in the middle of an hour. */
const now = Date.UTC(2026, 9, 14, 10, 50);
const midnight = Date.UTC(2026, 9, 14);
const at = (hours: number, minutes = 0, back = 0) => midnight - back * day + (hours * 60 + minutes) * minute;

let sessions = 0;
function session(
  identity: string,
  statements: readonly Ran[],
  own: Partial<SessionOf> = {},
): EncodedEnvelope[] {
  const id = `ses_${String(++sessions).padStart(6, '0')}`;
  return sessionOf(
    { id, identity: `corp:${identity}`, program: program('aaaa', 'CHG-1'), ...own },
    statements,
  );
}

/** As an agent's platform starts it. */
const program = (image: string, reference = '') =>
  `bot/1.4 image=sha256:${image}${reference && ` ref=${reference}`}`;

/** What everybody does every day. */
const usual = (identity: string, back: number) =>
  session(identity, [
    { at: at(10, 10, back), rows: 20, masked: { email: 20n } },
    { at: at(10, 12, back), table: 'orders', rows: 30 },
  ]);
/** Somebody's agent, at work from eight to four. */
const atDesk = (identity: string, back: number) =>
  session(
    identity,
    [8, 10, 12, 15].map((hour) => ({ at: at(hour, 10, back), rows: 20 })),
    { onBehalfOf: 'corp:ana' },
  );
/** Refused now and then, and something else between. */
const refusals = (identity: string, count: number, back: number) =>
  session(
    identity,
    Array.from({ length: 2 * count }, (_, i) => ({
      at: at(10, 20, back) + i * 1000,
      text: i % 2 === 0 ? `select ssn from customers where ssn like '${i}%'` : 'select 1',
      ...(i % 2 === 0 && { status: 'denied', rows: 0 }),
    })),
  );
const evening = (identity: string, back: number) =>
  session(identity, [{ at: at(20, 30, back), rows: 40 }], { onBehalfOf: 'corp:ana' });
const pages = (count: number, rows: number, begin: number): Ran[] =>
  Array.from({ length: count }, (_, i) => ({
    at: begin + i * 1000,
    text: `select * from customers where id > ${i * rows}`,
    rows,
  }));
const lookups = (count: number, from: number, begin: number, every = 1000): Ran[] =>
  Array.from({ length: count }, (_, i) => ({
    at: begin + i * every,
    text: `select * from customers where id = ${from + i}`,
  }));

const regular = [
  ...[
    'quiet',
    'paged',
    'backfill',
    'bulk',
    'host',
    'program',
    'places',
    'rare',
    'volume',
    'drip',
    'enum',
    'probe',
    'first',
    'user',
    'honey',
  ],
  ...[
    'refused',
    'slips',
    'gap',
    'timing',
    'rerun',
    'missed',
    'announced',
    'moved',
    'export',
    'image',
    'deployed',
    'early',
    'twice',
  ],
];

/** Today's, beside what is usual. */
const incidents: Readonly<Record<string, () => EncodedEnvelope[]>> = {
  bulk: () => session('bulk', [{ at: at(10, 30), rows: 50_000 }]),
  host: () => session('host', [{ at: at(10, 40) }], { host: '203.0.113.7' }),
  program: () => session('program', [{ at: at(10, 40) }], { program: 'pg_dump' }),
  places: () => [
    ...session('places', [{ at: at(10, 30) }, { at: at(10, 45) }]),
    ...session('places', [{ at: at(10, 35), rows: 9 }], { host: '203.0.113.9' }),
  ],
  night: () => session('night', [{ at: at(2, 30), rows: 900 }], { onBehalfOf: 'corp:ana' }),
  paged: () => session('paged', pages(5, 400, at(10, 30))),
  backfill: () =>
    session('backfill', [
      { at: at(10, 30), rows: 600 },
      { at: at(10, 31), table: 'orders', rows: 700 },
    ]),
  rare: () => session('rare', [{ at: at(10, 30), table: 'archive', rows: 2000 }]),
  volume: () => session('volume', [{ at: at(10, 30), rows: 4000, masked: { email: 4000n } }]),
  enum: () => session('enum', lookups(400, 1, at(10, 30))),
  probe: () =>
    session(
      'probe',
      Array.from({ length: 8 }, (_, i) => ({
        at: at(10, 30, 0) + i * 1000,
        text: `select ssn from customers where ssn like '${i}%'`,
        status: 'denied',
        rows: 0,
      })),
    ),
  first: () => session('first', [{ at: at(10, 30), table: 'salaries', rows: 600 }]),
  evenings: () => evening('evenings', 1),
  user: () => session('user', [{ at: at(10, 40) }], { user: 'somebody' }),
  image: () => session('image', [{ at: at(10, 40) }], { program: program('bbbb', 'CHG-1') }),
  deployed: () => session('deployed', [{ at: at(10, 40) }], { program: program('cccc', 'CHG-2') }),
  // Before a deployment of the same day.
  early: () => [
    ...session('early', [{ at: at(5, 30), table: 'salaries', rows: 600 }]),
    ...session('early', [{ at: at(8, 30) }], { program: program('eeee', 'CHG-9') }),
  ],
  // Another program, and hours later another image of that.
  twice: () => [
    ...session('twice', [{ at: at(5, 30) }], { program: 'tool/1 image=sha256:f1 ref=CHG-1' }),
    ...session('twice', [{ at: at(8, 30) }], { program: 'tool/1 image=sha256:f2 ref=CHG-1' }),
  ],
  moved: () => session('moved', [{ at: at(10, 40) }], { host: '10.0.0.77' }),
  export: () => session('export', [{ at: at(10, 40), rows: 90_000, isApproved: true }]),
  announced: () => session('announced', [{ at: at(10, 40) }], { user: 'deployed' }),
  honey: () => [
    ...session('honey', [{ at: at(10, 40), table: 'trap', rows: 3 }]),
    ...session('honey', [{ at: at(10, 41), columns: ['old_ssn'], status: 'denied', rows: 0 }]),
  ],
  gap: () => session('gap', [{ at: at(10, 40) }, { at: at(10, 41) }]).filter((_, i) => i !== 2),
  timing: () => [...session('timing', [{ at: at(8, 0), rows: 150 }]), ...usual('timing', 0)],
  rerun: () => session('rerun', [{ at: at(8, 0), rows: 150 }]),
};

describe('each shipped detector', { timeout: 180_000 }, () => {
  let stage: DetectionStage;
  beforeAll(async () => {
    const honeytokens = ['public.trap', 'public.customers.old_ssn'];
    stage = await DetectionStage.start(now, { honeytokens });
    const past = Array.from({ length: 30 }, (_, i) => [
      ...regular.flatMap((identity) => usual(identity, i + 1)),
      // Today is a Wednesday.
      ...(i % 7 === 2 || i % 7 === 3
        ? []
        : ['night', 'late', 'owl', 'evenings'].flatMap((identity) => atDesk(identity, i + 1))),
    ]);
    const drips = Array.from({ length: 6 }, (_, i) =>
      session('drip', lookups(60, 1000 * i, at(10, 20, i + 1), minute / 2)),
    );
    await stage.append([
      ...past.flat(),
      ...drips.flat(),
      ...[2, 3].flatMap((back) => evening('evenings', back)),
      ...[1, 2, 3].flatMap((back) => [...refusals('refused', 6, back), ...refusals('slips', 2, back)]),
      // Nor who is still up since the evening.
      ...session(
        'owl',
        [21, 22, 23, 24].map((hour) => ({ at: at(hour, 50, 1), rows: 40 })),
        { onBehalfOf: 'corp:ana' },
      ),
      // An evening is no night.
      ...session('late', [{ at: at(19, 30, 1), rows: 900 }], { onBehalfOf: 'corp:ana' }),
      // Once is a late run: the second day makes a schedule of its own of it.
      ...['timing', 'rerun'].flatMap((each) =>
        session(each, [{ at: at(15, 0, each === 'timing' ? 1 : 9), rows: 150 }]),
      ),
      ...session('archivist', [{ at: at(10, 0, 20), table: 'archive', rows: 10 }]),
    ]);
    const { detectors, refused } = await stage.detectors();
    expect([...refused.values()]).toEqual([]);
    expect(detectors.map(({ id }) => id)).toEqual(shippedIds());
    engine = stage.engine(detectors);
    while ((await engine.round()) > 0);
  }, 180_000);
  let engine: ReturnType<DetectionStage['engine']>;
  afterAll(() => stage.stop());

  it('finds nothing in what is usual', async () => {
    await stage.append(
      regular.filter((each) => each !== 'missed' && each !== 'timing').flatMap((each) => usual(each, 0)),
    );
    await stage.append(session('newcomer', [{ at: at(10, 30), rows: 40 }], { host: '10.9.9.9' }));
    await engine.round();
    expect(await stage.found()).toEqual([]);
  });

  it('finds its own, within a round; of a past day that something late belongs to, in the one after', async () => {
    await stage.append(session('drip', lookups(60, 9000, at(10, 20), minute / 2)));
    await stage.append(Object.entries(incidents).flatMap(([, events]) => events()));
    await stage.append([...refusals('refused', 8, 0), ...refusals('slips', 2, 0)]);
    await stage.append(
      [
        published(''),
        published('CHG-7: corp:announced gets a new runner', 'corp:ops', 35),
        published('CHG-6', 'corp:other', 10),
        published('CHG-6', 'corp:other'),
        // Put back within minutes, by whoever made the change.
        published('CHG-8', 'corp:ops', 41),
        published('CHG-8', 'corp:ops'),
      ],
      topics.policy,
    );
    await engine.round();
    await engine.round();
    expect(await stage.found()).toEqual([
      'agent-changed corp:image sha256:bbbb',
      'agent-changed corp:twice sha256:f2',
      'agent-changed corp:user somebody',
      'bulk-read corp:bulk public.customers',
      'bulk-read corp:paged public.customers',
      'bulk-read corp:volume public.customers',
      'changed-out-of-band corp:ops policies',
      'changed-out-of-band corp:other policies',
      'enumeration corp:enum public.customers',
      'first-use corp:early public.salaries',
      'first-use corp:first public.salaries',
      'first-use corp:rare public.archive',
      'honeytoken corp:honey public.customers.old_ssn',
      'honeytoken corp:honey public.trap',
      'irregular-timing corp:timing runs at other times',
      'many-evenings corp:evenings',
      'new-client-program corp:program pg_dump',
      'new-client-program corp:twice tool',
      'new-source-host corp:host 203.0.113.0/24',
      'new-source-host corp:places 203.0.113.0/24',
      'out-of-hours corp:night',
      'probing corp:probe',
      'rare-table corp:rare public.archive',
      'sensitive-volume corp:volume email',
      'slow-drip corp:drip public.customers',
      'two-places corp:places 203.0.113.9',
    ]);
    const words = Object.fromEntries(
      (await stage.findings())
        .filter(({ identity }) => identity === 'corp:bulk' || identity === 'corp:places')
        .map(({ detector, evidence }) => [detector, evidence]),
    );
    expect(words).toMatchObject({
      'bulk-read':
        'read 50,020 rows of public.customers between 2026-10-14 10:10 UTC and 10:30, with one query, which it runs, in 2 statements; usual at this hour: 20; own most in an hour of 28 days: 50; peers: at most 900; in bytes 4.8 MiB, own most 4.9 KiB; so far, as its window was not over',
      'two-places':
        'used from 203.0.113.9 between 2026-10-14 10:34 UTC and 10:35, a network in which it was first seen at 2026-10-14 10:34, while it was used from 10.0.0.5; 9 rows went to the new place; so far, as its window was not over',
    });
    expect(stage.failures).toEqual([]);
  });

  it('finds what an hour and a day show, once they are over', async () => {
    const before = new Set(await stage.found());
    stage.clock.advance(day);
    await engine.round();
    expect((await stage.found()).filter((each) => !before.has(each))).toEqual([
      'missed-run corp:missed missed runs',
      expect.stringMatching(/^record-gap corp:gap ses_\d+$/),
      'refusals-add-up corp:refused',
    ]);
    expect(stage.failures).toEqual([]);
  });

  it('finds the same again where somebody looks back at these days', async () => {
    const { detectors } = await stage.detectors();
    const store = { writer: stage.writer, reader: stage.reader };
    const again: Finding[] = [];
    for (const each of daysOf({ from: midnight - day, to: now + day })) {
      await writeRange(store.writer, each);
      again.push(...(await detectDay(store, detectors, each, stage.settings, () => expect.unreachable())));
    }
    expect(again.map(({ id }) => id).toSorted()).toEqual([...stage.raised].sort());
  });

  it('finds the same of a day as of each of its hours', async () => {
    const { detectors } = await stage.detectors();
    const active = await stage.rows<{ at: number }>(
      "SELECT DISTINCT toHour(hour) AS at FROM weir.identity_hours WHERE toDate(hour) = '2026-10-14'",
    );
    expect(active.length).toBeGreaterThan(4);
    const hoursOf = ({ schedule }: Detector) =>
      schedule === 'hour' ? Array.from({ length: 24 }, (_, i) => i) : active.map((each) => each.at);
    const idsOf = async (detector: Detector, from: number, to: number) => {
      const found = await runDetector(stage.reader, detector, { from, to }, 'UTC');
      return found.map(({ id, row }) => `${detector.id} ${row.identity} ${row.subject} ${id}`);
    };
    for (const detector of detectors.filter(({ schedule }) => schedule !== 'day')) {
      const ofHours: string[] = [];
      for (const hour of hoursOf(detector)) ofHours.push(...(await idsOf(detector, at(hour), at(hour + 1))));
      expect((await idsOf(detector, midnight, midnight + day)).toSorted()).toEqual(ofHours.toSorted());
    }
  });

  it('says who is still being learned', async () => {
    const states = await stage.rows(
      "SELECT identity, toString(toDate(learned_at)) AS since FROM weir.identity_learning WHERE identity IN ('corp:quiet', 'corp:newcomer') ORDER BY identity",
    );
    expect(states).toEqual([
      { identity: 'corp:newcomer', since: '2026-10-28' },
      { identity: 'corp:quiet', since: '2026-09-28' },
    ]);
  });

  it('forgets what retention no longer keeps, and nobody who is still active', async () => {
    await stage.append(session('gone', [{ at: at(10, 0, 40) }]));
    while ((await engine.round()) > 0);
    const known =
      "SELECT DISTINCT identity FROM weir.first_uses WHERE identity IN ('corp:quiet', 'corp:gone') ORDER BY identity";
    expect(await stage.rows(known)).toEqual([{ identity: 'corp:gone' }, { identity: 'corp:quiet' }]);
    await stage.writer.command({
      query: `INSERT INTO weir.baseline_rows (day, scope) VALUES (toDate('2026-08-10'), 'made'), (toDate('2026-10-13'), 'made')`,
    });
    const made =
      "SELECT DISTINCT toString(day) AS day FROM weir.baselines WHERE day IN ('2026-08-10', '2026-10-13')";
    const done = async () => {
      while ((await stage.rows('SELECT 1 FROM system.mutations WHERE NOT is_done LIMIT 1')).length > 0)
        await new Promise((next) => setTimeout(next, 20));
    };
    // Retention keeps all.
    await expireFeatures(stage.writer, at(0, 0, 0));
    await done();
    expect(await stage.rows(known)).toHaveLength(2);
    expect(await stage.rows(made)).toEqual([{ day: '2026-10-13' }]);
    await expireFeatures(stage.writer, at(0, 0, 0), 5);
    await done();
    // As after a restart.
    expect(await expireFeatures(stage.writer, at(0, 0, 0), 5)).toBe(false);
    expect(await stage.rows(known)).toEqual([{ identity: 'corp:quiet' }]);
    for (const [table, column] of [
      ['activity', 'hour'],
      ['table_hours', 'hour'],
      ['identity_hours', 'hour'],
      ['identity_days', 'day'],
    ])
      expect([
        table,
        await stage.rows(`SELECT toString(toDate(min(${column}))) AS first FROM weir.${table}`),
      ]).toEqual([table, [{ first: '2026-10-09' }]]);
  });
});

function published(changeReference: string, by = 'corp:ops', minutes = 45): EncodedEnvelope {
  const origin = { source: 'policy/1', subject: 'policies', clock: new ManualClock(at(10, minutes)) };
  return encodeEnvelope(
    newEvent(
      PoliciesPublishedSchema,
      { version: `v${changeReference}`, owner: 'api', by: { id: by, kind: 'person' }, changeReference },
      origin,
    ),
  );
}
