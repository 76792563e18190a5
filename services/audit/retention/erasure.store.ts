import { expiredEventRow, StoredRowEvent } from '#audit-rows';
import { database, insertRows, storageTables, type ClickHouseClient } from '#audit-store';
import type { LoggedEvent, Position } from '#event-log';
import type { Topic } from '#events';
import type { TreeName } from '../proof/tree.cuts.js';
import type { ErasurePlan, OldSession } from './erasure.plan.js';

const { sessionEvents, deadLetters, sessionSummaries, expiredEvents } = storageTables;

/** Where a session's content stands. Dead letters without a place in a session are no session's, and stay. */
const contentTables = [sessionEvents, deadLetters] as const;

/** Rows of one query; one can have some 100 KiB. */
const rowsAtOnce = 200;

const ofPartition = 'topic = {topic: String} AND partition = {partition: UInt32}';

/** What an event is made of again; in the query, names are the columns' and not these. */
const placeOf = (t: string): string => `${t}.topic AS topic, ${t}.partition AS partition,
  toString(${t}.offset) AS offset, toString(toUnixTimestamp64Milli(${t}.logged_at)) AS at, base64Encode(${t}.raw) AS raw`;

interface EventRow extends Position {
  readonly session_id: string;
  readonly seq: string;
  readonly at: string;
  readonly raw: string;
}

/** What retention asks of the audit store and does there. */
export class ErasureStore {
  constructor(private readonly client: ClickHouseClient) {}

  /** Sessions whose summary ends before then, the oldest first; what there is of each, whatever its summary says. */
  async oldSessions(tree: TreeName, before: number, limit: number): Promise<OldSession[]> {
    const found = await this.#rows<{ id: string }>(
      `SELECT session_id AS id FROM ${database}.${sessionSummaries} FINAL
       WHERE ${ofPartition} AND last_event_at < fromUnixTimestamp64Milli({before: Int64}, 'UTC')
       ORDER BY last_event_at, session_id LIMIT ${limit}`,
      { ...tree, before },
    );
    return this.#measure(
      tree,
      found.map(({ id }) => id),
    );
  }

  async #measure(tree: TreeName, ids: readonly string[]): Promise<OldSession[]> {
    if (ids.length === 0) return [];
    const parts = contentTables.map(
      (table) => `SELECT session_id, seq, offset, greatest(
          toUnixTimestamp64Milli(logged_at),
          ${table === sessionEvents ? 'toUnixTimestamp64Milli(toDateTime64(time, 3)) + 1' : '0'}) AS at
        FROM ${database}.${table} FINAL
        WHERE ${ofPartition} AND session_id IN {ids: Array(String)} AND seq > 0`,
    );
    const rows = await this.#rows<Record<string, string>>(
      `SELECT session_id, toString(uniqExact(seq)) AS events, toString(min(r.offset)) AS first,
         toString(max(r.offset)) AS last, toString(max(r.at)) AS at
       FROM (${parts.join(' UNION ALL ')}) AS r GROUP BY session_id`,
      { ...tree, ids },
    );
    return rows.map(({ session_id = '', events, first, last, at }) => ({
      ...{ session: session_id, events: Number(events), lastAt: Number(at) },
      ...{ firstOffset: Number(first), lastOffset: Number(last) },
    }));
  }

  /** Writes down what stays of each event. Returns the sessions of which something can't be: they are not erased. */
  async keep(plan: ErasurePlan): Promise<string[]> {
    const unread = new Set<string>();
    for (const table of contentTables)
      for await (const rows of this.#pages(plan, table)) {
        const lines = rows.flatMap((row) => keptLine(row, plan.id) ?? (unread.add(row.session_id), []));
        const [first] = rows;
        const token = `${plan.id}:${table}:${first?.session_id}:${first?.seq}:${lines.length}`;
        await insertRows(this.client, { table: expiredEvents, lines, token });
      }
    return [...unread];
  }

  async *#pages({ tree, sessions, through }: ErasurePlan, table: string): AsyncGenerator<EventRow[]> {
    for (let after = ['', '0']; ;) {
      const rows = await this.#rows<EventRow>(
        `SELECT t.session_id AS session_id, toString(t.seq) AS seq, ${placeOf('t')}
         FROM ${database}.${table} AS t FINAL
         WHERE t.topic = {topic: String} AND t.partition = {partition: UInt32}
           AND t.session_id IN {sessions: Array(String)} AND t.seq > 0 AND t.offset <= {through: UInt64}
           AND (t.session_id, t.seq) > ({session: String}, {seq: UInt64})
         ORDER BY t.session_id, t.seq LIMIT ${rowsAtOnce}`,
        { ...tree, sessions, through, session: after[0], seq: after[1] },
      );
      if (rows.length > 0) yield rows;
      if (rows.length < rowsAtOnce) return;
      after = [rows.at(-1)?.session_id ?? '', rows.at(-1)?.seq ?? '0'];
    }
  }

  /** How many events an erasure has kept something of, and of which sessions. */
  async kept(erasure: string): Promise<{ events: number; sessions: string[] }> {
    const rows = await this.#rows<{ id: string; events: string }>(
      `SELECT session_id AS id, toString(count()) AS events FROM ${database}.${expiredEvents} FINAL
       WHERE erasure = {erasure: String} GROUP BY session_id ORDER BY session_id`,
      { erasure },
    );
    return {
      events: rows.reduce((sum, { events }) => sum + Number(events), 0),
      sessions: rows.map(({ id }) => id),
    };
  }

  /** The newest `Erased` of a partition: the one before it was carried out before this one came. */
  async newest({ topic, partition }: TreeName): Promise<LoggedEvent | undefined> {
    const [row] = await this.#rows<EventRow>(
      `SELECT ${placeOf('t')} FROM ${database}.${storageTables.controlEvents} AS t FINAL
       WHERE t.topic = 'weir.retention.v1' AND t.type = 'Erased' AND t.subject = {subject: String}
       ORDER BY t.logged_at DESC, t.offset DESC LIMIT 1`,
      { subject: `${topic}/${partition}` },
    );
    return row && eventOf(row);
  }

  /** Removes what these sessions have up to there; what came later stays. Resolves once it is gone. */
  async erase(tree: TreeName, through: number, sessions: readonly string[]): Promise<void> {
    for (const table of [sessionEvents, deadLetters, sessionSummaries]) {
      const where = `${ofPartition} AND offset <= {through: UInt64} AND session_id IN {sessions: Array(String)}`;
      const params = { ...tree, through, sessions };
      const [left] = await this.#rows<{ rows: string }>(
        `SELECT toString(count()) AS rows FROM ${database}.${table} WHERE ${where}`,
        params,
      );
      if (left?.rows === '0') continue;
      await this.client.command({
        query: `ALTER TABLE ${database}.${table} DELETE WHERE ${where} SETTINGS mutations_sync = 1`,
        query_params: params,
      });
    }
  }

  async #rows<Row>(query: string, params: Record<string, unknown>): Promise<Row[]> {
    const answer = await this.client.query({ query, query_params: params, format: 'JSONEachRow' });
    return answer.json<Row>();
  }
}

const eventOf = ({ topic, partition, offset, at, raw }: EventRow): StoredRowEvent =>
  new StoredRowEvent(
    { topic: topic satisfies Topic, partition, offset: Number(offset) },
    Number(at),
    Buffer.from(raw, 'base64'),
  );

/** Undefined for a row that does not hold the event that it says: it was changed, and must stay as it is. */
function keptLine(row: EventRow, erasure: string): string | undefined {
  try {
    const kept = expiredEventRow(eventOf(row), erasure);
    return kept.session_id === row.session_id && kept.seq === row.seq ? JSON.stringify(kept) : undefined;
  } catch {
    return undefined;
  }
}
