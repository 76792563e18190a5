import { join } from 'node:path';
import { open, type Database, type RootDatabase } from 'lmdb';
import { AppError } from '#kernel';
import { topics, type EncodedEnvelope, type Topic } from '#events';
import { StoredEvent } from '../logged-event.js';
import type { Position } from '../port.js';

/* One LMDB environment. A database per topic:  key: offset   value: appendedAt:f64 raw
   `heads`: topic -> offset and append time of the last event, which retention must not forget
   `groups`: topic and group -> GroupState

   Two defaults must stay off. With `overlappingSync`, killing one writer gives the others MDB_PANIC. With
   `eventTurnBatching`, a commit that fails (disk full) also rejects a promise that nobody holds, which ends the
   process. */

const headerBytes = 8;
const maxDatabases = 64;
const expiredAtOnce = 500;

/** Where a work group stands, and who may move it. */
export interface GroupState {
  /** The last offset handled; -1: none. */
  readonly offset: number;
  readonly lease?: { readonly token: string; readonly pid: number; readonly until: number };
}

interface Head {
  readonly offset: number;
  readonly at: number;
}

const emptyHead: Head = { offset: -1, at: 0 };

export class Store {
  readonly dataFile: string;
  readonly #env: RootDatabase<unknown, string>;
  readonly #heads: Database<Head, string>;
  readonly #topics: ReadonlyMap<string, Database<Buffer, number>>;
  /** Work groups' positions and leases (group.lease.ts). */
  readonly groups: Database<GroupState, string>;

  constructor(path: string) {
    this.dataFile = join(path, 'data.mdb');
    this.#env = open({
      path,
      noSubdir: false,
      overlappingSync: false,
      eventTurnBatching: false,
      maxDbs: maxDatabases,
    });
    this.#heads = this.#env.openDB({ name: 'heads', encoding: 'json' });
    this.groups = this.#env.openDB({ name: 'groups', encoding: 'json' });
    // Now, since opening one is a write transaction of its own and can't happen inside another.
    this.#topics = new Map(
      Object.values(topics).map((name) => [name, this.#env.openDB({ name, encoding: 'binary' })]),
    );
  }

  /**
   * Runs `action` inside one write transaction, alone among all processes, and resolves once it is on disk.
   * What it wrote is undone if it throws (a plain transaction would keep it).
   */
  async write<T>(action: () => T): Promise<T> {
    try {
      return await this.#env.childTransaction(action);
    } catch (error) {
      throw await commitError(error);
    }
  }

  /** Only inside `write`. */
  put(topic: Topic, events: readonly EncodedEnvelope[], now: number): Position[] {
    const database = this.#topic(topic);
    const head = this.#heads.get(topic) ?? emptyHead;
    const at = Math.max(now, head.at); // folds compare append times: they never go back
    const positions = events.map((raw, index) => {
      const offset = head.offset + 1 + index;
      database.putSync(offset, frame(raw, at));
      return { topic, partition: 0, offset };
    });
    if (positions.length > 0) this.#heads.putSync(topic, { offset: head.offset + positions.length, at });
    return positions;
  }

  /**
   * Removes the oldest events, up to `through`, as long as they were appended before then; how many. Some at a time: it
   * holds the event loop, and all other writers. Only inside `write`.
   */
  expire(topic: Topic, through: number, before: number): number {
    const database = this.#topic(topic);
    const old: number[] = [];
    for (const { key, value } of database.getRange({ start: 0, end: through + 1, limit: expiredAtOnce })) {
      if (value.readDoubleBE(0) >= before) break;
      old.push(key);
    }
    for (const key of old) database.removeSync(key);
    return old.length;
  }

  /** What other processes have committed is seen from now on. */
  refresh(): void {
    this.#env.resetReadTxn();
  }

  /** The last offset, -1 for an empty topic. */
  end(topic: Topic): number {
    return (this.#heads.get(topic) ?? emptyHead).offset;
  }

  /** In order, at most `limit` events and, past the first, `maxBytes` bytes. */
  read(topic: Topic, after: number, limit: number, maxBytes: number): StoredEvent[] {
    const events: StoredEvent[] = [];
    let bytes = 0;
    for (const { key, value } of this.#topic(topic).getRange({ start: after + 1, limit })) {
      events.push(unframe(topic, key, value));
      if ((bytes += value.length) >= maxBytes) break;
    }
    return events;
  }

  /** Frees what readers killed in mid-read have left behind. */
  clearStaleReaders(): void {
    this.#env.readerCheck();
  }

  close(): Promise<void> {
    return this.#env.close();
  }

  #topic(topic: Topic): Database<Buffer, number> {
    const database = this.#topics.get(topic);
    if (!database) throw new AppError('INPUT_INVALID', `the event log has no topic ${String(topic)}`);
    return database;
  }
}

/** A failed commit's error carries the disk's own as a promise of its own, which must not go unhandled. */
async function commitError(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'commitError' in error)) return error;
  return Promise.resolve(error.commitError).catch((cause: unknown) => cause);
}

function frame(raw: EncodedEnvelope, at: number): Buffer {
  const value = Buffer.allocUnsafe(headerBytes + raw.length);
  value.writeDoubleBE(at, 0);
  value.set(raw, headerBytes);
  return value;
}

function unframe(topic: Topic, offset: number, value: Buffer): StoredEvent {
  return new StoredEvent({ topic, partition: 0, offset }, value.readDoubleBE(0), value.subarray(headerBytes));
}
