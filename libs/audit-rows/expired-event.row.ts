import type { ExpiredEventRow } from '#audit-store';
import type { LoggedEvent } from '#event-log';
import { contentHash } from '#events';
import { timeOfMilliseconds } from './event.times.js';

/** What is kept of a session's event: its hash can be computed from it again. Throws for bytes that are none. */
export function expiredEventRow(
  { envelope, position, appendedAt }: LoggedEvent,
  erasure: string,
): ExpiredEventRow {
  const { id, type, timeUs, subject, link, data } = envelope;
  if (!link) throw new TypeError(`event ${id} has no place in a session`);
  return {
    session_id: subject,
    seq: String(link.seq),
    hash: Buffer.from(link.hash).toString('hex'),
    event_id: id,
    type,
    time_us: String(timeUs),
    content: Buffer.from(contentHash(link.salt, data)).toString('hex'),
    topic: position.topic,
    partition: position.partition,
    offset: String(position.offset),
    logged_at: timeOfMilliseconds(appendedAt),
    erasure,
  };
}
