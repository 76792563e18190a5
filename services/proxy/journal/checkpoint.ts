import { newSessionState, type SessionState } from './open-sessions.js';
import { encodeRecord, recordKinds } from './record.codec.js';

/* A segment begins with the state of every session that was open then, so that the newest segment alone says how
   each chain goes on: older ones may be shipped and gone. JSON: { id, seq, hash: hex, open: statement ids } */

interface Entry {
  readonly id: string;
  readonly seq: number;
  readonly hash: string;
  readonly open: readonly string[];
}

export type Sessions = Map<string, SessionState>;

export function encodeCheckpoint(sessions: ReadonlyMap<string, SessionState>): Buffer {
  const entries: Entry[] = [...sessions].map(([id, { head, openStatements }]) => ({
    id,
    seq: head.seq,
    hash: Buffer.from(head.hash).toString('hex'),
    open: [...openStatements],
  }));
  return encodeRecord(recordKinds.checkpoint, Buffer.from(JSON.stringify(entries)));
}

export function decodeCheckpoint(body: Buffer): Sessions {
  const entries = JSON.parse(body.toString('utf8')) as readonly Entry[];
  return new Map(
    entries.map(({ id, seq, hash, open }) => {
      const state = newSessionState({ seq, hash: Buffer.from(hash, 'hex') });
      for (const statement of open) state.openStatements.add(statement);
      return [id, state];
    }),
  );
}
