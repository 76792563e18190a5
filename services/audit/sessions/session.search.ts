import type { SessionQuery } from './session.item.js';

export interface SearchSql {
  readonly query: string;
  readonly params: Readonly<Record<string, unknown>>;
}

interface Condition {
  readonly sql: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/**
 * Up to `rows` ids, newest first; one may stand there more than once, and then one after another. Only conditions that
 * are asked for stand in the query, so that the table's indexes can serve each of them; values are parameters, never
 * text of the query. Older rows of a session match only where its newest one does (see migration 0006).
 *
 * Nothing but a LIMIT: then the engine reads from the newest on and stops where it has enough, 576 rows of a million.
 * With DISTINCT or LIMIT BY it read 800,000.
 */
export function searchSql(query: SessionQuery, rows: number): SearchSql {
  const conditions = conditionsOf(query);
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`;
  return {
    query: `
      SELECT session_id FROM weir.session_summary_rows ${where}
      ORDER BY session_id DESC LIMIT {rows: UInt32}`,
    params: Object.assign({ rows }, ...conditions.map(({ params = {} }) => params)),
  };
}

function conditionsOf(query: SessionQuery): Condition[] {
  const { since, until, identity, connection, class: dataClass, cursor } = query;
  return [
    ...given(cursor, (id) => ({ sql: 'session_id < {cursor: String}', params: { cursor: id } })),
    ...given(since, (time) => ({ sql: `last_event_at >= ${timeOf('since')}`, params: { since: time } })),
    ...given(until, (time) => ({ sql: `started_at < ${timeOf('until')}`, params: { until: time } })),
    ...given(identity, (id) => ({ sql: 'identity = {identity: String}', params: { identity: id } })),
    ...given(connection, (name) => ({
      sql: 'connection = {connection: String}',
      params: { connection: name },
    })),
    ...given(dataClass, (name) => ({ sql: 'has(classes, {class: String})', params: { class: name } })),
    ...touching(query),
  ];
}

const counters = { allow: 'allowed', deny: 'denied', hold: 'held' } as const;

/** Of the statements that name a table, those that were decided so. */
function touching({ table, decision }: SessionQuery): Condition[] {
  if (table === undefined) return given(decision, (word) => ({ sql: `${counters[word]} > 0` }));
  const decisions = decision === undefined ? Object.keys(counters) : [decision];
  const marks = decisions.map((word) => `${word} ${table}`);
  return [{ sql: 'hasAny(touched, {marks: Array(String)})', params: { marks } }];
}

const given = <T>(value: T | undefined, condition: (value: T) => Condition): Condition[] =>
  value === undefined ? [] : [condition(value)];

const timeOf = (name: string) => `parseDateTime64BestEffort({${name}: String}, 6, 'UTC')`;
