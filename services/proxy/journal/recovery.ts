import { readFileSync } from 'node:fs';
import { decodeEnvelope } from '#events';
import { decodeCheckpoint, type Sessions } from './checkpoint.js';
import { newSessionState, note } from './open-sessions.js';
import { readRecord, recordKinds } from './record.codec.js';
import type { Segment } from './segments.js';

export interface Scan {
  /** Sessions without an end. */
  readonly sessions: Sessions;
  /** Bytes up to the end of the last sound record. */
  readonly bytes: number;
  /** Bytes after it: the record that was being written when the process died. */
  readonly torn: number;
}

/** Reads a segment whole; undefined if not even its checkpoint was written. */
export function scanSegment(segment: Segment): Scan | undefined {
  const bytes = readFileSync(segment.path);
  const first = readRecord(bytes, 0);
  if (first?.kind !== recordKinds.checkpoint) return undefined;
  const sessions = decodeCheckpoint(first.body);
  let at = first.end;
  for (let record = readRecord(bytes, at); record; record = readRecord(bytes, at)) {
    if (record.kind === recordKinds.event) apply(sessions, record.body);
    at = record.end;
  }
  return { sessions, bytes: at, torn: bytes.length - at };
}

function apply(sessions: Sessions, raw: Buffer): void {
  const { subject, type, data, link } = decodeEnvelope(raw);
  const state = sessions.get(subject) ?? newSessionState();
  note(state, type, data);
  if (link) state.head = { seq: Number(link.seq), hash: Uint8Array.from(link.hash) };
  if (state.ended) sessions.delete(subject);
  else sessions.set(subject, state);
}

/** When the first event at or after `at` was written, milliseconds since the epoch. */
export function oldestEventAt(segment: Segment, at: number): number | undefined {
  const bytes = readFileSync(segment.path);
  for (let record = readRecord(bytes, at); record; record = readRecord(bytes, record.end)) {
    if (record.kind === recordKinds.event) return Number(decodeEnvelope(record.body).timeUs / 1000n);
  }
  return undefined;
}
