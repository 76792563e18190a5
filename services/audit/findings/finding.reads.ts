import { Inject, Injectable } from '@nestjs/common';
import type { ClickHouseClient } from '#audit-store';
import { AUDIT_READER } from '../audit.tokens.js';
import { notFound } from '../sessions/session.reads.js';
import type { FindingItem, FindingPage, FindingQuery, IncidentItem } from './finding.item.js';

/** Findings as the store has them: all that there ever were. */
@Injectable()
export class FindingReads {
  readonly #client: ClickHouseClient;

  constructor(@Inject(AUDIT_READER) client: ClickHouseClient) {
    this.#client = client;
  }

  async page(query: FindingQuery): Promise<FindingPage> {
    const { sql, params } = listSql(query);
    const found = await this.#rows<FindingItem>(sql, { ...params, rows: query.limit + 1 });
    const findings = found.slice(0, query.limit);
    const incidents = await this.#incidents([...new Set(findings.map(({ incident }) => incident))]);
    const last = findings.at(-1);
    const next = found.length > findings.length && last ? cursorOf(last) : null;
    return { findings, incidents, next };
  }

  /** Throws NOT_FOUND. */
  async get(id: string): Promise<FindingItem> {
    const [item] = await this.#rows<FindingItem>(
      `SELECT ${columns} FROM weir.findings AS f WHERE f.finding_id = {id: String} LIMIT 1`,
      {
        id,
      },
    );
    if (!item) throw notFound('finding', id);
    return item;
  }

  async #incidents(ids: readonly string[]): Promise<IncidentItem[]> {
    return ids.length === 0 ? [] : this.#rows<IncidentItem>(incidentsSql, { ids });
  }

  async #rows<Row>(query: string, params: Record<string, unknown>): Promise<Row[]> {
    const answer = await this.#client.query({ query, query_params: params, format: 'JSONEachRow' });
    return answer.json<Row>();
  }
}

const isoTime = (column: string) => `concat(replaceOne(toString(${column}), ' ', 'T'), 'Z')`;

const columns = `
  f.finding_id AS id, f.detector AS detector, f.version AS version, f.title AS title, f.severity AS severity,
  f.technique AS technique, f.identity AS identity, f.on_behalf_of AS onBehalfOf, f.connection AS connection,
  f.subject AS subject, ${isoTime('f.window_start')} AS windowStart, ${isoTime('f.window_end')} AS windowEnd,
  f.evidence AS evidence, f.session_ids AS sessionIds, f.statement_ids AS statementIds, f.measures AS measures,
  f.risk AS risk, ${isoTime('f.risk_until')} AS riskUntil, f.quarantine AS quarantine,
  ${isoTime('f.raised_at')} AS raisedAt, f.state AS state, f.state_reason AS stateReason, f.state_by AS stateBy,
  if(isNull(f.state_at), NULL, ${isoTime('f.state_at')}) AS stateAt, f.incident AS incident`;

const incidentsSql = `
  SELECT f.incident AS id, any(f.identity) AS identity, ${isoTime('min(f.window_start)')} AS from,
    ${isoTime('max(f.window_end)')} AS to,
    argMax(f.severity, (f.state != 'false_alarm', indexOf(['low', 'medium', 'high', 'critical'], f.severity))) AS severity,
    toUInt32(count()) AS findings, toUInt32(countIf(f.state = 'open')) AS open,
    arraySort(groupUniqArray(f.detector)) AS detectors
  FROM weir.findings AS f WHERE f.incident IN {ids: Array(String)}
  GROUP BY f.incident ORDER BY to DESC, id`;

interface Condition {
  readonly sql: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Values are parameters, never text of the query. */
function listSql(query: FindingQuery): Condition {
  const conditions = conditionsOf(query);
  const where = conditions.map(({ sql }) => sql).join(' AND ') || '1';
  return {
    sql: `SELECT ${columns} FROM weir.findings AS f WHERE ${where}
      ORDER BY f.raised_at DESC, f.finding_id DESC LIMIT {rows: UInt32}`,
    params: Object.assign({}, ...conditions.map(({ params }) => params)) as Record<string, unknown>,
  };
}

function conditionsOf({ from, to, cursor, ...query }: FindingQuery): Condition[] {
  const is = (['state', 'severity', 'identity', 'detector', 'incident'] as const).flatMap((name) =>
    query[name] === undefined
      ? []
      : [{ sql: `f.${name} = {${name}: String}`, params: { [name]: query[name] } }],
  );
  return [
    ...is,
    ...(from === undefined ? [] : [{ sql: `f.window_end > ${timeOf('from')}`, params: { from } }]),
    ...(to === undefined ? [] : [{ sql: `f.window_start < ${timeOf('to')}`, params: { to } }]),
    ...(cursor === undefined ? [] : [before(cursor)]),
  ];
}

const timeOf = (name: string) => `parseDateTime64BestEffort({${name}: String}, 6, 'UTC')`;

function cursorOf({ raisedAt, id }: FindingItem): string {
  return Buffer.from(`${raisedAt} ${id}`).toString('base64url');
}

function before(cursor: string): Condition {
  const [at = '', id = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  const isTime = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(at);
  return {
    sql: `(f.raised_at, f.finding_id) < (parseDateTime64BestEffort({at: String}, 3, 'UTC'), {beforeId: String})`,
    // What no list gave begins it anew.
    params: { at: isTime ? at : '2200-01-01T00:00:00Z', beforeId: id },
  };
}
