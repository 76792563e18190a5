import { rowsOf, timeOf } from '../detection/store.sql.js';
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
