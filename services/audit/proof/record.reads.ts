import { Inject, Injectable } from '@nestjs/common';
import type { ClickHouseClient } from '#audit-store';
import type { Topic } from '#events';
import { RECORD_READER } from '../audit.tokens.js';
import { recordColumns } from './record.columns.js';

/** Which sessions: one, those with an event since then, or all. */
export interface RecordQuery {
  readonly session?: string | undefined;
  /** ISO 8601. */
  readonly since?: string | undefined;
}

type Row = Readonly<Record<string, unknown>>;
interface Page {
  readonly rows: Row[];
  readonly last: boolean;
}

const sessionsAtOnce = 100;
/** Of sessions that are read together. */
const mostEvents = 5000;
/**
 * Rows of one query. Each reads whole granules (8192 rows), so few rows at once cost as much as many; but a result
 * chunk can have some 100 KiB, and stands in a row twice. Where many are too much for the reader's limits, few are read.
 */
const many = 5000;
const few = 100;

/** Page by page: once many rows were too much, no later page of it tries them again. */
class Walk {
  most = many;
}

/** TOO_MANY_ROWS, TIMEOUT_EXCEEDED, MEMORY_LIMIT_EXCEEDED, TOO_MANY_BYTES, TOO_MANY_ROWS_OR_BYTES */
const limitCodes = new Set(['158', '159', '241', '307', '396']);

/** A server whose limit strikes after the first rows breaks its answer off, which is then no JSON. */
function isTooMuch(error: unknown): boolean {
  if (error instanceof SyntaxError) return true;
  return error instanceof Error && 'code' in error && limitCodes.has(String(error.code));
}

/**
 * The stored record as a verifier reads it, one JSON object a line: for each session `{"summary":…}`, `{"session":…}`, its
 * `{"statement":…}`s, `{"deadLetter":…}`s and `{"expired":…}`s, then its `{"event":…}`s by seq, then `{"end":ID}`.
 */
@Injectable()
export class RecordReads {
  readonly #client: ClickHouseClient;

  constructor(@Inject(RECORD_READER) client: ClickHouseClient) {
    this.#client = client;
  }

  async *sessions(query: RecordQuery): AsyncGenerator<string> {
    if (query.session !== undefined) return yield* this.#together([query.session]);
    const begun = await this.#now();
    for (let after: string | undefined; ;) {
      const ids = await this.#ids(after, begun, query.since);
      yield* this.#together(ids);
      if (ids.length < sessionsAtOnce) return;
      after = ids.at(-1);
    }
  }

  /** Events of the other topics, `{"control":…}`, and what could not be read, `{"deadLetter":…}`. */
  async *control(topic?: Topic): AsyncGenerator<string> {
    if (topic !== undefined) return yield* this.#ofTopic(topic);
    const from = `SELECT ${recordColumns.control} FROM weir.control_events AS t WHERE`;
    const dead = `SELECT ${recordColumns.deadLetters} FROM weir.dead_letters AS t WHERE`;
    yield* this.#byOffset('control', from);
    yield* this.#byOffset('deadLetter', dead);
  }

  async *#ofTopic(topic: Topic): AsyncGenerator<string> {
    const from = `SELECT ${recordColumns.control} FROM weir.control_events AS t WHERE t.topic = '${topic}' AND`;
    yield* this.#byOffset('control', from);
  }

  /** What is derived comes before what it is derived from: a session that goes on has the events of what it shows. */
  async *#together(ids: readonly string[]): AsyncGenerator<string> {
    const summaries = bySession(await this.#rows(summarySql, { ids }));
    for (const part of parts(ids, summaries)) {
      const views = bySession(await this.#rows(sessionsSql, { ids: part }));
      const statements = bySession(await this.#statements(part));
      const deadLetters = bySession(await this.#rows(deadLettersSql, { ids: part }));
      const expired = bySession(await this.#expired(part));
      const events = this.#events(part);
      let next = await events.next();
      for (const id of part) {
        yield* lines('summary', summaries.get(id));
        yield* lines('session', views.get(id));
        yield* lines('statement', statements.get(id));
        yield* lines('deadLetter', deadLetters.get(id));
        yield* lines('expired', expired.get(id));
        for (; next.value?.['session_id'] === id; next = await events.next())
          yield* lines('event', [next.value]);
        yield `${JSON.stringify({ end: id })}\n`;
      }
    }
  }

  async #statements(ids: readonly string[]): Promise<Row[]> {
    const found: Row[] = [];
    const walk = new Walk();
    for (let after = ['', '']; ;) {
      const place = { session: after[0], statement: after[1], first: Number(found.length === 0) };
      const { rows, last } = await this.#page(statementsSql, { ids, ...place }, walk);
      found.push(...rows);
      if (last) return found;
      after = [String(rows.at(-1)?.['session_id']), String(rows.at(-1)?.['statement_id'])];
    }
  }

  async #expired(ids: readonly string[]): Promise<Row[]> {
    const found: Row[] = [];
    const walk = new Walk();
    for (let after = ['', '0', '']; ;) {
      const place = { session: after[0], seq: after[1], erasure: after[2] };
      const first = Number(found.length === 0);
      const { rows, last } = await this.#page(expiredSql, { ids, ...place, first }, walk);
      found.push(...rows);
      if (last) return found;
      after = ['session_id', 'seq', 'erasure'].map((column) => String(rows.at(-1)?.[column]));
    }
  }

  /** By session and seq. What comes in meanwhile is left for another time: reading ends, however much is written. */
  async *#events(ids: readonly string[]): AsyncGenerator<Row, undefined> {
    const begun = await this.#now();
    const walk = new Walk();
    for (let [after, first] = [['', '0'], 1]; ; first = 0) {
      const place = { session: after[0], seq: after[1], first };
      const { rows, last } = await this.#page(eventsSql, { ids, begun, ...place }, walk);
      yield* rows;
      if (last) return undefined;
      after = [String(rows.at(-1)?.['session_id']), String(rows.at(-1)?.['seq'])];
    }
  }

  async *#byOffset(kind: string, from: string): AsyncGenerator<string> {
    const walk = new Walk();
    for (let place: Row = { topic: '', partition: 0, offset: '0', id: '', first: 1 }; ;) {
      const { rows, last } = await this.#page(`${from} ${afterPlace}`, place, walk);
      yield* lines(kind, rows);
      if (last) return;
      const { topic, partition, offset, event_id: id } = rows.at(-1) ?? {};
      place = { topic, partition, offset, id, first: 0 };
    }
  }

  async #ids(after: string | undefined, begun: string, since: string | undefined): Promise<string[]> {
    const time = "parseDateTime64BestEffort({since: String}, 6, 'UTC')";
    const recent = `AND t.session_id IN (SELECT session_id FROM weir.session_summary_rows
      WHERE last_event_at >= ${time})`;
    const next = after === undefined ? '1 = 1' : 't.session_id > {after: String}';
    const rows = await this.#rows(
      `SELECT DISTINCT s.id AS id FROM (
         SELECT DISTINCT t.session_id AS id FROM weir.session_events AS t WHERE ${next}
           AND ${there('t.ingested_at')} ${since === undefined ? '' : recent}
           ORDER BY id LIMIT ${sessionsAtOnce}
         UNION ALL
         SELECT DISTINCT t.session_id AS id FROM weir.session_summary_rows AS t WHERE ${next}
           AND ${there('t.last_event_at')} ${since === undefined ? '' : `AND t.last_event_at >= ${time}`}
           ORDER BY id LIMIT ${sessionsAtOnce}
         UNION ALL
         SELECT DISTINCT t.session_id AS id FROM weir.dead_letters AS t WHERE ${next} AND t.session_id != ''
           AND ${there('t.ingested_at')} ${since === undefined ? '' : recent}
           ORDER BY id LIMIT ${sessionsAtOnce}
         UNION ALL
         SELECT DISTINCT t.session_id AS id FROM weir.expired_events AS t WHERE ${next}
           ${since === undefined ? '' : `AND t.time >= ${time}`} ORDER BY id LIMIT ${sessionsAtOnce}
       ) AS s ORDER BY id LIMIT ${sessionsAtOnce}`,
      { after: after ?? '', begun, ...(since === undefined ? {} : { since }) },
    );
    return rows.map(({ id }) => String(id));
  }

  /** By the store's clock. */
  async #now(): Promise<string> {
    const [row] = await this.#rows("SELECT toString(now64(3, 'UTC')) AS now", {});
    return String(row?.['now']);
  }

  async #page(query: string, params: Record<string, unknown>, walk: Walk): Promise<Page> {
    const { most } = walk;
    try {
      const rows = await this.#rows(`${query} LIMIT ${most}`, params);
      return { rows, last: rows.length < most };
    } catch (error) {
      if (most === few || !isTooMuch(error)) throw error;
      walk.most = few;
      return this.#page(query, params, walk);
    }
  }

  async #rows(query: string, params: Record<string, unknown>): Promise<Row[]> {
    const answer = await this.#client.query({ query, query_params: params, format: 'JSONEachRow' });
    return answer.json<Row>();
  }
}

const lines = (kind: string, rows: readonly Row[] = []): string[] =>
  rows.map((row) => `${JSON.stringify({ [kind]: row })}\n`);

function bySession(rows: readonly Row[]): Map<string, Row[]> {
  const sessions = new Map<string, Row[]>();
  for (const row of rows) {
    const id = String(row['session_id']);
    const own = sessions.get(id);
    if (own) own.push(row);
    else sessions.set(id, [row]);
  }
  return sessions;
}

/** Sessions that are few events together; a long one alone. */
function parts(ids: readonly string[], summaries: ReadonlyMap<string, readonly Row[]>): string[][] {
  const groups: string[][] = [];
  let sum = Infinity;
  for (const id of ids) {
    const events = Number(summaries.get(id)?.[0]?.['events'] ?? 0);
    sum += events;
    if (sum > mostEvents) {
      groups.push([]);
      sum = events;
    }
    groups.at(-1)?.push(id);
  }
  return groups;
}

/**
 * What was there when reading began, so that it ends however much is written meanwhile. A time that is to come is nobody's
 * honest one: it must not hide a row for ever.
 */
const there = (column: string): string =>
  `(${column} <= {begun: DateTime64(3, 'UTC')} OR ${column} > now64(3, 'UTC'))`;

const summarySql = `SELECT ${recordColumns.summaries} FROM weir.session_summary_rows AS t FINAL
  WHERE t.session_id IN {ids: Array(String)}`;
const sessionsSql = `SELECT ${recordColumns.sessions} FROM weir.sessions AS t
  WHERE t.session_id IN {ids: Array(String)}`;
const statementsSql = `SELECT ${recordColumns.statements} FROM weir.statements AS t
  WHERE t.session_id IN {ids: Array(String)}
    AND ({first: UInt8} = 1 OR (t.session_id, t.statement_id) > ({session: String}, {statement: String}))
  ORDER BY t.session_id, t.statement_id`;
const deadLettersSql = `SELECT ${recordColumns.deadLetters} FROM weir.dead_letters AS t
  WHERE t.session_id IN {ids: Array(String)} ORDER BY t.session_id, t.seq`;
const expiredSql = `SELECT ${recordColumns.expired} FROM weir.expired_events AS t
  WHERE t.session_id IN {ids: Array(String)}
    AND ({first: UInt8} = 1 OR (t.session_id, t.seq, t.erasure) > ({session: String}, {seq: UInt64}, {erasure: String}))
  ORDER BY t.session_id, t.seq, t.erasure`;
const eventsSql = `SELECT ${recordColumns.events} FROM weir.session_events AS t
  WHERE t.session_id IN {ids: Array(String)}
    AND ({first: UInt8} = 1 OR (t.session_id, t.seq) > ({session: String}, {seq: UInt64}))
    AND ${there('t.ingested_at')}
  ORDER BY t.session_id, t.seq`;
const afterPlace = `({first: UInt8} = 1
    OR (t.topic, t.partition, t.offset, t.event_id) > ({topic: String}, {partition: UInt32}, {offset: UInt64}, {id: String}))
  ORDER BY t.topic, t.partition, t.offset, t.event_id`;
