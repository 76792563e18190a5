import { more } from '#audit-rows';
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
 *
 * `sure`: 0 where the session touched more than its row has room for; then `proofSql` has to say whether it matches.
 */
export function searchSql(query: SessionQuery, rows: number): SearchSql {
  const listed = listedOf(query);
  const conditions = [...conditionsOf(query), ...listed.map(mayBeListed)];
  const sure = listed.map(isListed);
  return {
    query: `
      SELECT session_id, ${allOf(sure)} AS sure FROM weir.session_summary_rows
      WHERE ${allOf(conditions)}
      ORDER BY session_id DESC LIMIT {rows: UInt32}`,
    params: { rows, ...paramsOf([...conditions, ...sure]) },
  };
}

function conditionsOf(query: SessionQuery): Condition[] {
  const { since, until, identity, connection, table, decision, cursor } = query;
  return [
    ...given(cursor, (id) => ({ sql: 'session_id < {cursor: String}', params: { cursor: id } })),
    ...given(since, (time) => ({ sql: `last_event_at >= ${timeOf('since')}`, params: { since: time } })),
    ...given(until, (time) => ({ sql: `started_at < ${timeOf('until')}`, params: { until: time } })),
    ...given(identity, (id) => ({ sql: 'identity = {identity: String}', params: { identity: id } })),
    ...given(connection, (name) => ({
      sql: 'connection = {connection: String}',
      params: { connection: name },
    })),
    ...(table === undefined ? given(decision, (word) => ({ sql: `${counters[word]} > 0` })) : []),
  ];
}

const counters = { allow: 'allowed', deny: 'denied', hold: 'held' } as const;

/** Asks for one of these items on a list that has room for only so many (see migration 0006). */
interface Listed {
  readonly list: 'touched' | 'classes';
  readonly items: readonly string[];
  /** The same, asked of one event of the session. */
  readonly ofEvent: Condition;
}

function listedOf({ table, decision, class: dataClass }: SessionQuery): Listed[] {
  return [...given(table, (name) => touching(name, decision)), ...given(dataClass, masking)];
}

/** Of the statements that name a table, those that were decided so. */
function touching(table: string, decision: SessionQuery['decision']): Listed {
  const decisions = decision === undefined ? Object.keys(counters) : [decision];
  return {
    list: 'touched',
    items: decisions.map((word) => `${word} ${table}`),
    ofEvent: {
      sql: `type = 'StatementReceived' AND has({decisions: Array(String)}, decision) AND arrayExists(
        t -> has([t, substring(t, position(t, '.') + 1)], {table: String}), arrayConcat(tables_read, tables_written))`,
      params: { decisions, table },
    },
  };
}

const masking = (name: string): Listed => ({
  ...{ list: 'classes', items: [name] },
  ofEvent: { sql: 'mapContains(masked, {class: String})', params: { class: name } },
});

const isListed = ({ list, items }: Listed): Condition => ({
  sql: `hasAny(${list}, {${list}: Array(String)})`,
  params: { [list]: items },
});

/** One condition, so that the table's index serves it. */
const mayBeListed = ({ list, items }: Listed): Condition => ({
  sql: `hasAny(${list}, {${list}_or_more: Array(String)})`,
  params: { [`${list}_or_more`]: [...items, more] },
});

/** Which of these sessions do match, by their events: those whose rows have no room for all that they touched. */
export function proofSql(query: SessionQuery, ids: readonly string[]): SearchSql {
  const seen = listedOf(query).map(({ ofEvent: { sql, params = {} } }) => ({
    sql: `countIf(${sql}) > 0`,
    params,
  }));
  return {
    query: `SELECT session_id FROM weir.session_events WHERE session_id IN {ids: Array(String)}
      GROUP BY session_id HAVING ${allOf(seen)}`,
    params: { ids, ...paramsOf(seen) },
  };
}

const allOf = (conditions: readonly Condition[]): string =>
  conditions.map(({ sql }) => sql).join(' AND ') || '1';

const paramsOf = (conditions: readonly Condition[]): Record<string, unknown> =>
  Object.assign({}, ...conditions.map(({ params = {} }) => params)) as Record<string, unknown>;

const given = <T, R>(value: T | undefined, asked: (value: T) => R): R[] =>
  value === undefined ? [] : [asked(value)];

const timeOf = (name: string) => `parseDateTime64BestEffort({${name}: String}, 6, 'UTC')`;
