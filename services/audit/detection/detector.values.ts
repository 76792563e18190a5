import { quoted } from '../sql/canonical.text.js';
import type { DetectorFile } from './detector.file.js';
import type { DetectionSettings } from './detection.settings.js';
import { timeText, type TimeRange } from './store.sql.js';

/** A range that no event is in: what a query is checked with, and where the range of a run is put in. */
export const sentinel: TimeRange = {
  from: Date.UTC(1981, 2, 3, 4, 5, 6, 789),
  to: Date.UTC(1982, 3, 4, 5, 6, 7, 891),
};

/** By name, what a query may name as `{name:Type}`: its own parameters, the house's, the range. As text of the store. */
export function valuesOf(
  { parameters }: Pick<DetectorFile, 'parameters'>,
  { calendar, honeytokens, changes }: DetectionSettings,
  range: TimeRange = sentinel,
): Map<string, string> {
  const house = {
    timezone: calendar.timezone,
    opens: calendar.hours[0],
    closes: calendar.hours[1],
    weekdays: calendar.weekdays,
    holidays: calendar.holidays,
    honeytokens,
    changes,
    from: timeText(range.from),
    to: timeText(range.to),
  };
  const all = { ...parameters, ...house };
  return new Map(Object.entries(all).map(([name, value]) => [name, asText(value)]));
}

export const houseNames = [
  'timezone',
  'opens',
  'closes',
  'weekdays',
  'holidays',
  'honeytokens',
  'changes',
  'from',
  'to',
];

/** A list as the store reads it from text; a text's backslashes are read twice. */
function asText(value: string | number | readonly (string | number)[]): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return value.replaceAll('\\', '\\\\');
  return `[${value.map((each) => (typeof each === 'number' ? String(each) : quoted(each))).join(',')}]`;
}

/** The checked query over a range: its texts stand where the sentinel's stood, which nothing else can look like. */
export function overRange(checked: string, { from, to }: TimeRange): string {
  return checked
    .replaceAll(timeText(sentinel.from), timeText(from))
    .replaceAll(timeText(sentinel.to), timeText(to));
}
