import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EncodedEnvelope } from '#events';
import { detectDay, writeRange } from '../../services/audit/detection/detect.js';
import type { Detector } from '../../services/audit/detection/detector.check.js';
import { runDetector } from '../../services/audit/detection/detector.run.js';
import type { Finding } from '../../services/audit/detection/finding.js';
import { sessionOf, type Ran, type SessionOf } from '../support/session-events.js';
import { DetectionStage } from './detection.stage.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const midnight = Date.UTC(2026, 9, 14);
/** Of a past that makes nobody a newcomer. */
const days = 8;
const at = (hours: number, minutes = 0, back = 0) => midnight - back * day + hours * hour + minutes * minute;

let sessions = 0;
function session(identity: string, statements: readonly Ran[], own: Partial<SessionOf> = {}) {
  const id = `ses_${String(++sessions).padStart(6, '0')}`;
  return sessionOf(
    { id, identity: `corp:${identity}`, program: 'bot/1.4 image=sha256:aaaa ref=CHG-1', ...own },
    statements,
  );
}

const letters = (n: number): string => String.fromCodePoint(97 + Math.trunc(n / 26), 97 + (n % 26));
/** Statements a second apart, each with a spelling that no other has. */
const spelled = (count: number, of: Ran, first = 0): Ran[] =>
  Array.from({ length: count }, (_, i) => ({
    ...of,
    at: of.at + i * 1000,
    text: `select ${letters(first + i)}.* from customers ${letters(first + i)}`,
  }));
const document = (hours: number, back: number, bytes: number): Ran => ({
  ...{ at: at(hours, 0, back), rows: 1, bytes },
  text: 'select json_agg(c) from customers c',
});
const masked = (values: number) => ({ rows: values, masked: { email: BigInt(values) } });

/** What each does every day. */
const lives: Readonly<Record<string, (back: number) => EncodedEnvelope[]>> = {
  ...Object.fromEntries(
    ['packed', 'bundled', 'split', 'warm', 'builder'].map((identity) => [
      identity,
      (back: number) => session(identity, [{ at: at(10, 10, back), rows: 20 }, { at: at(10, 12, back), table: 'orders', rows: 30 }]),
    ]),
  ),
  batch: (back) => session('batch', [document(2, back, 5_000_000)]),
  developer: (back) =>
    session('developer', spelled(12, { at: at(10, 20, back), rows: 100 }, 20 * back), { onBehalfOf: 'corp:ana' }),
  reader: (back) => session('reader', [{ at: at(10, 20, back), table: 'mails', rows: 1, bytes: 200_000 }]),
  ...Object.fromEntries(
    [1, 2, 3, 4, 5].map((n) => [
      `loader-${n}`,
      (back: number) => session(`loader-${n}`, [{ at: at(3, n, back), table: 'payments', ...masked(150_000) }], { groups: ['loaders'] }),
    ]),
  ),
  'loader-7': (back) => session('loader-7', [{ at: at(3, 7, back), table: 'payments', rows: 150_000 }], { groups: ['loaders'] }),
}; // prettier-ignore

const thefts = (): EncodedEnvelope[] => [
  ...session('packed', [document(10, 0, 5_000_000)]),
  // Into rows of which each by itself could be a text.
  ...session('bundled', [{ ...document(10, 0, 5_700_000), rows: 800 }]),
  ...session('split', spelled(8, { at: at(10, 30), ...masked(400) })),
  // One row on the evening before, four pages on the day.
  ...session('warm', [{ at: at(19, 0, 1), rows: 1, text: 'select * from customers where id > 0' }]),
  ...session('warm', [0, 1, 2, 3].map((i) => ({ at: at(10, 30 + i), rows: 400, text: `select * from customers where id > ${i * 400}` }))),
  ...session('newcomer', [{ at: at(10, 30), ...masked(100_000) }]),
]; // prettier-ignore

const honest = (): EncodedEnvelope[] => [
  ...session('batch', [document(2, 0, 8_000_000)]),
  ...session('developer', spelled(13, { at: at(10, 20), rows: 100 }), { onBehalfOf: 'corp:ana' }),
  // A document that a deployment brought.
  ...session('builder', [document(9, 0, 5_000_000)], { program: 'bot/1.5 image=sha256:bbbb ref=CHG-2' }),
  // A long text, met by a query that is new.
  ...session('reader', [
    { at: at(10, 30), table: 'mails', rows: 1, bytes: 400_000, text: 'select body from mails' },
  ]),
  // A batch that was written anew, in pages: as many values as its peers get, in no more rows than ever.
  ...session(
    'loader-7',
    [0, 1, 2, 3, 4, 5].map((i) => ({
      ...{ at: at(3, 7 + i), table: 'payments', ...masked(16_000) },
      text: `select * from payments where id > ${i * 16_000}`,
    })),
    { groups: ['loaders'] },
  ),
  ...session('loader-6', [{ at: at(3, 6), table: 'payments', ...masked(120_000) }], { groups: ['loaders'] }),
];

describe('thefts that no single query shows', { timeout: 120_000 }, () => {
  let stage: DetectionStage;
  let detectors: readonly Detector[];
  let found: Finding[];
  const today = { from: midnight, to: midnight + day };

  beforeAll(async () => {
    stage = await DetectionStage.start(midnight + day);
    const past = Array.from({ length: days }, (_, i) => Object.values(lives).flatMap((life) => life(i + 1)));
    await stage.append([...past.flat(), ...thefts(), ...honest()]);
    const all = (await stage.detectors()).detectors;
    detectors = all.filter(({ id }) => id === 'bulk-read' || id === 'sensitive-volume');
    await writeRange(stage.writer, { from: at(0, 0, days), to: midnight });
    await writeRange(stage.writer, today);
    found = await detectDay(stage, detectors, today, stage.settings, () => expect.unreachable());
  }, 120_000);
  afterAll(() => stage.stop());

  const said = (some: readonly Finding[]) =>
    some.map(({ detector, row }) => `${detector.id} ${row.identity} ${row.subject}`).toSorted();

  it('are found, and nothing honest beside them', () => {
    expect(said(found)).toEqual([
      'bulk-read corp:bundled public.customers',
      'bulk-read corp:newcomer public.customers',
      'bulk-read corp:packed public.customers',
      'bulk-read corp:split public.customers',
      'bulk-read corp:warm public.customers',
      'sensitive-volume corp:newcomer email',
      'sensitive-volume corp:split email',
    ]);
  });

  it('say what was new', () => {
    const of = (identity: string) =>
      found.filter((each) => each.row.identity === `corp:${identity}`).map(({ evidence }) => evidence);
    expect(of('packed')).toEqual([
      'read 1 row of public.customers between 2026-10-14 10:00 UTC and 10:00, with one query, which it never ran before, in 1 statement; usual at this hour: 20; own most in an hour of 28 days: 50; peers: at most 1,200; in bytes 4.8 MiB, own most 4.9 KiB',
    ]);
    expect(of('split')[0]).toContain('with 8 queries, which are new to it, in 8 statements');
    expect(of('warm')[0]).toContain('one query, which it has run for some days at most, in 4 statements');
  });

  it('are the same of a day as of its hours', async () => {
    const ids = async (pieces: readonly { from: number; to: number }[]) => {
      const all: string[] = [];
      for (const detector of detectors)
        for (const range of pieces)
          all.push(...(await runDetector(stage.reader, detector, range, 'UTC')).map(({ id }) => id));
      return all.toSorted();
    };
    // All that happens is in them.
    const hours = Array.from({ length: 11 }, (_, i) => ({
      from: midnight + i * hour,
      to: midnight + (i + 1) * hour,
    }));
    expect(await ids(hours)).toEqual(await ids([today]));
  });
});
