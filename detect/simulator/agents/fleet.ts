import { day, week, zones, type Zone } from '../calendar.js';
import type { Agent, Shape, Table } from '../model.js';
import { chanceOf, type Random } from '../random.js';
import { tables as allTables } from '../world/tables.js';
import { profiles, type Profile } from './profiles.js';

export interface Span {
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
}

/** All agents, each from a stream of its own: a larger fleet has the smaller one's in it. */
export function fleetOf(random: Random, count: number, span: Span): readonly Agent[] {
  return Array.from({ length: count }, (_, index) => agentOf(index, random.fork('agent', index), span));
}

function agentOf(index: number, random: Random, span: Span): Agent {
  const profile = random.weighted(profiles);
  const name = `${profile.role}-${index}`;
  const zone = random.early(zones);
  const team = `team-${random.int(1, 24)}`;
  return {
    ...{ index, name, profile, zone, id: `corp:${name}` },
    groups: ['agents', profile.role, team, ...(profile.bulk ? ['bulk-readers'] : [])],
    onBehalfOf: profile.forPeople ? `corp:person-${index}` : '',
    // One in eight comes later.
    born: random.chance(0.12) ? span.start + random.next() * 0.8 * (span.end - span.start) : span.start,
    tables: workingSet(profile, random),
    hour: hourOf(profile, random),
    activity: random.lognormal(1, 0.45),
    drift: random.normal(0.004, 0.012),
    replicas: profile.comesFrom === 'pods' ? random.int(1, 3) : 1,
    network: `10.${20 + (zones.indexOf(zone) % 6)}.${random.int(1, 60)}`,
    deployments: deploymentsOf(profile, zone, random, span),
  };
}

/** Tables of one or two of its connections; the last one or two only from a later deployment on. */
function workingSet(profile: Profile, random: Random): Agent['tables'] {
  const own = random.shuffled(profile.connections).slice(0, profile.tables[1] > 6 ? 2 : 1);
  const daily = allTables.filter(({ use, connection }) => use === 'daily' && own.includes(connection));
  const chosen: readonly Table[] = random.shuffled(daily).slice(0, random.int(...profile.tables));
  // A kyc reviewer, an archivist: some few do touch what is rare.
  const rare = allTables.filter(({ use, connection }) => use === 'rare' && own.includes(connection));
  const all = rare.length > 0 && random.chance(0.06) ? [...chosen, random.pick(rare)] : chosen;
  const later = all.length > 2 && random.chance(0.4) ? random.int(1, 2) : 0;
  return all.map((table, i) => ({
    table,
    fromBuild: i < all.length - later ? 0 : i - all.length + later + 1,
  }));
}

function hourOf({ rhythm }: Profile, random: Random): number {
  if (rhythm === 'nightly') return random.between(0.5, 4.5);
  if (rhythm === 'hourly') return random.next(); // the minute
  if (rhythm === 'morning') return random.between(5.5, 8);
  return random.between(7.5, 9.7);
}

/** Every two or three weeks, Mondays to Thursdays in daylight; migrations are built anew each other day. */
function deploymentsOf({ rhythm }: Profile, zone: Zone, random: Random, { start, end }: Span): number[] {
  const every = rhythm === 'deploys' ? 4 * day : random.between(1.5, 4) * week;
  const at: number[] = [];
  for (let next = start + random.exponential(every); next < end; next += random.exponential(every) + day) {
    const date = Math.floor(next / day);
    const midday = date * day + (random.between(9, 17) - zone.standard) * 3_600_000;
    if ((date + 4) % 7 < 5 && midday > (at.at(-1) ?? start)) at.push(Math.round(midday));
  }
  return at;
}

/** How many deployments it has seen by then. */
export function buildOf({ deployments }: Agent, at: number): number {
  let build = 0;
  while (build < deployments.length && (deployments[build] as number) <= at) build++;
  return build;
}

/** What it reads by then, most read first. */
export function tablesAt(agent: Agent, build: number): readonly Table[] {
  return agent.tables.filter(({ fromBuild }) => fromBuild <= build).map(({ table }) => table);
}

/** The variant of a statement that a build sends: one of four deployments changes it. */
export function variantOf({ index }: Agent, build: number, table: Table, shape: Shape): number {
  for (let change = build; change > 0; change--)
    if (chanceOf(index, change, table.index, shape.length, shape.charCodeAt(1)) < 0.25)
      return 100 + index * 16 + change;
  // What has not changed is often the same in agents built from one template.
  return index % 5;
}
