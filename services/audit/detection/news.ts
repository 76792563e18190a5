import { database, detectionTables, storageTables, type ClickHouseClient } from '#audit-store';
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
/** A backlog is looked at by such times of its ingestion, or longer ones where these hold little: or each step would read all that is left. */
const firstSpan = 3 * 3_600_000;
const longerBy = 4;

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

/** What there is of a partition. Numbers of 64 bits come as text. */
interface Standing {
  readonly partition: string;
  readonly first: string;
  readonly through: string;
  /** 1: later ones were not looked at. */
  readonly more: 0 | 1;
}

/** What is worked in of it. */
interface Touched {
  readonly part: string;
  /** When the last of it was ingested. */
  readonly at: string;
  readonly hours: readonly number[];
  readonly identities: readonly string[];
  readonly earliest: string;
  readonly n: string;
}

interface Part {
  readonly partition: string;
  readonly after: number;
  readonly through: number;
  readonly isCut: boolean;
}

const name = (partition: number | string): string => `${topics.session}/${partition}`;
const ingested = 'ingested';
const ofTopic = (topic: string): string => `topic = '${topic}'`;
const timeSql = (at: number): string => `fromUnixTimestamp64Milli(toInt64(${at}), 'UTC')`;
const storedSince = (at = 0): string => `ingested_at >= ${timeSql(Math.max(0, at - slack))}`;
const storedUntil = (at: number): string => `ingested_at <= ${timeSql(at + slack)}`;

/** Undefined: nothing. Offsets of a partition become visible in their order, so the greatest one has all before it. */
export async function readNews(client: ClickHouseClient, marks: Marks): Promise<News | undefined> {
  const { standing, until } = await readStanding(client, marks);
  if (standing.length === 0) return undefined;
  const parts = standing.map(partOf);
  const recent = `${ofTopic(topics.session)} AND ${storedSince(marks.get(ingested)?.at)} AND ${storedUntil(until)}`;
  const chosen = `${recent} AND (${parts.map(placesOf).join(' OR ')})`;
  const touched = await readTouched(client, chosen);
  const times = touched.map(({ at }) => Number(at));
  const cut = parts.filter(({ isCut }) => isCut);
  const left = touched.filter(({ part }) => cut.some(({ partition }) => partition === part));
  // What is left behind of a partition was ingested at the time of what is taken, or later.
  const at = cut.length > 0 ? Math.min(...left.map((each) => Number(each.at))) : Math.max(...times);
  return {
    ...together(`${chosen} AND ${storedUntil(Math.max(...times))}`, touched),
    isCut: cut.length > 0 || standing.some(({ more }) => more === 1),
    marks: new Map<string, Mark>([
      ...parts.map(({ partition, through }) => [name(partition), { place: through, at: 0 }] as const),
      [ingested, { place: 0, at }],
    ]),
  };
}

/** What stands there that was ingested `until` then. Of a house that is up to date one query says it; where nothing is new, or much is, another few. */
async function readStanding(
  client: ClickHouseClient,
  marks: Marks,
): Promise<{ readonly standing: readonly Standing[]; readonly until: number }> {
  const since = marks.get(ingested)?.at;
  const query = (until: number) => `
    SELECT toString(e.partition) AS partition, toString(min(offset)) AS first, toString(max(offset)) AS through,
      toUInt8(${timeSql(until)} < now64(3)) AS more
    FROM ${events} AS e WHERE ${ofTopic(topics.session)} AND ${storedSince(since)} AND ingested_at <= ${timeSql(until)}
      AND toInt64(offset) > ${afterSql(topics.session, marks)} GROUP BY e.partition`;
  for (let span = firstSpan; since !== undefined; span *= longerBy) {
    const until = since + span;
    const standing = await rowsOf<Standing>(client, query(until));
    if (standing.length === 0) break;
    if (standing.every(({ more }) => more === 0) || standing.map(partOf).some(({ isCut }) => isCut))
      return { standing, until };
  }
  return { standing: await rowsOf<Standing>(client, query(endOfTime)), until: endOfTime };
}

/** Milliseconds: as late as a DateTime64 says. */
const endOfTime = Date.UTC(2200, 0, 1);

function partOf({ partition, first, through }: Standing): Part {
  const after = Number(first) - 1;
  const last = Math.min(Number(through), after + mostEvents);
  return { partition, after, through: last, isCut: last < Number(through) };
}

const placesOf = ({ partition, after, through }: Part): string =>
  `(partition = ${partition} AND toInt64(offset) > ${after} AND toInt64(offset) <= ${through})`;

function readTouched(client: ClickHouseClient, where: string): Promise<Touched[]> {
  const ofActivity = `type IN ${activityTypes}`;
  return rowsOf<Touched>(
    client,
    `SELECT toString(e.partition) AS part, toString(toUnixTimestamp64Milli(max(ingested_at))) AS at,
       arraySort(groupUniqArrayIf(toUnixTimestamp(toStartOfHour(time)), ${ofActivity})) AS hours,
       groupUniqArrayIf(${mostIdentities + 1})(toString(identity), ${ofActivity}) AS identities,
       toString(minIf(toUnixTimestamp64Micro(time) - duration_us, ${ofActivity})) AS earliest,
       toString(countIf(${ofActivity})) AS n
     FROM ${events} AS e WHERE ${where} GROUP BY e.partition`,
  );
}

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

/** The hours since then in which somebody was active. */
export async function readHours(client: ClickHouseClient, since: number): Promise<readonly number[]> {
  const rows = await rowsOf<{ at: number }>(
    client,
    `SELECT DISTINCT toUnixTimestamp(hour) AS at FROM ${database}.${detectionTables.identityHours} WHERE hour >= ${timeSql(since)}`,
  );
  return inOrder(rows.map(({ at }) => at));
}

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
     FROM ${control} AS e WHERE ${ofTopic(topics.policy)} AND ${storedSince(houseSince(marks))}
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
