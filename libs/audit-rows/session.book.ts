import type { SessionEventRow } from '#audit-store';
import { emptySummary, type SessionSummary } from './session.summary.js';

/** What stands on every row of a session, as its start said it; empty where the start was not seen. */
export type SessionColumns = Pick<
  SessionEventRow,
  | 'identity'
  | 'identity_kind'
  | 'on_behalf_of'
  | 'connection'
  | 'protocol'
  | 'source_address'
  | 'client_program'
  | 'client_user'
>;

/** What ingest must know of a session to place its next event. */
export interface SessionEntry {
  /** The greatest seq that is stored; what is not above it was stored before. 0n: nothing is. */
  highWater: bigint;
  who: SessionColumns;
  /** The column formats of the result that is being recorded: they stand on its first chunk only. */
  resultFormats: readonly number[];
  /** What all stored events of the session come to. */
  summary: SessionSummary;
}

export const unknownSession = (): SessionEntry => ({
  highWater: 0n,
  who: {
    identity: '',
    identity_kind: '',
    on_behalf_of: '',
    connection: '',
    protocol: '',
    source_address: '',
    client_program: '',
    client_user: '',
  },
  resultFormats: [],
  summary: emptySummary(),
});

/** The sessions seen lately, the least recently seen out first; one that is out is read from the store again. */
export class SessionBook {
  readonly #entries = new Map<string, SessionEntry>();

  constructor(private readonly capacity = 50_000) {}

  has(sessionId: string): boolean {
    return this.#entries.has(sessionId);
  }

  /** The entry, which is now the most recently seen. The caller has made sure that there is one. */
  get(sessionId: string): SessionEntry {
    const entry = this.#entries.get(sessionId) ?? unknownSession();
    this.#entries.delete(sessionId);
    this.#entries.set(sessionId, entry);
    return entry;
  }

  set(sessionId: string, entry: SessionEntry): void {
    this.#entries.set(sessionId, entry);
  }

  /** Between batches only: within one, every session of the batch must stay. */
  trim(): void {
    for (const id of this.#entries.keys()) {
      if (this.#entries.size <= this.capacity) return;
      this.#entries.delete(id);
    }
  }

  /** After a batch that was given up half-way, memory and store may disagree. */
  clear(): void {
    this.#entries.clear();
  }
}
