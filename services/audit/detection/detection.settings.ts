import type { WeirConfig } from '#platform';

/** When people are expected to work. Agents, too, unless they were seen at other hours before. */
export interface Calendar {
  /** IANA. */
  readonly timezone: string;
  /** Hours of the day: from the first, until the second begins. */
  readonly hours: readonly [number, number];
  /** 1: Monday. */
  readonly weekdays: readonly number[];
  /** `YYYY-MM-DD`. */
  readonly holidays: readonly string[];
}

/** Whose word a deployment is: the client's alone, or somebody's who published it, too. */
export type Changes = WeirConfig['detection']['changes'];

/** What detectors are told of this house. */
export interface DetectionSettings {
  readonly calendar: Calendar;
  /** `schema.table` or `schema.table.column`. */
  readonly honeytokens: readonly string[];
  readonly changes: Changes;
}

export const defaultSettings: DetectionSettings = {
  calendar: { timezone: 'UTC', hours: [7, 19], weekdays: [1, 2, 3, 4, 5], holidays: [] },
  honeytokens: [],
  changes: 'client',
};

export const settingsOf = ({
  detection: { calendar, honeytokens, changes },
}: WeirConfig): DetectionSettings => {
  const [opens = 0, closes = 24] = calendar.hours.split('-').map((text) => Number(text.split(':')[0]));
  return { calendar: { ...calendar, hours: [opens, closes] }, honeytokens, changes };
};
