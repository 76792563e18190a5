import { RawBytes, type DeadLetterRow, type LoggedRow } from '#audit-store';
import type { LoggedEvent } from '#event-log';
import { placeFault, type Envelope } from '#events';
import { timeOfMilliseconds } from './event.times.js';

/** The columns that every event has, whatever it says. */
export function loggedRow(event: LoggedEvent): LoggedRow {
  const { position, appendedAt, raw, envelope } = event;
  return {
    topic: position.topic,
    partition: position.partition,
    offset: String(position.offset),
    raw_base64: new RawBytes(raw),
    logged_at: timeOfMilliseconds(appendedAt),
    event_id: envelope.id,
    type: shortType(envelope.type),
  };
}

function placeOf({ position, appendedAt, raw }: LoggedEvent) {
  return {
    topic: position.topic,
    partition: position.partition,
    offset: String(position.offset),
    raw_base64: new RawBytes(raw),
    logged_at: timeOfMilliseconds(appendedAt),
  };
}

/** `StatementReceived` of `weir.events.v1.StatementReceived`. */
export function shortType(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1);
}

export function deadLetterRow(event: LoggedEvent, reason: unknown): DeadLetterRow {
  const envelope = envelopeOf(event);
  const inSession = envelope !== undefined && placeFault(envelope) === undefined;
  return {
    ...placeOf(event),
    event_id: envelope?.id ?? '',
    type: shortType(envelope?.type ?? ''),
    session_id: inSession ? envelope.subject : '',
    seq: inSession ? String(envelope.link?.seq) : '0',
    reason: reason instanceof Error ? reason.message : String(reason),
  };
}

/** A log may decode an envelope only when someone looks: undefined where the bytes are not one. */
export function envelopeOf(event: LoggedEvent): Envelope | undefined {
  try {
    return event.envelope;
  } catch {
    return undefined;
  }
}
