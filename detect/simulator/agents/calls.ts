import { hour, isMonthEnd, week, dateOf } from '../calendar.js';
import type { Agent, Call, Fate, Query, Shape, Table } from '../model.js';
import { chanceOf, type Random } from '../random.js';
import { queryOf } from '../world/queries.js';
import { tables as allTables } from '../world/tables.js';
import { buildOf, tablesAt, variantOf } from './fleet.js';
import type { Shift } from './day.js';
import type { Habit, Rhythm } from './profiles.js';

/** Rows that a statement gives an agent who may not read in bulk; the gate stops there. */
export const rowBudget = 10_000;

/** What the circumstances of a session are; `tables` are those of its connection. */
export interface Scene {
  readonly agent: Agent;
  readonly at: number;
  /** The simulation's first millisecond. */
  readonly start: number;
  readonly tables: readonly Table[];
  readonly shift: Shift;
}

/** Which connection a session is for, and its tables. */
export function sceneOf(agent: Agent, at: number, start: number, shift: Shift, random: Random): Scene {
  const all = tablesAt(agent, buildOf(agent, at));
  const connection = random.early(all).connection;
  return { agent, at, start, shift, tables: all.filter((table) => table.connection === connection) };
}

/** The statements of an ordinary session, made one by one. */
export function* usualCalls(scene: Scene, random: Random): Generator<Call> {
  const { agent, shift } = scene;
  if (shift.export) return yield exported(scene, random);
  const { habits, refused } = agent.profile;
  for (let i = 0; i < shift.calls; i++) {
    const table = random.chance(strayed[agent.profile.rhythm] ?? 0)
      ? strayTable(scene, random)
      : random.early(scene.tables);
    if (random.chance(refused / 1000) && isClassed(table)) yield* refusal(agent, table, random);
    else yield usual(scene, random.weighted(habits), table, random);
  }
}

function usual(scene: Scene, { shape, rows, sigma }: Habit, table: Table, random: Random): Call {
  const { agent } = scene;
  const variant = variantFor(scene, shape, table, random);
  const query = queryOf(table, shape, variant);
  const wanted = isSingle(shape)
    ? random.lognormal(rows, sigma)
    : random.lognormal(rows, sigma) * sizeFactor(scene, table);
  const size = tableRows(table, scene.at - scene.start);
  const given = Math.min(size, Math.round(wanted));
  const call: Call = {
    ...{ after: pauseOf(agent, random), query, rows: query.writes ? 0 : given },
    ...{ parameters: parametersOf(query, size, given, scene.at, random), fate: fateOf(query, random) },
  };
  return isDocument(scene, call, variant)
    ? { ...call, query: queryOf(table, 'packed', variant), rows: 1, packed: given }
    : call;
}

/** Some programs, and who makes up queries now and then, have the database build their documents: one row, however much is in it. */
function isDocument({ agent, at }: Scene, { query, rows }: Call, variant: number): boolean {
  if (query.shape !== 'range') return false;
  if (variant >= 5 && variant <= 60) return chanceOf(agent.index, at / 1000, rows, 34) < 0.04;
  return chanceOf(agent.index, 32) < 0.15 && chanceOf(agent.index, query.table.index, 33) < 0.5;
}

/** How often somebody who looks around opens a table that is nobody's daily work. */
const strayed: Partial<Record<Rhythm, number>> = { explore: 0.0001, oncall: 0.0002 };

function strayTable({ tables }: Scene, random: Random): Table {
  const rare = allTables.filter(
    ({ use, connection }) => use === 'rare' && connection === tables[0]?.connection,
  );
  return rare.length > 0 ? random.pick(rare) : random.pick(tables);
}

const isClassed = ({ columns }: Table): boolean => columns.some(({ dataClass }) => dataClass !== '');

const isSingle = (shape: Shape): boolean => shape === 'key' || shape === 'lookup' || shape === 'catalog';

/** By load, month, growth, and how much of this table this agent is after. */
function sizeFactor({ agent, at, start, shift }: Scene, table: Table): number {
  const weeks = (at - start) / week;
  const own = Math.exp((chanceOf(agent.index, table.index, 5) * 2 - 1) * 1.1);
  const closing =
    isMonthEnd(dateOf(agent.zone, at)) && agent.profile.connections.includes('billing') ? 1.6 : 1;
  return (
    own * closing * shift.scale * agent.activity * (1 + agent.drift) ** weeks * (1 + table.growth) ** weeks
  );
}

function variantFor({ agent, at }: Scene, shape: Shape, table: Table, random: Random): number {
  if (random.chance(agent.profile.adHoc / 100)) return random.int(5, 60);
  return variantOf(agent, buildOf(agent, at), table, shape);
}

function fateOf({ shape, kind }: Query, random: Random): Fate {
  if (shape === 'update' || kind === 'alter table') return random.chance(0.1) ? 'held-denied' : 'held';
  return random.chance(0.006) ? 'error' : 'ok';
}

/** What a model does that is told no: it says it differently, and mostly once. */
function* refusal(agent: Agent, table: Table, random: Random): Generator<Call> {
  const tries = random.weighted([
    { weight: 6, n: 1 },
    { weight: 3, n: 2 },
    { weight: 1, n: 4 },
  ]).n;
  for (let i = 0; i < tries; i++) yield denied(agent, table, random.int(0, 9), random);
  yield {
    ...{ after: pauseOf(agent, random), query: queryOf(table, 'lookup', 0), rows: 1 },
    ...{ parameters: [random.hex(8)], fate: 'ok' },
  };
}

/** Refused: a masked column in a condition that is no look-up. */
export function denied(agent: Agent, table: Table, variant: number, random: Random): Call {
  const query = queryOf(table, 'probe', variant);
  const column = query.columns[0]?.name ?? 'id';
  const reason = `masked column "${column}" cannot be used in a condition other than a lookup: use = or IN with values`;
  const pattern = `${random.base32(1)}%`;
  return { after: pauseOf(agent, random), query, rows: 0, parameters: [pattern], fate: 'denied', reason };
}

function exported({ agent, at, start, tables }: Scene, random: Random): Call {
  const table = random.pick(tables);
  const rows = Math.min(tableRows(table, at - start), random.int(15_000, 150_000));
  const query = queryOf(table, 'whole', 0);
  return { after: pauseOf(agent, random), query, rows, parameters: [], fate: 'held' };
}

export function pauseOf({ profile }: Agent, random: Random): number {
  return Math.min(2 * hour, Math.round(random.lognormal(profile.pause, profile.forPeople ? 1 : 0.5)));
}

/** Rows of a table so many milliseconds after the first day. */
export function tableRows({ rows, growth }: Table, elapsed: number): number {
  return Math.round(rows * (1 + growth) ** (elapsed / week));
}

/** Values as a client would bind them: the key space that was read is to be seen in them. */
function parametersOf(
  { shape, columns }: Query,
  size: number,
  rows: number,
  at: number,
  random: Random,
): string[] {
  const time = (hours: number) => new Date(at - hours * hour).toISOString();
  const id = () => String(random.int(1, size));
  switch (shape) {
    case 'key':
    case 'list':
      return [id()];
    case 'lookup':
      return [random.hex(8)];
    case 'since':
      return [time(random.between(1, 26))];
    case 'range':
      return [time(24 * random.int(2, 40)), time(0)];
    case 'sum':
      return [time(24 * random.pick([1, 7, 30, 90]))];
    case 'page':
      // What is new is at the end.
      return [String(Math.max(0, size - rows * random.int(1, 3))), String(rows)];
    case 'update':
      return [id(), random.pick(['open', 'done', 'waiting'])];
    case 'insert':
      return columns.map(() => random.hex(6));
    default:
      return [];
  }
}
