import { existsSync, readFileSync } from 'node:fs';
import { parseConfig } from '#platform';
import { detectDay, writeRange, type OnFailure } from '../detection/detect.js';
import { settingsOf, type DetectionSettings } from '../detection/detection.settings.js';
import type { Detector } from '../detection/detector.check.js';
import { loadDetectors, detectorFolders } from '../detection/detectors.load.js';
import type { Finding } from '../detection/finding.js';
import { dayMs, dayOf, hourMs, hourOf, rowsOf, type TimeRange } from '../detection/store.sql.js';
import { forgetFeatures, type HistoryStore } from './history.store.js';
import { scoredFinding, type ScoredFinding } from './scored.finding.js';

/** What detectors are told of the house, and which run. */
export interface LookBack {
  readonly settings: DetectionSettings;
  readonly folders: readonly string[];
}

/** The detectors of a look back: by id those that ran, and of those that did not why. */
export interface RanDetectors {
  readonly ran: readonly { readonly id: string; readonly severity: string; readonly schedule: string }[];
  readonly refused: readonly { readonly file: string; readonly reason: string }[];
  readonly failed: readonly { readonly id: string; readonly reason: string }[];
}

/** As weir.yaml says; without one, as an empty one does. `own` takes the place of `detection.detectors`. */
export function lookBackOf(config: string | undefined, own: string | undefined): LookBack {
  const text = config !== undefined && existsSync(config) ? readFileSync(config, 'utf8') : '';
  const parsed = parseConfig(text, config ?? 'weir.yaml', '.weir');
  const folder = own ?? parsed.detection.detectors;
  const folders = detectorFolders(folder).map(({ path }) => path);
  return { settings: settingsOf(parsed), folders };
}

/**
 * Runs every detector over a history from a day on, day by day, each day with what was known before it: as they would have run
 * then. What lies before that day is learned from; what comes after the history's last hour is not missing. Features and
 * baselines are made anew.
 */
export async function lookBack(
  store: HistoryStore,
  { settings, folders }: LookBack,
  measured: number,
  onDay: (day: number, last: number) => void,
): Promise<RanDetectors & { readonly findings: ScoredFinding[] }> {
  await forgetFeatures(store);
  const { detectors, refused } = await loadDetectors(store.reader, folders, settings);
  const failures = new Map<string, string>();
  /** By id: of a session across midnight a gap is seen on both days. */
  const findings = new Map<string, ScoredFinding>();
  const fail: OnFailure = ({ id }, error) =>
    failures.set(id, error instanceof Error ? error.message.split('\n')[0]! : String(error));
  const ranges = daysToLookAt(await daysWithEvents(store));
  const [last, end] = [ranges.at(-1)?.to ?? 0, await endOf(store)];
  for (const { from, to } of ranges) {
    onDay(from, last);
    await writeRange(store.writer, { from, to });
    if (to <= measured) continue;
    const found = await findingsOfDay(store, detectors, { from, to: Math.min(to, end) }, settings, fail);
    for (const each of found.map(scoredFinding)) if (!findings.has(each.id)) findings.set(each.id, each);
  }
  return {
    findings: [...findings.values()].filter(({ windowEnd }) => windowEnd > measured),
    ran: detectors.map(({ id, severity, schedule }) => ({ id, severity, schedule })),
    refused: [...refused].map(([file, reason]) => ({ file, reason })),
    failed: [...failures].map(([id, reason]) => ({ id, reason })),
  };
}

/** Of a day as far as there is one; whom a day is asked of, is asked of the whole of it. */
async function findingsOfDay(
  store: HistoryStore,
  detectors: readonly Detector[],
  { from, to }: TimeRange,
  settings: DetectionSettings,
  fail: OnFailure,
): Promise<Finding[]> {
  const byDay = detectors.filter(({ schedule }) => schedule === 'day');
  const others = detectors.filter(({ schedule }) => schedule !== 'day');
  return [
    ...(await detectDay(store, others, { from, to }, settings, fail)),
    ...(await detectDay(store, byDay, { from, to: from + dayMs }, settings, fail)),
  ];
}

/** Of the hour with the last event. */
async function endOf({ reader }: HistoryStore): Promise<number> {
  const [row] = await rowsOf<{ last: string }>(
    reader,
    `SELECT toString(toUnixTimestamp(greatest(
       (SELECT max(time) FROM weir.session_events), (SELECT max(time) FROM weir.control_events)))) AS last`,
  );
  return hourOf(Number(row?.last ?? 0) * 1000) + hourMs;
}

async function daysWithEvents({ reader }: HistoryStore): Promise<number[]> {
  const rows = await rowsOf<{ day: string }>(
    reader,
    `SELECT DISTINCT toString(toUnixTimestamp(toStartOfDay(time))) AS day FROM
       (SELECT time FROM weir.session_events UNION ALL SELECT time FROM weir.control_events) ORDER BY toUInt64(day)`,
  );
  return rows.map(({ day }) => Number(day) * 1000);
}

/** Days on which nothing happens are looked at, too: a run may be missing. But no longer than anybody is remembered. */
const longestSilence = 28;

/** Each a day, in order. */
function daysToLookAt(days: readonly number[]): TimeRange[] {
  const ranges: TimeRange[] = [];
  let known = days[0] ?? 0;
  for (const day of days) {
    for (
      let silent = known + dayMs;
      silent < day && silent <= known + longestSilence * dayMs;
      silent += dayMs
    )
      ranges.push({ from: silent, to: silent + dayMs });
    ranges.push({ from: day, to: day + dayMs });
    known = day;
  }
  return ranges;
}

/** Milliseconds since the epoch: the first day that is measured. */
export const measuredFrom = (first: number, learnDays: number): number => dayOf(first) + learnDays * dayMs;
