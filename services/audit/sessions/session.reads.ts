import { Inject, Injectable } from '@nestjs/common';
import type { ClickHouseClient } from '#audit-store';
import type { Position } from '#event-log';
import { topics } from '#events';
import { AppError } from '#kernel';
import { AUDIT_READER } from '../audit.tokens.js';
import type {
  Decision,
  EventsQuery,
  SessionDetail,
  SessionItem,
  SessionPage,
  SessionQuery,
} from './session.item.js';
import { proofSql, searchSql } from './session.search.js';

/** Events of one query while a session is read out: a result chunk can have some 100 KiB. */
const eventsAtOnce = 100;

@Injectable()
export class SessionReads {
  readonly #client: ClickHouseClient;

  constructor(@Inject(AUDIT_READER) client: ClickHouseClient) {
    this.#client = client;
  }

  /** Ids are ordered by time, so the page goes by them, and only its own sessions are summed up. */
  async page(query: SessionQuery): Promise<SessionPage> {
    const ids = await this.#ids(query);
    const shown = ids.slice(0, query.limit);
    const sessions = await this.#summaries(shown);
    return { sessions, next: ids.length > query.limit ? (shown.at(-1) ?? null) : null };
  }

  async get(id: string): Promise<SessionDetail> {
    const [item] = await this.#rows<SessionItem>(itemSql, { id });
    if (!item) throw await this.#gone(id);
    return { ...item, endedBy: item.endReason === '' ? '' : await this.#whoEnded(id, item.endReason) };
  }

  /** What retention erased is not what never was. */
  async #gone(id: string): Promise<AppError> {
    const [row] = await this.#rows<{ erasure: string }>(expiredSql, { id });
    return row
      ? new AppError('NOT_FOUND', `session ${id} has expired: its record was erased (${row.erasure})`)
      : notFound('session', id);
  }

  /** Each event as one line of JSON (`ReplayLine`), the first queried for before this resolves. */
  async events(id: string, part: EventsQuery = {}): Promise<AsyncGenerator<string>> {
    const { after = 0, limit = Infinity, statement = '' } = part;
    const page = (seq: string, wanted: number) =>
      this.#rows<EventLine>(linesSql, { id, after: seq, statement, limit: Math.min(wanted, eventsAtOnce) });
    const first = await page(String(after), limit);
    if (first.length === 0) await this.get(id);
    return linesFrom(first, limit, page);
  }

  /** The decision on a statement, by the statement's id. */
  async decision(id: string): Promise<Decision> {
    const [row] = await this.#rows<DecisionRow>(decisionSql, { id });
    if (!row) throw notFound('decision', id);
    const inQuarantine = row.policyIds.includes('quarantine');
    const ask = inQuarantine ? 'the security team' : await this.#ownerOf(row.connection);
    return { ...asDecision(row), ask };
  }

  /** A command and where it stands in the log, by what its event's id begins with; undefined: the store knows of none. */
  async command(idStart: string): Promise<{ readonly id: string; readonly at: Position } | undefined> {
    const [row] = await this.#rows<CommandRow>(commandSql, { idStart });
    const at = row && { topic: topics.command, partition: row.partition, offset: Number(row.offset) };
    return at && { id: row.event_id, at };
  }

  /** One more than the page has, if there are more. */
  async #ids(query: SessionQuery): Promise<string[]> {
    const ids: string[] = [];
    const wanted = query.limit + 1;
    const atOnce = 2 * wanted;
    for (let { cursor } = query; ;) {
      const search = searchSql({ ...query, cursor }, atOnce);
      const rows = await this.#rows<Found>(search.query, search.params);
      const proven = await this.#proven(query, rows);
      for (const { session_id, sure } of rows)
        if (session_id !== ids.at(-1) && (sure || proven.has(session_id))) ids.push(session_id);
      if (rows.length < atOnce || ids.length >= wanted) return ids.slice(0, wanted);
      cursor = rows.at(-1)?.session_id;
    }
  }

  /** A command that came too late ended nothing: the session says with its reason which one did. */
  async #whoEnded(id: string, reason: string): Promise<string> {
    const [row] = await this.#rows<{ identity: string }>(enderSql, { id, reason });
    return row?.identity ?? '';
  }

  /** Of the sessions whose rows can't tell, those that match. */
  async #proven(query: SessionQuery, rows: readonly Found[]): Promise<ReadonlySet<string>> {
    const ids = [...new Set(rows.flatMap(({ session_id, sure }) => (sure ? [] : [session_id])))];
    if (ids.length === 0) return new Set();
    const proof = proofSql(query, ids);
    const found = await this.#rows<{ session_id: string }>(proof.query, proof.params);
    return new Set(found.map(({ session_id }) => session_id));
  }

  /** As the connection says now, or said last. */
  async #ownerOf(connection: string): Promise<string> {
    const [row] = await this.#rows<{ owner: string }>(ownerSql, { connection });
    return row?.owner ?? '';
  }

  async #summaries(ids: readonly string[]): Promise<SessionItem[]> {
    return ids.length === 0 ? [] : this.#rows<SessionItem>(summariesSql, { ids });
  }

  async #rows<Row>(query: string, params: Record<string, unknown>): Promise<Row[]> {
    const answer = await this.#client.query({ query, query_params: params, format: 'JSONEachRow' });
    return answer.json<Row>();
  }
}

/** `sure`: 0 or 1. */
interface Found {
  readonly session_id: string;
  readonly sure: number;
}

interface EventLine {
  readonly seq: string;
  readonly line: string;
}

type EventPage = (after: string, wanted: number) => Promise<readonly EventLine[]>;

/** Page by page, none asked for before the one before it was taken. */
async function* linesFrom(
  first: readonly EventLine[],
  limit: number,
  page: EventPage,
): AsyncGenerator<string> {
  let given = 0;
  for (let lines = first; lines.length > 0;) {
    for (const { line } of lines) yield `${line}\n`;
    given += lines.length;
    if (lines.length < eventsAtOnce || given >= limit) return;
    lines = await page(lines.at(-1)?.seq ?? '0', limit - given);
  }
}

const isoTime = (column: string) => `concat(replaceOne(toString(${column}), ' ', 'T'), 'Z')`;

const itemColumns = `
  session_id AS sessionId, identity, identity_kind AS identityKind, on_behalf_of AS onBehalfOf, connection,
  protocol, source_address AS sourceAddress, client_program AS clientProgram, client_user AS clientUser,
  ${isoTime('started_at')} AS startedAt, ${isoTime('last_event_at')} AS lastEventAt,
  ${isoTime('ended_at')} AS endedAt, end_reason AS endReason, statements, denied, held, errors, rows, bytes,
  masked_values AS maskedValues, events`;

const itemSql = `SELECT ${itemColumns}, missing FROM weir.sessions WHERE session_id = {id: String}`;

const expiredSql = 'SELECT erasure FROM weir.expired_events WHERE session_id = {id: String} LIMIT 1';

const summariesSql = `
  SELECT ${itemColumns}, last_seq - events AS missing FROM weir.session_summary_rows FINAL
  WHERE session_id IN {ids: Array(String)} ORDER BY session_id DESC`;

const linesSql = `
  SELECT toString(seq) AS seq,
    concat('{"seq":', seq, ',"time":"', ${isoTime('time')}, '","type":', toJSONString(toString(type)),
      if(payload IN ('', '{}'), '}', concat(',', substring(payload, 2)))) AS line
  FROM weir.session_events AS e
  WHERE session_id = {id: String} AND e.seq > {after: UInt64}
    AND ({statement: String} = '' OR statement_id = {statement: String})
  ORDER BY e.seq LIMIT {limit: UInt32}`;

const decisionSql = `
  SELECT statement_id AS id, session_id AS sessionId, ${isoTime('time')} AS time, identity,
    on_behalf_of AS onBehalfOf, connection, text, kinds, tables_read AS tablesRead,
    tables_written AS tablesWritten, decision, reason, policy_ids AS policyIds, snapshot,
    approval_id AS approvalId, hold_outcome, decided_by, waited_us, status, sqlstate, message, rows, bytes,
    duration_us, masked
  FROM weir.statements WHERE statement_id = {id: String} LIMIT 1`;

const enderSql = `
  SELECT identity FROM weir.control_events
  WHERE topic = '${topics.command}' AND type = 'EndSession' AND session_id = {id: String}
    AND concat('ended: ', reason) = {reason: String}
  ORDER BY offset LIMIT 1`;

const commandSql = `
  SELECT event_id, partition, toString(e.offset) AS offset FROM weir.control_events AS e
  WHERE topic = '${topics.command}' AND startsWith(event_id, {idStart: String}) ORDER BY e.offset LIMIT 1`;

interface CommandRow {
  readonly event_id: string;
  readonly partition: number;
  readonly offset: string;
}

const ownerSql = `
  SELECT JSONExtractString(payload, 'connection', 'owner') AS owner FROM weir.control_events
  WHERE topic = '${topics.policy}' AND type = 'ConnectionRegistered' AND connection = {connection: String}
  ORDER BY offset DESC LIMIT 1`;

type DecisionRow = Omit<Decision, 'hold' | 'outcome' | 'masks' | 'ask'> & {
  readonly hold_outcome: string;
  readonly decided_by: string[];
  readonly waited_us: number;
  readonly status: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly rows: number;
  readonly bytes: number;
  readonly duration_us: number;
  readonly masked: Record<string, number>;
};

function asDecision(row: DecisionRow): Omit<Decision, 'ask'> {
  const { hold_outcome, decided_by, waited_us, status, sqlstate, message, rows, bytes, ...rest } = row;
  const { duration_us: durationUs, masked, ...plain } = rest;
  return {
    ...plain,
    masks: Object.entries(masked)
      .map(([name, values]) => ({ class: name, values }))
      .sort((a, b) => b.values - a.values),
    hold: hold_outcome === '' ? null : { outcome: hold_outcome, decidedBy: decided_by, waitedUs: waited_us },
    outcome: status === '' ? null : { status, sqlstate, message, rows, bytes, durationUs, masked },
  };
}

export const notFound = (what: string, id: string): AppError =>
  new AppError('NOT_FOUND', `there is no ${what} ${id}`);
