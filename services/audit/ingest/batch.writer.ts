import {
  insertRows,
  storageTables,
  type ClickHouseClient,
  type InsertRow,
  type RowInsert,
  type StorageTable,
} from '#audit-store';
import { deadLetterRow, rowLine } from '#audit-rows';
import type { LoggedEvent } from '#event-log';
import { AppError } from '#kernel';
import type { Announce, DeadLetter } from './dead.letters.js';
import { tokenOf, type EventBatch } from './event.batch.js';
import type { FailureCause } from './ingest.failure.js';

export type Insert = (insert: RowInsert) => Promise<void>;

export interface BatchWriterOptions {
  readonly insert: Insert;
  readonly announce: Announce;
  /** Resolves after a pause, or at once when ingest stops; false: give up. */
  readonly pause: (milliseconds: number) => Promise<boolean>;
  readonly onRetry: (error: unknown, cause: FailureCause) => void;
}

export function insertInto(client: ClickHouseClient): Insert {
  return (insert) => insertRows(client, insert);
}

/** So many rows in a row that the store can't take are no sick rows: it, or this version, is not what it should be. */
const mostSick = 20;
/** Milliseconds until those rows are tried again. */
const sickPause = 5000;

/** Thrown when ingest stops while the store is away. */
export class GaveUp extends Error {}

/**
 * Writes a batch so that it is exactly once as read whenever the process dies. Dead letters go first: the rows
 * are the mark from which ingest begins again, and what came before them is then written a second time over
 * itself.
 */
export class BatchWriter {
  /** Rows that the store could not take, with none after them that it could. */
  #sick = 0;

  constructor(private readonly options: BatchWriterOptions) {}

  /** How many of its events the store could not take. Throws where that is no fault of theirs. */
  async write(table: StorageTable, batch: EventBatch, events: readonly LoggedEvent[]): Promise<number> {
    await this.#bury(batch.deadLetters, events);
    return this.#writeRows(table, batch.rows, batch.events);
  }

  /** What the sessions of these events come to; written after the events, see `completeSummaries`. */
  async writeSummaries(lines: readonly string[], events: readonly LoggedEvent[]): Promise<void> {
    const { sessionSummaries: table } = storageTables;
    await this.#insert({ table, lines, token: tokenOf(table, events) });
  }

  /** Where the store can't take the rows as they are, halves find the one that is to blame. */
  async #writeRows(
    table: StorageTable,
    lines: readonly InsertRow[],
    events: readonly LoggedEvent[],
  ): Promise<number> {
    try {
      await this.#insert({ table, lines, token: tokenOf(table, events) });
      if (lines.length > 0) this.#sick = 0;
      return 0;
    } catch (error) {
      if (!isAboutData(error)) throw error;
      if (lines.length === 1 && events[0]) {
        if (this.#sick + 1 >= mostSick) await this.#stopOver(error);
        this.#sick++;
        await this.#bury([{ event: events[0], reason: error }], events);
        return 1;
      }
      const half = Math.ceil(lines.length / 2);
      const buried = await this.#writeRows(table, lines.slice(0, half), events.slice(0, half));
      return buried + (await this.#writeRows(table, lines.slice(half), events.slice(half)));
    }
  }

  /** The rows stay on the log, and are read again from the first one that is neither stored nor buried. */
  async #stopOver(cause: unknown): Promise<never> {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `the audit store could not take ${mostSick} events in a row, so it is not the events: ${reason}`;
    const error = new AppError('INTERNAL', message, {
      cause,
      hint: 'no more are buried; has somebody changed its tables, or is another version of Weirkeeper at work?',
    });
    this.options.onRetry(error, 'store');
    if (!(await this.options.pause(sickPause))) throw new GaveUp();
    throw error;
  }

  /** On the log first: the table's row, too, may be what the next process finds and goes on from. */
  async #bury(letters: readonly DeadLetter[], events: readonly LoggedEvent[]): Promise<void> {
    if (letters.length === 0) return;
    await this.#until('log', () => this.options.announce(letters));
    const { deadLetters: table } = storageTables;
    const lines = letters.map(({ event, reason }) => rowLine([deadLetterRow(event, reason)]));
    await this.#insert({ table, lines, token: tokenOf(table, events) });
  }

  /** The same batch with the same token until the store has it. */
  async #insert(insert: RowInsert): Promise<void> {
    if (insert.lines.length > 0) await this.#until('store', () => this.options.insert(insert));
  }

  async #until(cause: FailureCause, write: () => Promise<void>): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await write();
      } catch (error) {
        if (isAboutData(error)) throw error;
        this.options.onRetry(error, cause);
        if (!(await this.options.pause(Math.min(100 * 2 ** tries, 5000)))) throw new GaveUp();
      }
    }
  }
}

/** ClickHouse's codes for input that it can't read; any other failure may pass. */
const dataErrorCodes = new Set([
  '6',
  '26',
  '27',
  '33',
  '38',
  '41',
  '53',
  '69',
  '70',
  '72',
  '117',
  '130',
  '321',
]);

function isAboutData(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return dataErrorCodes.has(code);
}
