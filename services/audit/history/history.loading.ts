import { controlEventRow, rowLine, SessionBook, sessionEventRow, unknownSession } from '#audit-rows';
import { insertRows, storageTables, type ClickHouseClient, type InsertRow } from '#audit-store';
import type { LoggedEvent } from '#event-log';
import { SessionStartedSchema, topics } from '#events';
import { rowsOf } from '../detection/store.sql.js';
import { readSessionColumns } from '../ingest/session.seeds.js';
import type { HistoryEvent } from './history.event.js';

/** Events, and bytes of their payloads, that are held before they are written. */
const mostEvents = 20_000;
const mostBytes = 32 * 1024 * 1024;
const dayMs = 86_400_000;

/**
 * Writes events as rows, the way ingest makes them of a log. The same event may come again: the one that came first stands.
 * Each insert is all there or not at all, and `done` of what was added before the last `flush` is durable.
 */
export class HistoryLoading {
  readonly #book = new SessionBook();
  #held: HistoryEvent[] = [];
  #bytes = 0;

  private constructor(
    private readonly writer: ClickHouseClient,
    private offset: number,
  ) {}

  /** Goes on behind what the store has. */
  static async begin(writer: ClickHouseClient): Promise<HistoryLoading> {
    const tables = [storageTables.sessionEvents, storageTables.controlEvents];
    const ends = await Promise.all(
      tables.map((table) =>
        rowsOf<{ end: string }>(writer, `SELECT toString(max(offset) + 1) AS end FROM weir.${table}`),
      ),
    );
    return new HistoryLoading(writer, Math.max(...ends.flat().map(({ end }) => Number(end))));
  }

  async add(event: HistoryEvent): Promise<void> {
    this.#held.push(event);
    this.#bytes += event.envelope.data.length;
    if (this.#held.length >= mostEvents || this.#bytes >= mostBytes) await this.flush();
  }

  async flush(): Promise<void> {
    const events = this.#held;
    [this.#held, this.#bytes] = [[], 0];
    await this.#seed(events);
    const inserts = new Map<string, InsertRow[]>();
    for (const event of events) {
      const { table, row, at } = this.#rowOf(event);
      const key = `${table} ${Math.floor(at / dayMs)}`;
      const rows = inserts.get(key) ?? [];
      rows.push(row);
      inserts.set(key, rows);
    }
    this.#book.trim();
    // A day is a partition of the table, and an insert goes into one.
    for (const [key, lines] of inserts) {
      const table = key.startsWith(storageTables.sessionEvents)
        ? storageTables.sessionEvents
        : storageTables.controlEvents;
      await insertRows(this.writer, { table, lines, token: `history:${this.offset}:${key}` });
    }
  }

  #rowOf(event: HistoryEvent) {
    const { link, subject } = event.envelope;
    const logged = loggedOf(event, this.offset++);
    const at = event.loggedAt;
    return event.topic === topics.session && link
      ? {
          table: storageTables.sessionEvents,
          row: sessionEventRow(logged, link, this.#book.get(subject)),
          at,
        }
      : { table: storageTables.controlEvents, row: rowLine(controlEventRow(logged)), at };
  }

  /** Who has a session stands in its start, which another file may have brought. */
  async #seed(events: readonly HistoryEvent[]): Promise<void> {
    const missing = new Set<string>();
    const begun = new Set<string>();
    for (const { topic, envelope } of events) {
      if (topic !== topics.session || this.#book.has(envelope.subject)) continue;
      if (envelope.type === SessionStartedSchema.typeName) begun.add(envelope.subject);
      else if (!begun.has(envelope.subject)) missing.add(envelope.subject);
    }
    const ids = [...missing];
    for (let at = 0; at < ids.length; at += mostAsked)
      for (const { session_id, who } of await readSessionColumns(this.writer, ids.slice(at, at + mostAsked)))
        this.#book.set(session_id, { ...unknownSession(), who });
  }
}

/** Sessions that are asked for at once. */
const mostAsked = 1000;

/** Without a log: there are no bytes that were appended. */
const loggedOf = ({ topic, loggedAt, envelope }: HistoryEvent, offset: number): LoggedEvent => ({
  position: { topic, partition: 0, offset },
  appendedAt: loggedAt,
  envelope,
  raw: new Uint8Array(),
});
