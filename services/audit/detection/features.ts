import { database, detectionTables, type ClickHouseClient } from '#audit-store';
import { dayMs, dayOf, hoursSql, hourMs, insertSelect } from './store.sql.js';

/** Buckets that are to be computed anew: every pair of these. */
export interface Buckets {
  /** Milliseconds since the epoch, each the begin of an hour. */
  readonly hours: readonly number[];
  /** `all`: whoever was active then. */
  readonly identities: readonly string[] | 'all';
}

const view = (name: string): string => `${database}.${name}`;
const statement = "type = 'StatementOutcome'";
const answered = `${statement} AND status NOT IN ('denied', 'held')`;
const longestList = 20;

/** Of those with the most rows. */
const largest = `arrayMap(x -> x.2, groupArraySortedIf(${longestList})((-toInt64(a.rows), statement_id), ${statement}))`;
const some = (column: string, most = longestList): string => `groupUniqArray(${most})(toString(${column}))`;
const valueSum = (of: string): string => `sumMap(CAST(${of}, 'Map(String, UInt64)'))`;
const version = "toUInt64(toUnixTimestamp64Micro(now64(6, 'UTC')))";

const who = (of: string): Record<string, string> => ({
  identity_kind: `any(${of}.identity_kind)`,
  on_behalf_of: `any(${of}.on_behalf_of)`,
});

const counts: Readonly<Record<string, string>> = {
  statements: `countIf(${statement})`,
  denied: `countIf(${statement} AND status = 'denied')`,
  held: `countIf(${statement} AND decision = 'hold')`,
  over_budget: `countIf(${statement} AND (status = 'over_budget' OR sqlstate = 'WK002'))`,
  errors: `countIf(${statement} AND status = 'error')`,
  rows: 'sum(a.rows)',
  bytes: 'sum(a.bytes)',
  masked: valueSum('a.masked'),
  revealed: valueSum('a.revealed'),
  minutes: 'arraySort(groupUniqArray(60)(toUInt8(toMinute(time))))',
  first_at: 'min(time)',
  last_at: 'max(time)',
  hosts: some('source_host'),
  programs: some('client_program'),
  sessions: some('session_id'),
  statement_ids: largest,
  version,
};

const tableHour: Readonly<Record<string, string>> = {
  ...{ hour: 'hour', identity: 'identity', connection: 'connection', table_name: 'table_name' },
  ...who('a'),
  ...counts,
  writes: 'countIf(has(tables_written, table_name))',
  most_rows: 'max(a.rows)',
  approved_rows: "sumIf(a.rows, decision = 'hold')",
  approved_bytes: "sumIf(a.bytes, decision = 'hold')",
  predicates: `uniqIf(predicate, ${answered})`,
  some_predicates: `groupUniqArrayIf(256)(predicate, ${answered})`,
  fingerprints: some('fingerprint', 64),
};

const identityHour: Readonly<Record<string, string>> = {
  ...{ hour: 'hour', identity: 'identity', connection: 'connection' },
  ...who('a'),
  ...counts,
  groups: `argMaxIf(CAST(a.groups, 'Array(String)'), time, type = 'SessionStarted')`,
  // Nine tenths of a window.
  lookups_near: `countIf(${statement} AND lookups_limit > 0 AND lookups_used * 10 >= lookups_limit * 9)`,
  sessions_opened: "countIf(type = 'SessionStarted')",
  predicates: `uniqIf(predicate, ${answered})`,
  fingerprint_count: `uniqIf(fingerprint, ${statement})`,
  tables: "groupUniqArrayArray(64)(CAST(a.tables, 'Array(String)'))",
  networks: some('network'),
  table_count: 'uniqArray(a.tables)',
  users: some('client_user'),
};

/** Minutes of the day with activity, in order. */
const minutesOfDay =
  'arraySort(arrayDistinct(arrayFlatten(groupArray(arrayMap(m -> toUInt16(toHour(hour) * 60 + m), minutes)))))';
const list = (column: string): string => `groupUniqArrayArray(${longestList})(d.${column})`;

const identityDay: Readonly<Record<string, string>> = {
  day: 'toDate(hour)',
  identity: 'identity',
  ...who('d'),
  active_hours: 'toUInt8(uniqExact(hour))',
  ...summed(['sessions_opened', 'statements', 'denied', 'held', 'over_budget', 'errors', 'rows', 'bytes']),
  ...summed(['lookups_near']),
  groups: 'argMaxIf(d.groups, (hour, d.connection), d.sessions_opened > 0)',
  masked: valueSum('d.masked'),
  revealed: valueSum('d.revealed'),
  tables: 'groupUniqArrayArray(64)(d.tables)',
  ...{ hosts: list('hosts'), networks: list('networks') },
  programs: list('programs'),
  starts: `arrayMap(i -> (${minutesOfDay})[i], arrayFilter(i -> i = 1 OR (${minutesOfDay})[i] - (${minutesOfDay})[i - 1] >= 15,
    arrayEnumerate(${minutesOfDay})))`,
  longest_gap_minutes: `toUInt16(arrayMax(arrayPushFront(arrayDifference(${minutesOfDay}), 0)))`,
  first_at: 'min(d.first_at)',
  last_at: 'max(d.last_at)',
  sessions: list('sessions'),
  version,
};

/** Computes the features of these buckets, and of the days that they are in, from the activity. */
export async function writeFeatures(client: ClickHouseClient, buckets: Buckets): Promise<void> {
  if (buckets.hours.length === 0) return;
  const chosen = `hour IN ${hoursSql(buckets.hours)}${ofIdentities(buckets)}`;
  const params = paramsOf(buckets);
  await insertSelect(
    client,
    detectionTables.tableHours,
    tableHour,
    `FROM (SELECT * REPLACE (if(empty(tables), [''], tables) AS tables) FROM ${view('activity')}
      WHERE ${chosen} AND ${statement}) AS a
    ARRAY JOIN a.tables AS table_name
    GROUP BY hour, identity, connection, table_name`,
    params,
  );
  await insertSelect(
    client,
    detectionTables.identityHours,
    identityHour,
    `FROM (SELECT * FROM ${view('activity')} WHERE ${chosen}) AS a GROUP BY hour, identity, connection`,
    params,
  );
  await writeDays(client, buckets);
  await writeFirstUses(client, chosen, ofIdentities(buckets), params);
}

async function writeDays(client: ClickHouseClient, buckets: Buckets): Promise<void> {
  const days = [...new Set(buckets.hours.map(dayOf))];
  const hours = days.flatMap((day) => Array.from({ length: dayMs / hourMs }, (_, i) => day + i * hourMs));
  await insertSelect(
    client,
    detectionTables.identityDays,
    identityDay,
    `FROM (SELECT * FROM ${view('identity_hours')} WHERE hour IN ${hoursSql(hours)}${ofIdentities(buckets)}) AS d
    GROUP BY toDate(hour), identity`,
    paramsOf(buckets),
  );
}

/** `connection, kind, value` of each thing that a row of activity uses; `name/version image=… ref=…`: docs/detection.md. */
const usesOfRow = `arrayConcat(
  [('', 'identity', ''), ('', 'host', toString(source_host)), ('', 'network', toString(network)),
    ('', 'program', extract(toString(client_program), '^[^ /]*')), ('', 'image', extract(toString(client_program), ' image=([^ ]+)')),
    ('', 'reference', extract(toString(client_program), ' ref=([^ ]+)')), ('', 'user', toString(client_user))],
  if(${answered} AND fingerprint != '', [(toString(connection), 'fingerprint', toString(fingerprint))], []),
  if(${answered}, arrayMap(t -> (toString(connection), 'table', toString(t)), tables), []))`;

/** What was not known, or not that early. */
async function writeFirstUses(
  client: ClickHouseClient,
  chosen: string,
  ofThem: string,
  params: Record<string, unknown>,
): Promise<void> {
  const key = ['identity', 'connection', 'kind', 'value'] as const;
  await insertSelect(
    client,
    detectionTables.firstUses,
    {
      ...Object.fromEntries(
        [...key, 'identity_kind', 'on_behalf_of', 'session_id', 'statement_id'].map((name) => [
          name,
          `n.${name}`,
        ]),
      ),
      first_at: 'n.first_at',
    },
    `FROM (
      SELECT a.identity AS identity, a.used.1 AS connection, a.used.2 AS kind, a.used.3 AS value,
        any(a.identity_kind) AS identity_kind, argMin(a.on_behalf_of, a.time) AS on_behalf_of, min(a.time) AS first_at,
        argMin(a.session_id, a.time) AS session_id, argMin(a.statement_id, a.time) AS statement_id
      FROM (
        SELECT toString(v.identity) AS identity, identity_kind, on_behalf_of, time, session_id, statement_id, arrayJoin(${usesOfRow}) AS used
        FROM ${view('activity')} AS v WHERE ${chosen}
      ) AS a
      GROUP BY a.identity, a.used.1, a.used.2, a.used.3
    ) AS n
    LEFT ANY JOIN (
      SELECT ${key.map((name) => `toString(${name}) AS ${name}`).join(', ')}, min(first_at) AS known_at
      FROM ${database}.${detectionTables.firstUses}
      -- There may be a query for each thing that was ever asked; of all else there is little.
      WHERE (kind != 'fingerprint' OR value IN (SELECT toString(fingerprint) FROM ${view('activity')} WHERE ${chosen}))${ofThem}
      GROUP BY ${key.join(', ')}
    ) AS k ON ${key.map((name) => `k.${name} = n.${name}`).join(' AND ')}
    WHERE toUnixTimestamp(k.known_at) = 0 OR n.first_at < k.known_at`,
    params,
  );
}

const ofIdentities = ({ identities }: Buckets): string =>
  identities === 'all' ? '' : ' AND identity IN {identities: Array(String)}';

const paramsOf = ({ identities }: Buckets): Record<string, unknown> =>
  identities === 'all' ? {} : { identities };

function summed(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `sum(d.${name})`]));
}
