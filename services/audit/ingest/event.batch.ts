import {
  addToSummary,
  controlEventRow,
  envelopeOf,
  rowLine,
  sessionEventRow,
  summaryColumns,
  type SessionBook,
} from '#audit-rows';
import type { InsertRow, RowInsert } from '#audit-store';
import { placeFault } from '#events';
import type { LoggedEvent } from '#event-log';
import type { DeadLetter } from './dead.letters.js';

/** Some events of one partition, in order, as rows of two tables. */
export interface EventBatch {
  readonly rows: InsertRow[];
  /** Of each row, the event it came from: if the store rejects a row, that is the poison. */
  readonly events: LoggedEvent[];
  readonly deadLetters: DeadLetter[];
  /** Events whose seq was not above their session's high-water mark: they are stored already. */
  duplicates: number;
  /** The sessions that these rows belong to. */
  readonly sessions: Set<string>;
}

/**
 * Cuts events where the log's day changes: a day is a partition of the table, an insert into one partition
 * is one part, and a part is there whole or not at all.
 */
export function cutByDay(events: readonly LoggedEvent[]): LoggedEvent[][] {
  const runs: LoggedEvent[][] = [];
  let day = NaN;
  for (const event of events) {
    const own = Math.floor(event.appendedAt / 86_400_000);
    if (own !== day) runs.push([]);
    day = own;
    runs.at(-1)?.push(event);
  }
  return runs;
}

/** The book must have an entry for each session that occurs (`loadSeeds`). */
export function sessionBatch(events: readonly LoggedEvent[], book: SessionBook): EventBatch {
  const batch = emptyBatch();
  for (const event of events) addSessionEvent(batch, event, book);
  return batch;
}

function addSessionEvent(batch: EventBatch, event: LoggedEvent, book: SessionBook): void {
  const envelope = envelopeOf(event);
  if (!envelope) return addDeadLetter(batch, event, 'the envelope does not decode');
  const { link, subject } = envelope;
  const fault = placeFault(envelope);
  if (!link || fault !== undefined) return addDeadLetter(batch, event, fault);
  const session = book.get(subject);
  if (link.seq <= session.highWater) batch.duplicates++;
  else
    addRow(batch, event, () => {
      const row = sessionEventRow(event, link, session);
      addToSummary(session.summary, row);
      batch.sessions.add(subject);
      return row;
    });
}

/** The sessions of a batch as they stand after it. */
export function summaryLines({ sessions }: EventBatch, book: SessionBook): string[] {
  return [...sessions].map((id) => {
    const { who, summary } = book.get(id);
    return rowLine([{ session_id: id }, who, summaryColumns(summary)]);
  });
}

export function controlBatch(events: readonly LoggedEvent[]): EventBatch {
  const batch = emptyBatch();
  for (const event of events) addRow(batch, event, () => rowLine(controlEventRow(event)));
  return batch;
}

/** The same rows and the same token at every try; see `insertRows`. */
export function tokenOf(table: RowInsert['table'], events: readonly LoggedEvent[]): string {
  const first = events[0]?.position;
  const last = events.at(-1)?.position;
  return `${table}:${first?.topic}:${first?.partition}:${first?.offset}-${last?.offset}:${events.length}`;
}

function addRow(batch: EventBatch, event: LoggedEvent, build: () => InsertRow): void {
  try {
    batch.rows.push(build());
    batch.events.push(event);
  } catch (error) {
    addDeadLetter(batch, event, error);
  }
}

function addDeadLetter(batch: EventBatch, event: LoggedEvent, reason: unknown): void {
  batch.deadLetters.push({ event, reason });
}

const emptyBatch = (): EventBatch => ({
  rows: [],
  events: [],
  deadLetters: [],
  duplicates: 0,
  sessions: new Set(),
});
