import { database, detectionTables, type ClickHouseClient } from '#audit-store';
import type { Calendar } from './detection.settings.js';
import { baselineDays, peerGroupsOf, writePeerGroups } from './peer-groups.js';
import { dayMs, dayText, insertSelect, rowsOf, timeSql } from './store.sql.js';

/** Makes the baselines of a day, unless they stand and are not to be made anew. Returns whether it made them. */
export async function writeBaselines(
  client: ClickHouseClient,
  day: number,
  calendar: Calendar,
  anew = false,
): Promise<boolean> {
  const [made] = await rowsOf<{ n: string }>(
    client,
    `SELECT toString(count()) AS n FROM ${database}.${detectionTables.baselines} WHERE day = '${dayText(day)}' AND scope = 'made'`,
  );
  if (!anew && made && made.n !== '0') return false;
  await writePeerGroups(client, day);
  await writeOfTables(client, day, calendar);
  await writeOfWholes(client, day, calendar);
  // Last: half of them are made again.
  await insertSelect(
    client,
    detectionTables.baselines,
    { day: dayOf(day), scope: "'made'", version },
    'FROM system.one',
  );
  return true;
}

const version = "toUInt64(toUnixTimestamp64Micro(now64(6, 'UTC')))";
const dayOf = (day: number): string => `toDate('${dayText(day)}')`;
const before = (day: number): string =>
  `hour >= ${timeSql(day - baselineDays * dayMs)} AND hour < ${timeSql(day)}`;

/** Of `xs`, an array: what stands beside it in a row. */
const spread = (xs: string): Record<string, string> => ({
  rows_median: median(xs),
  rows_mad: mad(xs),
  rows_q95: `arrayReduce('quantileExact(0.95)', ${xs})`,
  rows_q99: `arrayReduce('quantileExact(0.99)', ${xs})`,
});
const median = (xs: string): string => `ifNotFinite(arrayReduce('medianExact', ${xs}), 0)`;
const mad = (xs: string): string =>
  `ifNotFinite(arrayReduce('medianExact', arrayMap(x -> abs(toFloat64(x) - ${median(xs)}), ${xs})), 0)`;

/** Sums by day, in a map. */
const byDay = (column: string): string => `sumMap(map(toDate(hour), toUInt64(${column})))`;
const days = (column: string): string => `mapValues(${byDay(column)})`;
const dayly = {
  day_rows_median: median(days('t.rows')),
  day_rows_mad: mad(days('t.rows')),
  day_rows_most: `arrayMax(${days('t.rows')})`,
};

const ofWeek = ({ timezone }: Calendar): string =>
  `toUInt8((toDayOfWeek(hour, 0, '${timezone}') - 1) * 24 + toHour(hour, '${timezone}'))`;

const week = (calendar: Calendar): Record<string, string> => ({
  week_rows: `maxMap(map(${ofWeek(calendar)}, toUInt64(t.rows)))`,
  week_days: `sumMap(map(${ofWeek(calendar)}, toUInt64(1)))`,
});

async function writeOfTables(client: ClickHouseClient, day: number, calendar: Calendar): Promise<void> {
  const from = `FROM (SELECT * FROM ${database}.table_hours WHERE ${before(day)} AND table_name != '') AS t`;
  const always = { day: dayOf(day), version, hours: 'count()', days: 'uniqExact(toDate(hour))' };
  const xs = 'groupArray(t.rows)';
  await insertSelect(
    client,
    detectionTables.baselines,
    {
      ...always,
      ...{ scope: "'identity'", identity: 'identity', identity_kind: 'any(t.identity_kind)' },
      ...{ connection: 'connection', table_name: 'table_name', identities: '1' },
      ...spread(xs),
      rows_most: 'max(t.rows)',
      ...dayly,
      statements_most: 'max(statements)',
      predicates_most: 'max(predicates)',
      day_predicates_median: median(days('t.predicates')),
      day_predicates_most: `arrayMax(${days('t.predicates')})`,
      denied_most: 'max(denied)',
      ...week(calendar),
    },
    `${from} GROUP BY identity, connection, table_name`,
  );
  const ofEach = (keys: readonly string[]): string => `(
        SELECT identity, ${keys.join(', ')}, count() AS hours, groupUniqArray(toDate(hour)) AS days, ${xs} AS xs, max(t.rows) AS most,
          arrayMax(${days('t.rows')}) AS day_most, max(t.predicates) AS predicates_most,
          arrayMax(${days('t.predicates')}) AS day_predicates_most
        ${from} GROUP BY identity, ${keys.join(', ')}
      )`;
  const groups = {
    peers: ['identity_kind', 'peer_group', 'connection', 'table_name'],
    table: ['connection', 'table_name'],
  };
  for (const [scope, keys] of Object.entries(groups))
    await insertSelect(
      client,
      detectionTables.baselines,
      {
        ...{ day: dayOf(day), version, scope: `'${scope}'` },
        ...Object.fromEntries(keys.map((key) => [key, key])),
        hours: 'sum(p.hours)',
        days: 'length(groupUniqArrayArray(p.days))',
        identities: 'count()',
        ...spread('arrayFlatten(groupArray(p.xs))'),
        rows_most: 'max(p.most)',
        most_by: 'argMax(p.identity, p.most)',
        rows_second: 'arrayReverseSort(groupArray(p.most))[2]',
        day_rows_most: 'max(p.day_most)',
        predicates_most: 'max(p.predicates_most)',
        day_predicates_most: 'max(p.day_predicates_most)',
      },
      `FROM ${membersOf(scope, day, ofEach(keys.filter((key) => key !== 'peer_group')))} AS p GROUP BY ${keys.join(', ')}`,
    );
}

/** Of its peer group, and of all of its kind: who has none yet is compared with these. */
const membersOf = (scope: string, day: number, each: string): string =>
  scope === 'peers'
    ? `(SELECT e.*, arrayJoin(arrayDistinct(['', g.peer_group])) AS peer_group
        FROM ${each} AS e LEFT ANY JOIN ${peerGroupsOf(day)} AS g ON g.identity = e.identity)`
    : each;

/** Working days and others by the calendar. */
const isWorkday = ({ timezone, weekdays, holidays }: Calendar): string =>
  `(toDayOfWeek(hour, 0, '${timezone}') IN (${[0, ...weekdays].join(', ')})
    AND toString(toDate(hour, '${timezone}')) NOT IN (${['', ...holidays].map((each) => `'${each}'`).join(', ')}))`;

const hoursWhere = (calendar: Calendar, condition: string): string =>
  `sumMap(if(${condition}, map(toUInt8(toHour(hour, '${calendar.timezone}')), toUInt64(1)), CAST(map(), 'Map(UInt8, UInt64)')))`;

async function writeOfWholes(client: ClickHouseClient, day: number, calendar: Calendar): Promise<void> {
  const xs = 'groupArray(t.rows)';
  const first = dayText(day - baselineDays * dayMs);
  await insertSelect(
    client,
    detectionTables.baselines,
    {
      ...{ day: dayOf(day), version, scope: "'whole'", identity: 't.identity' },
      ...{ identity_kind: 'any(t.identity_kind)', identities: '1', peer_group: 'any(g.peer_group)' },
      ...{ hours: 'count()', days: 'uniqExact(toDate(hour))' },
      ...spread(xs),
      rows_most: 'max(t.rows)',
      ...dayly,
      statements_most: 'max(t.statements)',
      predicates_most: 'max(t.predicates)',
      denied_most: 'max(t.denied)',
      hosts_most: 'max(length(t.hosts))',
      masked_most: 'maxMap(t.masked)',
      values_most: 'maxMap(t.class_values)',
      lookups_near_most: 'max(t.lookups_near)',
      bytes_most: 'max(t.bytes)',
      ...week(calendar),
      workday_hours: hoursWhere(calendar, isWorkday(calendar)),
      offday_hours: hoursWhere(calendar, `NOT ${isWorkday(calendar)}`),
      ...{
        starts: 'any(s.starts)',
        starts_median: 'any(s.starts_median)',
        starts_most: 'any(s.starts_most)',
      },
    },
    `FROM (
      SELECT hour, identity, any(h.identity_kind) AS identity_kind, sum(h.rows) - least(sum(h.rows), any(p.approved)) AS rows,
        sum(h.bytes) - least(sum(h.bytes), any(p.approved_bytes)) AS bytes, sum(h.statements) AS statements,
        sum(h.predicates) AS predicates, sum(h.denied) AS denied, groupUniqArrayArray(20)(h.hosts) AS hosts,
        sumMap(CAST(h.masked, 'Map(String, UInt64)')) AS masked, sum(h.lookups_near) AS lookups_near,
        sumMap(mapAdd(CAST(h.masked, 'Map(String, UInt64)'), CAST(h.revealed, 'Map(String, UInt64)'))) AS class_values
      FROM (SELECT * FROM ${database}.identity_hours WHERE ${before(day)}) AS h
      LEFT ANY JOIN (
        -- What a person approved once is not what is usual.
        SELECT hour, identity, max(w.approved_rows) AS approved, max(w.approved_bytes) AS approved_bytes
        FROM (SELECT * FROM ${database}.table_hours WHERE ${before(day)} AND approved_rows > 0) AS w GROUP BY hour, identity
      ) AS p ON p.hour = h.hour AND p.identity = h.identity
      GROUP BY hour, identity
    ) AS t
    LEFT ANY JOIN (
      SELECT identity, sumMap(mapFromArrays(quarters, arrayMap(q -> toUInt64(1), quarters))) AS starts,
        toFloat64(medianExact(length(d.starts))) AS starts_median, max(length(d.starts)) AS starts_most
      FROM (
        SELECT identity, starts, arrayDistinct(arrayMap(m -> toUInt8(intDiv(m, 15)), starts)) AS quarters
        FROM ${database}.identity_days WHERE day >= '${first}' AND day < '${dayText(day)}'
      ) AS d GROUP BY identity
    ) AS s ON s.identity = t.identity
    LEFT ANY JOIN ${peerGroupsOf(day)} AS g ON g.identity = t.identity
    GROUP BY t.identity`,
  );
}
