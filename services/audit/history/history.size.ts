import { dayMs, rowsOf, timeOf } from '../detection/store.sql.js';
import type { HistoryStore } from './history.store.js';

/** What a history has. Times: milliseconds since the epoch, of sessions' events; 0 where there are none. */
export interface HistorySize {
  readonly events: number;
  readonly sessions: number;
  readonly identities: number;
  /** Events of sessions whose start is not among them: nobody knows whose they are. */
  readonly ofNobody: number;
  readonly from: number;
  readonly to: number;
}

interface SizeRow {
  readonly events: string;
  readonly sessions: string;
  readonly identities: string;
  readonly nobody: string;
  readonly first: string;
  readonly last: string;
}

/** Each event once, however often it was read. */
export async function sizeOf({ reader }: Pick<HistoryStore, 'reader'>): Promise<HistorySize> {
  const [row] = await rowsOf<SizeRow>(
    reader,
    `SELECT toString(count() + (SELECT count() FROM weir.control_events)) AS events, toString(uniqExact(session_id)) AS sessions,
       toString(uniqExactIf(identity, identity != '')) AS identities, toString(countIf(identity = '')) AS nobody,
       toString(min(time)) AS first, toString(max(time)) AS last
     FROM weir.session_events`,
  );
  const sessions = Number(row?.sessions ?? 0);
  return {
    ...{ events: Number(row?.events ?? 0), sessions, identities: Number(row?.identities ?? 0) },
    ofNobody: Number(row?.nobody ?? 0),
    from: sessions > 0 ? timeOf(row!.first) : 0,
    to: sessions > 0 ? timeOf(row!.last) : 0,
  };
}

/** Weeks of one agent that are measured: of each identity the time from its first event that is to its last. */
export async function weeksMeasured({ reader }: Pick<HistoryStore, 'reader'>, from: number): Promise<number> {
  const rows = await rowsOf<{ first: string; last: string }>(
    reader,
    `SELECT toString(min(time)) AS first, toString(max(time)) AS last FROM weir.session_events
     WHERE identity != '' GROUP BY identity`,
  );
  const days = rows.map(({ first, last }) => (timeOf(last) - Math.max(from, timeOf(first))) / dayMs);
  // Whoever was there for an hour could be a false alarm of that day.
  return days.filter((each) => each >= 0).reduce((sum, each) => sum + Math.max(1, each), 0) / 7;
}
