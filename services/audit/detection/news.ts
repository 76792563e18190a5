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

/** What some events, of a partition or of all, come to. Numbers of 64 bits come as text. */
interface Touched {
  readonly hours: readonly number[];
  readonly identities: readonly string[];
  readonly earliest: string;
  readonly n: string;
}

interface PartitionNews extends Touched {
  readonly partition: string;
  readonly first: string;
  readonly through: string;
  readonly at: string;
}

const name = (partition: number | string): string => `${topics.session}/${partition}`;
const ingested = 'ingested';

const ofActivity = `type IN ${activityTypes}`;
const touchedColumns = `
  arraySort(groupUniqArrayIf(toUnixTimestamp(toStartOfHour(time)), ${ofActivity})) AS hours,
  groupUniqArrayIf(${mostIdentities + 1})(toString(identity), ${ofActivity}) AS identities,
  toString(minIf(toUnixTimestamp64Micro(time) - duration_us, ${ofActivity})) AS earliest,
  toString(countIf(${ofActivity})) AS n`;

/** Undefined: nothing. Offsets of a partition become visible in their order, so the greatest one has all before it. */
export async function readNews(client: ClickHouseClient, marks: Marks): Promise<News | undefined> {
  const recent = `topic = '${topics.session}' AND ${storedSince(marks.get(ingested)?.at)}`;
  const found = await rowsOf<PartitionNews>(
    client,
    `SELECT toString(e.partition) AS partition, toString(min(offset)) AS first, toString(max(offset)) AS through,
       toString(toUnixTimestamp64Milli(max(ingested_at))) AS at, ${touchedColumns}
     FROM ${events} AS e WHERE ${recent} AND toInt64(offset) > ${afterSql(topics.session, marks)} GROUP BY e.partition`,
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
  const touched = isCut
    ? await rowsOf<Touched>(client, `SELECT ${touchedColumns} FROM ${events} WHERE ${where}`)
    : found;
  return { ...together(where, touched), isCut, marks: new Map<string, Mark>([...places, ...seen]) };
}

const storedSince = (at = 0): string =>
  `ingested_at >= fromUnixTimestamp64Milli(toInt64(${Math.max(0, at - slack)}), 'UTC')`;

/** The place in each partition of a topic up to which it was worked in. */
const afterSql = (topic: string, marks: Marks): string => {
  const known = [...marks].flatMap(([key, { place }]) => {
    const partition = key.startsWith(`${topic}/`) ? key.slice(topic.length + 1) : '';
    return /^\d+$/.test(partition) ? [[partition, place] as const] : [];
  });
  if (known.length === 0) return '-1';
  const [partitions, places] = [known.map(([partition]) => partition), known.map(([, place]) => place)];
  return `transform(toInt64(partition), [${partitions.join(', ')}], [${places.join(', ')}], -1)`;
};

function together(
  where: string,
  rows: readonly Touched[],
): Pick<News, 'choice' | 'hours' | 'identities' | 'events'> {
  const active = rows.filter(({ n }) => n !== '0');
  const identities = [...new Set(active.flatMap((each) => each.identities))];
  const earliest = active.reduce((least, each) => Math.min(least, Number(each.earliest)), Infinity);
  return {
    // A minute: a statement's time is by the wall, how long it took by another clock.
    choice: {
      where,
      earliest: `fromUnixTimestamp64Micro(toInt64(${active.length > 0 ? earliest : 0}) - 60000000, 'UTC')`,
    },
    hours: inOrder(active.flatMap(({ hours }) => hours)),
    identities: identities.length > mostIdentities ? 'all' : identities,
    events: active.reduce((sum, { n }) => sum + Number(n), 0),
  };
}

const inOrder = (seconds: readonly number[]): number[] =>
  [...new Set(seconds)].sort((a, b) => a - b).map((at) => at * 1000);

/** Changes of the house: the hours that they are of, and what to remember once they were looked at. */
export interface HouseNews {
  readonly hours: readonly number[];
  readonly marks: Marks;
}

/** Of what detectors look at beside sessions; of a house that was not looked at before, what was stored since. */
export async function readHouseNews(client: ClickHouseClient, marks: Marks): Promise<HouseNews> {
  const rows = await rowsOf<{ partition: string; through: string; at: string; hours: number[] }>(
    client,
    `SELECT toString(e.partition) AS partition, toString(max(offset)) AS through,
       toString(toUnixTimestamp64Milli(max(ingested_at))) AS at,
       groupUniqArrayIf(toUnixTimestamp(toStartOfHour(time)), type != 'ConnectionSampled') AS hours
     FROM ${control} AS e WHERE topic = '${topics.policy}' AND ${storedSince(houseSince(marks))}
       AND toInt64(offset) > ${afterSql(topics.policy, marks)} GROUP BY e.partition`,
  );
  return {
    hours: inOrder(rows.flatMap(({ hours }) => hours)),
    marks: new Map(
      rows.map(({ partition, through, at }): [string, Mark] => [
        `${topics.policy}/${partition}`,
        { place: Number(through), at: Number(at) },
      ]),
    ),
  };
}

/** Partitions are stored each at its own pace: the one that is furthest behind. */
function houseSince(marks: Marks): number | undefined {
  const times = [...marks].flatMap(([key, { at }]) => (key.startsWith(`${topics.policy}/`) ? [at] : []));
  return times.length > 0 ? Math.min(...times) : marks.get('began')?.at;
}
