import { Inject, Injectable } from '@nestjs/common';
import type { ClickHouseClient } from '#audit-store';
import type { Clock } from '#kernel';
import { CLOCK } from '#platform';
import { AUDIT_READER } from '../audit.tokens.js';
import type { Activity } from './activity.item.js';

const day = 86_400_000;

/** What an identity did lately. Never a text or a parameter: who may decide on one statement may not read the others. */
@Injectable()
export class ActivityReads {
  readonly #client: ClickHouseClient;
  readonly #clock: Clock;

  constructor(@Inject(AUDIT_READER) client: ClickHouseClient, @Inject(CLOCK) clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async lastDay(identity: string): Promise<Activity> {
    const since = new Date(this.#clock.now() - day).toISOString();
    const params = { identity, since };
    const [totals] = await this.#rows<Totals>(totalsSql, params);
    const tables = await this.#rows<Activity['tables'][number]>(tablesSql, params);
    const recent = await this.#rows<Activity['recent'][number]>(recentSql, params);
    return { identity, since, ...(totals ?? nothing), tables, recent };
  }

  async #rows<Row>(query: string, params: Record<string, unknown>): Promise<Row[]> {
    const answer = await this.#client.query({ query, query_params: params, format: 'JSONEachRow' });
    return answer.json<Row>();
  }
}

type Totals = Pick<Activity, 'sessions' | 'statements' | 'denied' | 'held' | 'rows' | 'maskedValues'>;

const nothing: Totals = { sessions: 0, statements: 0, denied: 0, held: 0, rows: 0, maskedValues: 0 };

const theirs = `identity = {identity: String} AND e.time >= parseDateTime64BestEffort({since: String}, 6, 'UTC')`;

const totalsSql = `
  SELECT uniqExact(session_id) AS sessions, countIf(e.type = 'StatementReceived') AS statements,
    countIf(e.type = 'StatementReceived' AND e.decision = 'deny') AS denied,
    countIf(e.type = 'StatementReceived' AND e.decision = 'hold') AS held,
    sumIf(e.rows, e.type = 'StatementOutcome') AS rows,
    sumIf(arraySum(mapValues(e.masked)), e.type = 'StatementOutcome') AS maskedValues
  FROM weir.session_events AS e WHERE ${theirs}`;

const statementsSql = `
  SELECT statement_id AS id, min(e.time) AS at, anyIf(e.kinds, e.type = 'StatementReceived') AS kinds,
    arrayDistinct(arrayConcat(anyIf(e.tables_read, e.type = 'StatementReceived'),
      anyIf(e.tables_written, e.type = 'StatementReceived'))) AS tables,
    anyIf(e.decision, e.type = 'StatementReceived') AS decision,
    sumIf(e.rows, e.type = 'StatementOutcome') AS rows, any(e.connection) AS connection
  FROM weir.session_events AS e
  WHERE ${theirs} AND e.type IN ('StatementReceived', 'StatementOutcome')
  GROUP BY session_id, statement_id HAVING countIf(e.type = 'StatementReceived') > 0`;

const tablesSql = `
  SELECT arrayJoin(s.tables) AS table, count() AS statements, sum(s.rows) AS rows
  FROM (${statementsSql}) AS s GROUP BY table ORDER BY statements DESC, table LIMIT 20`;

const recentSql = `
  SELECT s.id AS id, concat(replaceOne(toString(s.at), ' ', 'T'), 'Z') AS time, s.kinds AS kinds,
    s.tables AS tables, s.decision AS decision, s.rows AS rows, s.connection AS connection
  FROM (${statementsSql}) AS s ORDER BY s.at DESC, s.id DESC LIMIT 20`;
