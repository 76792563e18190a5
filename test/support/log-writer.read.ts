import { decodeEnvelope, topics, type Envelope } from '#events';
import type { EventLog, Position } from '#event-log';
import { readFileSync } from 'node:fs';
import { readRecord, recordKinds } from '../../services/proxy/journal/record.codec.js';
import { listSegments } from '../../services/proxy/journal/segments.js';

/** All session events of an embedded log, in order, repetitions included. */
export async function sessionEvents(log: EventLog): Promise<Envelope[]> {
  const found: Envelope[] = [];
  let after: Position = { topic: topics.session, partition: 0, offset: -1 };
  for (;;) {
    const some = await log.read(after, 1000);
    const last = some.at(-1);
    if (!last) return found;
    found.push(...some.map(({ envelope }) => envelope));
    after = last.position;
  }
}

/** All events that stand in a journal's segments. */
export function journalEvents(directory: string): Envelope[] {
  const found: Envelope[] = [];
  for (const { path } of listSegments(directory)) {
    const bytes = readFileSync(path);
    for (let record = readRecord(bytes, 0); record; record = readRecord(bytes, record.end)) {
      if (record.kind === recordKinds.event) found.push(decodeEnvelope(record.body));
    }
  }
  return found;
}

/** What an idempotent reader makes of at least once: events not above their session's high-water mark fall away. */
export function asRead(events: readonly Envelope[]): Map<string, Envelope[]> {
  const sessions = new Map<string, Envelope[]>();
  for (const event of events) {
    const session = sessions.get(event.subject) ?? [];
    sessions.set(event.subject, session);
    if ((event.link?.seq ?? 0n) > (session.at(-1)?.link?.seq ?? 0n)) session.push(event);
  }
  return sessions;
}
