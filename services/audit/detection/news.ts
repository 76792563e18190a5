import { database, storageTables, type ClickHouseClient } from '#audit-store';
import { topics } from '#events';
import { activityTypes, type EventChoice } from './activity.js';
import type { Mark, Marks } from './marks.js';
import { rowsOf } from './store.sql.js';

const events = `${database}.${storageTables.sessionEvents}`;
const control = `${database}.${storageTables.controlEvents}`;

/** Events of one step: a backlog is gone through in pieces. */
const mostEvents = 100_000;
/** Past so many, features are computed for everybody. */
const mostIdentities = 500;
/** Milliseconds by which what is ingested later may say that it was ingested earlier. */
const slack = 300_000;

/** What ingest stored since the marks were made. */
export interface News {
  readonly choice: EventChoice;
  /** Each the begin of an hour in which something ended; milliseconds since the epoch, in order. */
  readonly hours: readonly number[];
  readonly identities: readonly string[] | 'all';
  readonly events: number;
  /** What to remember once it is worked in. */
  readonly marks: Marks;
  /** Whether more stands behind. */
  readonly isCut: boolean;
}

interface PartitionNews {
  readonly partition: string;
  readonly first: string;
  readonly through: string;
  readonly at: string;
}

const name = (partition: number | string): string => `${topics.session}/${partition}`;
const ingested = 'ingested';

/** Undefined: nothing. Offsets of a partition become visible in their order, so the greatest one has all before it. */
export async function readNews(client: ClickHouseClient, marks: Marks): Promise<News | undefined> {
  const since = Math.max(0, (marks.get(ingested)?.at ?? 0) - slack);
  const recent = `topic = '${topics.session}' AND ingested_at >= fromUnixTimestamp64Milli(toInt64(${since}), 'UTC')`;
  const found = await rowsOf<PartitionNews>(
    client,
    `SELECT toString(e.partition) AS partition, toString(min(offset)) AS first, toString(max(offset)) AS through,
       toString(toUnixTimestamp64Milli(max(ingested_at))) AS at
     FROM ${events} AS e WHERE ${recent} AND toInt64(offset) > ${afterSql(marks)} GROUP BY e.partition`,
  );
  if (found.length === 0) return undefined;
  const parts = found.map(({ partition, first, through, at }) => {
    const after = Number(first) - 1;
    return {
      partition,
      after,
      through: Math.min(Number(through), after + mostEvents),
      end: Number(through),
      at,
    };
  });
  const isCut = parts.some(({ through, end }) => through < end);
  const where = `${recent} AND (${parts
    .map(
      ({ partition, after, through }) =>
        `partition = ${partition} AND toInt64(offset) > ${after} AND toInt64(offset) <= ${through}`,
    )
    .map((each) => `(${each})`)
    .join(' OR ')})`;
  const places = parts.map(({ partition, through }) => [name(partition), { place: through, at: 0 }] as const);
  // What is left behind was ingested at the time of what is taken, or later.
  const seen = isCut
    ? []
    : [[ingested, { place: 0, at: Math.max(...parts.map(({ at }) => Number(at))) }] as const];
  return { ...(await touched(client, where)), isCut, marks: new Map<string, Mark>([...places, ...seen]) };
}

const afterSql = (marks: Marks): string => {
  const known = [...marks].flatMap(([key, { place }]) => {
    const [, partition] = /^weir\.session\.v1\/(\d+)$/.exec(key) ?? [];
    return partition === undefined ? [] : [[partition, place] as const];
  });
  if (known.length === 0) return '-1';
  const [partitions, places] = [known.map(([partition]) => partition), known.map(([, place]) => place)];
  return `transform(toInt64(partition), [${partitions.join(', ')}], [${places.join(', ')}], -1)`;
};

interface TouchedRow {
  readonly hours: readonly number[];
  readonly identities: readonly string[];
  readonly earliest: string;
  readonly n: string;
}

async function touched(
  client: ClickHouseClient,
  where: string,
): Promise<Pick<News, 'choice' | 'hours' | 'identities' | 'events'>> {
  const [row] = await rowsOf<TouchedRow>(
    client,
    `SELECT arraySort(groupUniqArray(toUnixTimestamp(toStartOfHour(time)))) AS hours,
       groupUniqArray(${mostIdentities + 1})(toString(identity)) AS identities,
       toString(min(toUnixTimestamp64Micro(time) - duration_us)) AS earliest, toString(count()) AS n
     FROM ${events} WHERE ${where} AND type IN ${activityTypes}`,
  );
  const identities = row?.identities ?? [];
  return {
    // A minute: a statement's time is by the wall, how long it took by another clock.
    choice: { where, earliest: `fromUnixTimestamp64Micro(toInt64(${row?.earliest ?? 0}) - 60000000, 'UTC')` },
    hours: (row?.hours ?? []).map((at) => at * 1000),
    identities: identities.length > mostIdentities ? 'all' : identities,
    events: Number(row?.n ?? 0),
  };
}

/** Hours of events elsewhere that detectors look at: changes of the house, what could not be read. Those of the last minutes again. */
export async function otherHours(client: ClickHouseClient, since: number): Promise<number[]> {
  const recent = `ingested_at > fromUnixTimestamp64Milli(toInt64(${since}), 'UTC')`;
  const rows = await rowsOf<{ hour: string }>(
    client,
    `SELECT DISTINCT toString(toUnixTimestamp(toStartOfHour(time))) AS hour FROM ${control}
     WHERE ${recent} AND topic = '${topics.policy}' AND type != 'ConnectionSampled'`,
  );
  return rows.map(({ hour }) => Number(hour) * 1000);
}
