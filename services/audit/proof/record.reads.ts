import { Inject, Injectable } from '@nestjs/common';
import type { ClickHouseClient } from '#audit-store';
import { RECORD_READER } from '../audit.tokens.js';
import { recordColumns } from './record.columns.js';

/** Which sessions: one, those with an event since then, or all. */
export interface RecordQuery {
  readonly session?: string | undefined;
  /** ISO 8601. */
  readonly since?: string | undefined;
}

type Row = Readonly<Record<string, unknown>>;

const sessionsAtOnce = 20;
/** A result chunk can have some 100 KiB, and stands in a row twice. */
const eventsAtOnce = 100;
const controlAtOnce = 500;

/**
 * The stored record as a verifier reads it, one JSON object a line: for each session `{"summary":…}`, its
 * `{"statement":…}`s and `{"deadLetter":…}`s, then its `{"event":…}`s by seq, then `{"end":ID}`.
 */
@Injectable()
export class RecordReads {
  readonly #client: ClickHouseClient;

  constructor(@Inject(RECORD_READER) client: ClickHouseClient) {
    this.#client = client;
  }

  async *sessions(query: RecordQuery): AsyncGenerator<string> {
    if (query.session !== undefined) return yield* this.#session(query.session);
    for (let after = ''; ;) {
      const ids = await this.#ids(after, query.since);
      for (const id of ids) yield* this.#session(id);
      if (ids.length < sessionsAtOnce) return;
      after = ids.at(-1) ?? '';
    }
  }

  /** Events of the other topics, `{"control":…}`, and what could not be read, `{"deadLetter":…}`. */
  async *control(): AsyncGenerator<string> {
    const from = `SELECT ${recordColumns.control} FROM weir.control_events AS t`;
    const dead = `SELECT ${recordColumns.deadLetters} FROM weir.dead_letters AS t`;
    yield* this.#byOffset('control', from);
    yield* this.#byOffset('deadLetter', dead);
  }

  /** What is derived comes before what it is derived from: a session that goes on has the events of what it shows. */
  async *#session(id: string): AsyncGenerator<string> {
    yield* lines('summary', await this.#rows(summarySql, { id }));
    yield* lines('statement', await this.#rows(statementsSql, { id }));
    yield* lines('deadLetter', await this.#rows(deadLettersSql, { id }));
    for (let after = '0'; ;) {
      const events = await this.#rows(eventsSql, { id, after, limit: eventsAtOnce });
      yield* lines('event', events);
      if (events.length < eventsAtOnce) break;
      after = String(events.at(-1)?.['seq']);
    }
    yield `${JSON.stringify({ end: id })}\n`;
  }

  async *#byOffset(kind: string, from: string): AsyncGenerator<string> {
    for (let place: Row = { topic: '', partition: 0, offset: '0' }; ;) {
      const rows = await this.#rows(`${from} WHERE ${afterPlace}`, { ...place, limit: controlAtOnce });
      yield* lines(kind, rows);
      if (rows.length < controlAtOnce) return;
      const { topic, partition, offset } = rows.at(-1) ?? {};
      place = { topic, partition, offset };
    }
  }

  async #ids(after: string, since: string | undefined): Promise<string[]> {
    const recent = `AND t.session_id IN (SELECT session_id FROM weir.session_summary_rows
      WHERE last_event_at >= parseDateTime64BestEffort({since: String}, 6, 'UTC'))`;
    const rows = await this.#rows(
      `SELECT DISTINCT t.session_id AS id FROM weir.session_events AS t WHERE t.session_id > {after: String}
       ${since === undefined ? '' : recent} ORDER BY t.session_id LIMIT ${sessionsAtOnce}`,
      { after, ...(since === undefined ? {} : { since }) },
    );
    return rows.map(({ id }) => String(id));
  }

  async #rows(query: string, params: Record<string, unknown>): Promise<Row[]> {
    const answer = await this.#client.query({ query, query_params: params, format: 'JSONEachRow' });
    return answer.json<Row>();
  }
}

const lines = (kind: string, rows: readonly Row[]): string[] =>
  rows.map((row) => `${JSON.stringify({ [kind]: row })}\n`);

const summarySql = `SELECT ${recordColumns.summaries} FROM weir.session_summary_rows AS t FINAL
  WHERE t.session_id = {id: String}`;
const statementsSql = `SELECT ${recordColumns.statements} FROM weir.statements AS t
  WHERE t.session_id = {id: String} ORDER BY t.seq`;
const deadLettersSql = `SELECT ${recordColumns.deadLetters} FROM weir.dead_letters AS t
  WHERE t.session_id = {id: String} ORDER BY t.seq`;
const eventsSql = `SELECT ${recordColumns.events} FROM weir.session_events AS t
  WHERE t.session_id = {id: String} AND t.seq > {after: UInt64} ORDER BY t.seq LIMIT {limit: UInt32}`;
const afterPlace = `(t.topic, t.partition, t.offset) > ({topic: String}, {partition: UInt32}, {offset: UInt64})
  OR (t.topic = {topic: String} AND {topic: String} = '')
  ORDER BY t.topic, t.partition, t.offset LIMIT {limit: UInt32}`;
