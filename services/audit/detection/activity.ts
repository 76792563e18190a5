import { database, detectionTables, storageTables, type ClickHouseClient } from '#audit-store';
import { insertSelect } from './store.sql.js';

const events = `${database}.${storageTables.sessionEvents}`;

/** Which session events: a condition over `session_event_rows`, our own text. */
export interface EventChoice {
  readonly where: string;
  /** SQL of a time: nothing of these statements was received before it. */
  readonly earliest: string;
}

/** Of these a row of activity is made; what was received of a statement stands beside its outcome. */
export const activityTypes = "('SessionStarted', 'StatementOutcome')";

const host = (address: string): string => `replaceRegexpOne(${address}, ':[0-9]+$', '')`;

const columns: Readonly<Record<string, string>> = {
  hour: 'toStartOfHour(o.time)',
  ...same('o', ['identity', 'identity_kind', 'on_behalf_of', 'connection', 'session_id', 'statement_id']),
  ...same('o', ['seq', 'type', 'time']),
  source_host: host('o.source_address'),
  ...same('o', ['client_program', 'client_user', 'groups']),
  fingerprint: 'r.fingerprint',
  predicate: "if(r.text_hash = '', 0, cityHash64(r.text_hash, toString(r.parameters)))",
  kinds: 'r.kinds',
  tables: 'arrayDistinct(arrayConcat(r.tables_read, r.tables_written))',
  ...same('r', ['tables_written', 'tables_through', 'columns', 'decision', 'lookups_used', 'lookups_limit']),
  ...same('o', ['status', 'sqlstate', 'rows', 'bytes', 'duration_us', 'masked', 'revealed']),
};

/** Makes the activity of these events; made again it is the same. */
export async function writeActivity(
  client: ClickHouseClient,
  { where, earliest }: EventChoice,
): Promise<void> {
  const own =
    'session_id, statement_id, seq, type, time, identity, identity_kind, on_behalf_of, connection, source_address, ' +
    'client_program, client_user, groups, status, sqlstate, rows, bytes, duration_us, masked, revealed';
  const received =
    'session_id, statement_id, fingerprint, text_hash, parameters, kinds, tables_read, tables_written, ' +
    'tables_through, columns, decision, lookups_used, lookups_limit';
  await insertSelect(
    client,
    detectionTables.activity,
    columns,
    `FROM (SELECT ${own} FROM ${events} WHERE ${where} AND type IN ${activityTypes}) AS o
    LEFT ANY JOIN (
      SELECT ${received} FROM ${events}
      WHERE type = 'StatementReceived' AND time >= ${earliest} AND session_id IN (
        SELECT session_id FROM ${events} WHERE ${where} AND type = 'StatementOutcome')
    ) AS r ON r.session_id = o.session_id AND r.statement_id = o.statement_id`,
  );
}

function same(of: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `${of}.${name}`]));
}
