import type { ClickHouseClient } from '#audit-store';
import { writeActivity } from './activity.js';
import { writeBaselines } from './baselines.js';
import type { DetectionSettings } from './detection.settings.js';
import type { Detector } from './detector.check.js';
import { runDetector } from './detector.run.js';
import { writeFeatures } from './features.js';
import type { Finding } from './finding.js';
import { dayMs, dayOf, hourMs, hourOf, timeSql, type TimeRange } from './store.sql.js';

/** What detection works on. Two clients: an embedded one runs one query at a time, and only the reader is bounded. */
export interface DetectionStore {
  readonly writer: ClickHouseClient;
  readonly reader: ClickHouseClient;
}

/** Told of a detector whose query failed; the others go on. */
export type OnFailure = (detector: Detector, error: unknown) => void;

/** Some detectors over a range of one day, whose baselines are made if they are not. */
export async function detectDay(
  { writer, reader }: DetectionStore,
  detectors: readonly Detector[],
  range: TimeRange,
  settings: DetectionSettings,
  onFailure: OnFailure,
): Promise<Finding[]> {
  if (detectors.length === 0) return [];
  await writeBaselines(writer, dayOf(range.from), settings.calendar);
  const all: Finding[] = [];
  for await (const found of findingsOf(reader, detectors, range, settings, onFailure)) all.push(...found);
  return all;
}

/** What each detector finds, as soon as it has; the baselines stand. */
export async function* findingsOf(
  reader: DetectionStore['reader'],
  detectors: readonly Detector[],
  range: TimeRange,
  { calendar }: DetectionSettings,
  onFailure: OnFailure,
): AsyncGenerator<readonly Finding[]> {
  for (const detector of detectors) {
    const found = await runDetector(reader, detector, range, calendar.timezone).catch((error: unknown) => {
      onFailure(detector, error);
      return [];
    });
    if (found.length > 0) yield found;
  }
}

/** Activity and features of a range of event time. */
export async function writeRange(writer: ClickHouseClient, { from, to }: TimeRange): Promise<void> {
  const where = `time >= ${timeSql(from)} AND time < ${timeSql(to)}`;
  // A session lasts eight hours unless configured otherwise: what is over here was received within a day before.
  await writeActivity(writer, { where, earliest: timeSql(from - dayMs) });
  const hours = Array.from({ length: (to - from) / hourMs }, (_, i) => from + i * hourMs);
  await writeFeatures(writer, { hours, identities: 'all' });
}

/** A range in pieces, none of which is in two days. */
export function daysOf({ from, to }: TimeRange): TimeRange[] {
  const days: TimeRange[] = [];
  const end = hourOf(to - 1) + hourMs;
  for (let at = hourOf(from); at < end; at = dayOf(at) + dayMs)
    days.push({ from: at, to: Math.min(end, dayOf(at) + dayMs) });
  return days;
}

/** From the first to the last of these hours, by day. */
export function rangesOf(hours: readonly number[]): TimeRange[] {
  const byDay = new Map<number, TimeRange>();
  for (const hour of hours) {
    const { from, to } = byDay.get(dayOf(hour)) ?? { from: hour, to: hour + hourMs };
    byDay.set(dayOf(hour), { from: Math.min(from, hour), to: Math.max(to, hour + hourMs) });
  }
  return [...byDay.values()].sort((a, b) => a.from - b.from);
}
