import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeEnvelope, ErasedSchema, newEvent, topics, type EncodedEnvelope } from '#events';
import { systemClock } from '#kernel';
import { detectDay } from '../../services/audit/detection/detect.js';
import type { Detector } from '../../services/audit/detection/detector.check.js';
import { loadDetector, readFolder, shippedDetectors } from '../../services/audit/detection/detectors.load.js';
import type { Finding } from '../../services/audit/detection/finding.js';
import type { TimeRange } from '../../services/audit/detection/store.sql.js';
import { sessionOf, type Ran, type SessionOf } from '../support/session-events.js';
import { DetectionStage } from './detection.stage.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const midnight = Date.UTC(2026, 9, 14);
const at = (hours: number, minutes = 0, back = 0) => midnight - back * day + hours * hour + minutes * minute;

const morning = { from: midnight, to: at(11) };
const hours = Array.from({ length: 11 }, (_, i) => ({ from: at(i), to: at(i + 1) }));
const looked = [
  'record-gap',
  'two-places',
  'new-source-host',
  'new-client-program',
  'rare-table',
  'probing',
  'honeytoken',
];

let sessions = 0;
const session = (identity: string, statements: readonly Ran[], own: Partial<SessionOf> = {}) =>
  sessionOf(
    { id: `ses_${String(++sessions).padStart(6, '0')}`, identity: `corp:${identity}`, ...own },
    statements,
  );
/** One statement of an identity from each of these addresses, so many days ago. */
const from = (identity: string, hosts: readonly string[], back: number) =>
  hosts.flatMap((host, i) => session(identity, [{ at: at(12, i, back) }], { host }));

describe('what is found in a morning, whole and by the hour', { timeout: 120_000 }, () => {
  let stage: DetectionStage;
  let detectors: readonly Detector[];
  beforeAll(async () => {
    stage = await DetectionStage.start(at(12), { honeytokens: ['public.trap', 'public.old.ssn'] });
    const files = readFolder(shippedDetectors()).filter(({ name }) => looked.includes(name.slice(0, -4)));
    detectors = await Promise.all(files.map((file) => loadDetector(stage.reader, file, [], stage.settings)));
    expect(detectors).toHaveLength(looked.length);
  }, 120_000);
  afterAll(() => stage.stop());

  async function store(events: readonly EncodedEnvelope[]): Promise<void> {
    await stage.append(events);
    const engine = stage.engine([]);
    while ((await engine.round()) > 0);
  }

  async function findings(id: string, ranges: readonly TimeRange[]): Promise<Finding[]> {
    const all: Finding[] = [];
    const chosen = detectors.filter((each) => each.id === id);
    const fail = (_: Detector, error: unknown) => {
      throw error;
    };
    for (const range of ranges) all.push(...(await detectDay(stage, chosen, range, stage.settings, fail)));
    return all;
  }

  /** `identity subject hh:mm`, the same in both ways, with the same evidence. */
  async function found(id: string): Promise<string[]> {
    const whole = await findings(id, [morning]);
    const told = (all: readonly Finding[]) =>
      [...new Map(all.map((each) => [each.id, each.evidence]))].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(told(await findings(id, hours))).toEqual(told(whole));
    return whole
      .map(
        ({ row }) => `${row.identity.slice('corp:'.length)} ${row.subject} ${row.window_start.slice(11, 16)}`,
      )
      .toSorted();
  }

  it('is a gap in a session, in the hour of what comes after it, however long the pause before', async () => {
    const without = (events: readonly EncodedEnvelope[], ...places: readonly number[]) =>
      events.filter((_, i) => !places.includes(i + 1));
    /** 1 is its start; a statement has two places. */
    const long = (identity: string, times: readonly number[]) =>
      session(
        `gap-${identity}`,
        times.map((each) => ({ at: at(each, 30) })),
      );
    const erased = long('erased', [2, 9]);
    await store([
      ...long('none', [2, 9]),
      ...without(long('pause', [2, 9]), 3),
      ...without(long('twice', [2, 9]), 2, 4),
      ...without(long('start', [3]), 1, 2),
      // Of an hour that was looked at before: of a session that goes on it is seen all the same.
      ...without(long('yesterday', [-20, -19, 5]), 2),
      ...without(erased, 3, 4),
    ]);
    await stage.writer.command({
      query: `INSERT INTO weir.expired_event_rows (session_id, seq, erasure) SELECT DISTINCT session_id, arrayJoin([3, 4]), 'evt_erased'
        FROM weir.session_event_rows WHERE identity = 'corp:gap-erased'`,
    });
    // Of a session without its start nobody knows whose it was.
    const nobodys = expect.stringMatching(/^ ses_\d+ 03:00$/);
    const gaps = [
      expect.stringMatching(/^gap-pause ses_\d+ 09:00$/),
      expect.stringMatching(/^gap-twice ses_\d+ 02:00$/),
      expect.stringMatching(/^gap-twice ses_\d+ 09:00$/),
      expect.stringMatching(/^gap-yesterday ses_\d+ 04:00$/),
    ];
    // Planned is not erased.
    const planned = expect.stringMatching(/^gap-erased ses_\d+ 09:00$/);
    expect(await found('record-gap')).toEqual([nobodys, planned, ...gaps]);
    const origin = { source: 'audit/test', subject: 'erased', clock: systemClock, id: 'evt_erased' };
    await stage.append([encodeEnvelope(newEvent(ErasedSchema, {}, origin))], topics.retention);
    expect(await found('record-gap')).toEqual([nobodys, ...gaps]);
    const [pause] = (await findings('record-gap', [morning])).filter(({ row }) =>
      row.identity.endsWith('pause'),
    );
    expect(pause?.evidence).toMatch(/^1 events are missing in session ses_\d+, between places 3 and 3$/);
  });

  it('is a place beside the usual one, whatever pool it came from long ago', async () => {
    const pool = [1, 2, 3, 4, 5].map((n) => `198.51.${n}.7`);
    const usual = (identity: string) => [20, 2].flatMap((back) => from(identity, ['10.0.0.5'], back));
    const two = (identity: string) => [
      ...session(identity, [{ at: at(6, 10) }, { at: at(6, 50) }]),
      ...session(identity, [{ at: at(6, 30), rows: 9 }], { host: '203.0.113.9' }),
    ];
    await store([
      ...['places-once', 'places-now', 'places-hired'].flatMap((each) => [...usual(each), ...two(each)]),
      ...from('places-once', pool, 40),
      ...from('places-now', pool, 40),
      ...from('places-now', pool, 3),
      // What it began to use within the week is no pool of its own.
      ...from('places-hired', pool, 3),
    ]);
    expect(await found('two-places')).toEqual([
      'places-hired 203.0.113.9 06:00',
      'places-once 203.0.113.9 06:00',
    ]);
  });

  it('is a network that is new, but not to a pool of the same site', async () => {
    const site = [1, 2, 3].map((n) => `10.7.${n}.7`);
    const others = Array.from({ length: 25 }, (_, i) => `198.${i}.100.7`);
    const fresh = (identity: string) => session(identity, [{ at: at(7, 10) }], { host: '10.7.9.9' });
    await store([
      ...['host-once', 'host-now', 'host-many'].flatMap((each) => [...from(each, site, 40), ...fresh(each)]),
      ...from('host-now', site, 3),
      ...from('host-many', [...site, ...others.slice(0, 12)], 5),
      ...from('host-many', others.slice(12), 4),
      ...from('host-today', ['10.0.0.5'], 30),
      // Three make a pool, and the fourth is of it: whoever looks at which hours.
      ...[1, 2, 3, 4].flatMap((n) =>
        session('host-today', [{ at: at(2 * n, 10) }], { host: `203.0.${n}.7` }),
      ),
    ]);
    expect((await found('new-source-host')).filter((each) => each.startsWith('host-'))).toEqual([
      'host-once 10.7.9.0/24 07:00',
      'host-today 203.0.1.0/24 02:00',
      'host-today 203.0.2.0/24 04:00',
      'host-today 203.0.3.0/24 06:00',
    ]);
  });

  it('is a program that is new, with those that were known by then', async () => {
    await store([
      ...session('program', [{ at: at(12, 0, 20) }], { program: 'bot/1.0' }),
      ...session('program', [{ at: at(2, 10) }], { program: 'pg_dump' }),
      ...session('program', [{ at: at(4, 10) }], { program: 'bot/2.0' }),
      ...session('program', [{ at: at(5, 10) }], { program: 'psql' }),
    ]);
    expect(await found('new-client-program')).toEqual(['program pg_dump 02:00', 'program psql 05:00']);
    const all = await findings('new-client-program', [morning]);
    expect(all.map(({ row }) => row['known']).toSorted()).toEqual([['bot'], ['pg_dump', 'bot']]);
  });

  it('is a bulk read of a table that is known for 14 days then', async () => {
    const reads = (identity: string, when: number, rows: number) =>
      session(identity, [{ at: when, table: 'archive', rows }]);
    await store([
      ...['archivist', 'reader', 'early'].flatMap((each) => from(`rare-${each}`, ['10.0.0.5'], 20)),
      ...reads('rare-archivist', at(5, 0, 14), 10),
      ...reads('rare-early', at(4, 10), 2000),
      ...reads('rare-reader', at(6, 10), 2000),
    ]);
    expect(await found('rare-table')).toEqual(['rare-reader public.archive 06:00']);
  });

  it('is a prober in one session or in many, and nobody who does something else in between', async () => {
    const tries = (identity: string, count: number, begin: number, each: (n: number) => Ran[]) =>
      Array.from({ length: count }, (_, n) =>
        session(
          `probe-${identity}`,
          each(n).map((ran, i) => ({ ...ran, at: begin + n * minute + i * 1000 })),
        ),
      ).flat();
    const no = (n: number) => ({ at: 0, text: `select ssn from t${n}`, status: 'denied', rows: 0 });
    const row = (count: number, begin: number) =>
      Array.from({ length: count }, (_, n) => ({ ...no(n), at: begin + n * 1000 }));
    const work = (begin: number) =>
      Array.from({ length: 40 }, (_, n) => ({ at: begin + n * 500, text: `select ${n}` }));
    await store([
      ...tries('each', 8, at(1, 10), (n) => [no(n)]),
      ...tries('setup', 8, at(1, 10), (n) => [{ at: 0, text: 'set x to y', table: '' }, no(n)]),
      ...session('probe-across', [...row(4, at(2, 59)), ...row(4, at(3, 1))]),
      ...session('probe-beside', row(8, at(4, 10))),
      ...session('probe-beside', work(at(4, 10))),
      ...session('probe-quiet', row(5, at(4, 10))),
      // What is refused later is nothing new.
      ...session('probe-each', [{ at: at(2, 10) }, { ...no(1), at: at(2, 11) }]),
      ...tries('slips', 8, at(1, 10), (n) => [{ at: 0 }, no(n), { at: 0 }]),
      ...tries('same', 8, at(1, 10), () => [no(1)]),
      ...tries('spread', 5, at(5, 10), (n) => [no(n)]),
      ...tries('spread', 5, at(8, 10), (n) => [no(n)]),
    ]);
    expect(await found('probing')).toEqual([
      'probe-across  03:00',
      'probe-beside  04:00',
      'probe-each  01:00',
      'probe-setup  01:00',
    ]);
  });

  it('is a honeytoken that is read by way of something else', async () => {
    const read = (identity: string, when: number, ran: Partial<Ran>) =>
      session(`honey-${identity}`, [{ at: when, ...ran }]);
    await store([
      ...read('itself', at(1, 10), { table: 'trap' }),
      ...read('view', at(1, 20), { table: 'report', through: ['people', 'trap'] }),
      ...read('partition', at(2, 20), { table: 'trap_1', through: ['trap'], status: 'denied' }),
      ...read('other', at(2, 20), { table: 'report', through: ['people', 'trap_1', 'old'] }),
    ]);
    expect(await found('honeytoken')).toEqual([
      'honey-itself public.trap 01:00',
      'honey-partition public.trap 02:00',
      'honey-view public.trap 01:00',
    ]);
  });
});
