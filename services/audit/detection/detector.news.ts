import { publicTables } from '#audit-store';
import type { Detector } from './detector.check.js';

/** What may bring a detector something to find: statements and sessions, or changes of policies and connections. */
export type NewsOf = 'sessions' | 'house';

const house: readonly string[] = ['control_events', 'published_words'];
const ofSessions = publicTables.filter((table) => !house.includes(table));

/** By the tables that its query names. Who reads both is asked in both cases. */
export function isAsked({ checked }: Pick<Detector, 'checked'>, news: NewsOf): boolean {
  const words = new Set(checked.match(/\w+/g));
  const readsHouse = house.some((table) => words.has(table));
  return news === 'house' ? readsHouse : !readsHouse || ofSessions.some((table) => words.has(table));
}

const urgency = { high: 0, watch: 1, none: 2 } as const;

/** Those first whose findings stop somebody. */
export const mostUrgentFirst = (detectors: readonly Detector[]): Detector[] =>
  detectors.toSorted((a, b) => urgency[a.risk] - urgency[b.risk]);
