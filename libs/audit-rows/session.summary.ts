import type { SessionSummaryRow } from '#audit-store';
import type { SessionColumns } from './session.book.js';
import type { SessionEventParts } from './session-event.row.js';

/** As migration 0006 has them: a row is written with each batch, so what a session touches must not make it large. */
export const mostTouched = 512;
export const mostClasses = 128;
/** Stands in a list for what it has no room for: who searches looks into the session's statements then. */
export const more = '';

/** What the events of a session come to, counted as they are ingested. `weir.session_summary_source` says the same. */
export interface SessionSummary {
  topic: string;
  partition: number;
  offset: string;
  /** Times as the store writes them: they sort as text. Empty: no event yet. */
  startedAt: string;
  lastEventAt: string;
  endedAt: string | null;
  endReason: string;
  statements: number;
  allowed: number;
  denied: number;
  held: number;
  errors: number;
  rows: bigint;
  bytes: bigint;
  maskedValues: bigint;
  revealedValues: bigint;
  events: number;
  lastSeq: string;
  readonly touched: Set<string>;
  readonly classes: Set<string>;
}

export type SummaryColumns = Omit<SessionSummaryRow, keyof SessionColumns | 'session_id'>;

export const emptySummary = (): SessionSummary => ({
  ...{ topic: '', partition: 0, offset: '0', startedAt: '', lastEventAt: '', endedAt: null, endReason: '' },
  ...{ statements: 0, allowed: 0, denied: 0, held: 0, errors: 0, rows: 0n, bytes: 0n },
  ...{ maskedValues: 0n, revealedValues: 0n },
  ...{ events: 0, lastSeq: '0', touched: new Set(), classes: new Set() },
});

/** Counts one more event of the session, which is the newest. */
export function addToSummary(summary: SessionSummary, row: SessionEventParts): void {
  const [{ topic, partition, offset, type }, { time, seq }, , own] = row;
  Object.assign(summary, { topic, partition, offset, lastSeq: seq });
  summary.events++;
  if (summary.startedAt === '' || time < summary.startedAt) summary.startedAt = time;
  if (time > summary.lastEventAt) summary.lastEventAt = time;
  if (type === 'StatementReceived') addReceived(summary, own);
  if (type === 'StatementOutcome') addOutcome(summary, own);
  if (type === 'SessionEnded') addEnd(summary, own, time);
}

type OwnColumns = SessionEventParts[3];

function addReceived(summary: SessionSummary, own: OwnColumns): void {
  const { decision = '', tables_read = [], tables_written = [] } = own;
  summary.statements++;
  if (decision === 'allow') summary.allowed++;
  if (decision === 'deny') summary.denied++;
  if (decision === 'hold') summary.held++;
  for (const table of [...tables_read, ...tables_written])
    for (const mark of touchMarks(decision, table)) addBounded(summary.touched, mark, mostTouched);
}

function addBounded(list: Set<string>, item: string, most: number): void {
  if (list.size < most || list.has(item)) list.add(item);
  else list.add(more);
}

/** By its full name and by its bare one. */
const touchMarks = (decision: string, table: string): string[] => [
  `${decision} ${table}`,
  `${decision} ${table.slice(table.indexOf('.') + 1)}`,
];

function addOutcome(
  summary: SessionSummary,
  { status, rows, bytes, masked = {}, revealed = {} }: OwnColumns,
): void {
  if (status === 'error') summary.errors++;
  summary.rows += BigInt(rows ?? 0);
  summary.bytes += BigInt(bytes ?? 0);
  for (const [name, values] of Object.entries(masked)) {
    addBounded(summary.classes, name, mostClasses);
    summary.maskedValues += BigInt(values);
  }
  for (const values of Object.values(revealed)) summary.revealedValues += BigInt(values);
}

function addEnd(summary: SessionSummary, { end_reason = '' }: OwnColumns, time: string): void {
  if (summary.endedAt === null || time > summary.endedAt) summary.endedAt = time;
  summary.endReason = end_reason;
}

export function summaryColumns(summary: SessionSummary): SummaryColumns {
  const { topic, partition, offset, startedAt, lastEventAt, endedAt, endReason } = summary;
  return {
    ...{ topic, partition, offset, started_at: startedAt, last_event_at: lastEventAt },
    ...{
      ended_at: endedAt,
      end_reason: endReason,
      last_seq: summary.lastSeq,
      events: String(summary.events),
    },
    ...{ statements: String(summary.statements), errors: String(summary.errors) },
    ...{ allowed: String(summary.allowed), denied: String(summary.denied), held: String(summary.held) },
    ...{ rows: String(summary.rows), bytes: String(summary.bytes) },
    ...{ masked_values: String(summary.maskedValues), revealed_values: String(summary.revealedValues) },
    ...{ touched: [...summary.touched], classes: [...summary.classes] },
  };
}

/** As the store has it, for a session that goes on. */
export function summaryOf(row: SummaryColumns): SessionSummary {
  return {
    ...{ topic: row.topic, partition: row.partition, offset: row.offset, lastSeq: row.last_seq },
    ...{ startedAt: row.started_at, lastEventAt: row.last_event_at },
    ...{ endedAt: row.ended_at, endReason: row.end_reason, events: Number(row.events) },
    ...{ statements: Number(row.statements), errors: Number(row.errors) },
    ...{ allowed: Number(row.allowed), denied: Number(row.denied), held: Number(row.held) },
    ...{ rows: BigInt(row.rows), bytes: BigInt(row.bytes) },
    ...{ maskedValues: BigInt(row.masked_values), revealedValues: BigInt(row.revealed_values) },
    ...{ touched: new Set(row.touched), classes: new Set(row.classes) },
  };
}
