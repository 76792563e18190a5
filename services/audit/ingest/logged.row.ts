import type { DeadLetterRow, LoggedRow } from '#audit-store';
import type { LoggedEvent } from '#event-log';
import { timeOfMilliseconds } from './event.times.js';

/** The columns that every event has, whatever it says. */
export function loggedRow({ position, appendedAt, envelope, raw }: LoggedEvent): LoggedRow {
  return {
    topic: position.topic,
    partition: position.partition,
    offset: String(position.offset),
    raw_base64: Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64'),
    logged_at: timeOfMilliseconds(appendedAt),
    event_id: envelope.id,
    type: shortType(envelope.type),
  };
}

/** `StatementReceived` of `weir.events.v1.StatementReceived`. */
export function shortType(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1);
}

export function deadLetterRow(event: LoggedEvent, reason: unknown): DeadLetterRow {
  return {
    ...loggedRow(event),
    session_id: event.envelope.link ? event.envelope.subject : '',
    seq: String(event.envelope.link?.seq ?? 0n),
    reason: reason instanceof Error ? reason.message : String(reason),
  };
}
