import { mkdirSync } from 'node:fs';
import { StatementOutcomeSchema, SessionEndedSchema } from '#events';
import { AppError } from '#kernel';
import type { Sessions } from './checkpoint.js';
import { JournalFiles } from './journal.files.js';
import type { JournalOptions } from './journal.options.js';
import { newSessionState } from './open-sessions.js';
import { lockOwner, type OwnerLock } from './owner.lock.js';
import { originOf, RecordBuffer } from './record.buffer.js';
import { BufferedChain, type SessionChain } from './session.chain.js';

export interface JournalStats {
  readonly bytes: number;
  readonly segments: number;
  readonly unshipped: number;
  /** Milliseconds since the epoch, to within a second; undefined where all is shipped. */
  readonly oldestUnshippedAt: number | undefined;
  /** Writes and fsyncs of this process that failed, and events that the log could not take. */
  readonly errors: { readonly append: number; readonly sync: number; readonly setAside: number };
}

/** The proxy's own append-only file. */
export interface Journal {
  /** One per session, until its SessionEnded is added. */
  openSession(sessionId: string): SessionChain;
  /**
   * Writes what all sessions have buffered with one write. Undefined: it is done (write-ahead). In `strict` a
   * promise of the fsync. Throws JOURNAL_FULL at the cap and on any disk error: then nothing may go on. What
   * could not be written stays buffered, and the next commit tries again.
   */
  commit(): Promise<void> | undefined;
  /** Throws JOURNAL_FULL where a new statement may not start: at the cap less what outcomes may need. */
  admit(): void;
  stats(): JournalStats;
  /** Writes the rest and gives up ownership. Sessions still open are ended as lost by the next owner. */
  close(): Promise<void>;
}

/**
 * Takes ownership of the journal in `dir` and ends, as lost, each session that its last owner left open.
 * Throws CONFLICT while another process owns it.
 */
export async function openJournal(options: JournalOptions): Promise<FileJournal> {
  mkdirSync(options.dir, { recursive: true });
  const lock = lockOwner(options.dir);
  try {
    return new FileJournal(options, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

const leastHeadroom = 64 * 1024;

export class FileJournal implements Journal {
  /** What the shipper reads. */
  readonly files: JournalFiles;
  readonly #options: JournalOptions;
  readonly #lock: OwnerLock;
  readonly #buffer: RecordBuffer;
  readonly #sessions: Sessions;
  readonly #headroom: number;
  #behind = false;
  #closed = false;

  constructor(options: JournalOptions, lock: OwnerLock) {
    this.#options = options;
    this.#lock = lock;
    this.#headroom = Math.max(leastHeadroom, Math.floor(options.maxBytes / 16));
    this.#buffer = new RecordBuffer(options.clock);
    this.files = new JournalFiles(options);
    this.#sessions = this.files.recovered;
    this.#endLostSessions();
  }

  openSession(sessionId: string): SessionChain {
    if (this.#sessions.has(sessionId)) throw new AppError('CONFLICT', `session ${sessionId} is open already`);
    return this.#chainOf(sessionId);
  }

  commit(): Promise<void> | undefined {
    if (this.#buffer.used === 0) return this.files.settled();
    if (this.files.bytes + this.#buffer.used > this.#options.maxBytes) throw this.#full();
    return this.#write();
  }

  admit(): void {
    if (this.#closed) throw new AppError('SHUTTING_DOWN', 'the journal is closed');
    if (this.files.bytes + this.#buffer.used + this.#headroom > this.#options.maxBytes) throw this.#full();
    this.files.check();
    if (this.#behind) this.commit()?.catch(() => {}); // files.check() speaks of a failed sync
  }

  stats(): JournalStats {
    const { bytes, segmentCount: segments, unshipped, oldestUnshippedAt, errors } = this.files;
    return { bytes, segments, unshipped, oldestUnshippedAt, errors };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      if (this.#buffer.used > 0) await this.#write();
    } finally {
      await this.files.close();
      this.#lock.release();
    }
  }

  #chainOf(sessionId: string): SessionChain {
    const state = this.#sessions.get(sessionId) ?? newSessionState();
    const chain = new BufferedChain(originOf(this.#options.source, sessionId), state, this.#buffer, (id) =>
      this.#sessions.delete(id),
    );
    this.#sessions.set(sessionId, state);
    return chain;
  }

  #write(): Promise<void> | undefined {
    this.#behind = true;
    const { bytes, used } = this.#buffer;
    this.files.append(bytes, used);
    this.#behind = false;
    this.#buffer.clear();
    this.files.rotateIfDue(this.#sessions);
    return this.files.settled();
  }

  /** The cap does not hold for these: they are few, and a chain must have its end. */
  #endLostSessions(): void {
    for (const [sessionId, { openStatements }] of [...this.#sessions]) {
      const chain = this.#chainOf(sessionId);
      for (const statementId of openStatements) {
        chain.add(StatementOutcomeSchema, { statementId, status: 'unknown' });
      }
      chain.add(SessionEndedSchema, { sessionId, reason: 'lost' });
    }
    if (this.#buffer.used > 0) this.#write()?.catch(() => {});
  }

  #full(): AppError {
    const { maxBytes } = this.#options;
    return new AppError('JOURNAL_FULL', `the journal has reached its cap of ${maxBytes} bytes`, {
      hint: 'The event log is not taking events; statements go on when it does.',
    });
  }
}
