import type { Span } from '../agents/fleet.js';
import { buildOf, tablesAt, variantOf } from '../agents/fleet.js';
import { usualHost, usualProgram } from '../agents/builds.js';
import { rowBudget, tableRows } from '../agents/calls.js';
import type { Rhythm } from '../agents/profiles.js';
import { day, isFree, timeOf, type DayNumber } from '../calendar.js';
import type { Agent, Call, Incident, Query, SessionPlan, Shape, Step, Table } from '../model.js';
import type { Random } from '../random.js';
import type { Publication } from '../record/policy.steps.js';
import { queryOf } from '../world/queries.js';

/** Where an incident is put: whose, from which local day on, how large. */
export interface Stage {
  readonly agent: Agent;
  readonly part: Incident;
  readonly date: DayNumber;
  readonly magnitude: number;
  readonly stealthy: boolean;
  readonly random: Random;
  readonly span: Span;
  /** What is published in ordinary life, in order. */
  readonly publications: readonly Publication[];
}

/** What an incident does to the agent's life. Control events and sessions need no order. */
export interface Plant {
  readonly sessions?: readonly SessionPlan[];
  /** What becomes of each ordinary session while it lasts: another one, several at the same time or later, or none. */
  readonly touch?: (session: SessionPlan) => readonly SessionPlan[];
  readonly control?: readonly Step[];
  readonly publications?: readonly Publication[];
}

export interface IncidentKind {
  readonly kind: string;
  /** What a magnitude counts. */
  readonly unit: string;
  readonly magnitudes: readonly number[];
  /** Local days that it takes at most. */
  readonly days: number;
  /** Whether an incident of this magnitude can befall it, and would be one. */
  suits(agent: Agent, magnitude: number): boolean;
  plant(stage: Stage): Plant;
}

const kept: readonly Rhythm[] = ['nightly', 'hourly', 'oncall'];

/** Milliseconds since the epoch of an hour of an incident's n-th day; where people have weekends, its n-th working day. */
export function timeOn({ agent, date }: Stage, after: number, hours: number): number {
  let at = date;
  for (let left = after, most = date + after + 5; at < most; at++) {
    if (!kept.includes(agent.profile.rhythm) && isFree(agent.zone, at)) continue;
    if (left-- === 0) break;
  }
  return timeOf(agent.zone, at, hours);
}

/** A session beside the agent's own, as it usually comes, unless said otherwise. */
export function sessionAt(
  stage: Stage,
  at: number,
  calls: readonly Call[],
  other: Partial<Pick<SessionPlan, 'host' | 'program' | 'connection'>> = {},
): SessionPlan {
  const { agent, part, random } = stage;
  const connection = calls[0]?.query.table.connection ?? tablesOf(stage)[0]?.connection ?? '';
  return {
    ...{ agent, part, connection, at, host: usualHost(agent, at, random.int(0, 7)) },
    ...{ program: usualProgram(agent, at), key: `${part.id} ${at} ${random.hex(6)}`, ...other },
    calls: calls.map((call) => ({ ...call, part })),
  };
}

/** What its agent reads these days on the connection that it uses most; most read first. */
export function tablesOf({ agent, date, span }: Stage): readonly Table[] {
  const all = tablesAt(agent, buildOf(agent, Math.max(span.start, timeOf(agent.zone, date, 0))));
  return all.filter(({ connection }) => connection === all[0]?.connection);
}

/** A statement that its agent sends anyway. */
export function ownQuery(stage: Stage, table: Table, shape: Shape): Query {
  const { agent, date } = stage;
  return queryOf(table, shape, variantOf(agent, buildOf(agent, timeOf(agent.zone, date, 0)), table, shape));
}

export function callOf(query: Query, rows: number, after: number, parameters: readonly string[] = []): Call {
  return { query, rows: Math.round(rows), after: Math.round(after), parameters, fate: 'ok' };
}

/** Reads that give so many rows in all, page after page, none of them larger than `most`. */
export function pages(stage: Stage, query: Query, rows: number, pause: number, most = pageOf(stage)): Call[] {
  const { random, span, date, agent } = stage;
  const size = tableRows(query.table, timeOf(agent.zone, date, 0) - span.start);
  let from = random.int(0, Math.max(0, size - rows));
  const calls: Call[] = [];
  for (let left = Math.round(rows); left > 0 && calls.length < 3000;) {
    const page = Math.min(left, Math.round(most * random.between(0.7, 1)) || 1);
    const parameters = query.shape === 'between' ? [from + 1, from + page] : [from, page];
    calls.push(callOf(query, page, random.lognormal(pause, 0.5), parameters.map(String)));
    [from, left] = [(from + page) % size, left - page];
  }
  return calls;
}

export const pageOf = ({ agent }: Stage): number => (agent.profile.bulk ? 60_000 : rowBudget);

/** Single records by key. */
export function keys(stage: Stage, table: Table, ids: readonly number[], pause: number): Call[] {
  const query = ownQuery(stage, table, 'key');
  return ids.map((id) => callOf(query, 1, stage.random.lognormal(pause, 0.6), [String(id)]));
}

/** By how much the busiest hour of an ordinary week is above a session's mean: measured on 300 agents without incidents. */
const peaks: Readonly<Record<Rhythm, number>> = {
  ...{ nightly: 1.8, hourly: 7, desk: 10, morning: 1.8, oncall: 1.3, deploys: 3.3, explore: 2 },
};

/** About the rows that this agent reads in the busiest hour of an ordinary week. */
export function usualHour({ profile, activity }: Agent): number {
  const { habits, calls, rhythm } = profile;
  const weights = habits.reduce((sum, { weight }) => sum + weight, 0);
  const each = habits.reduce(
    (sum, { weight, rows, sigma }) => sum + (weight / weights) * rows * Math.exp(sigma ** 2 / 2),
    0,
  );
  return each * calls * activity ** 1.5 * peaks[rhythm];
}

/** Sessions on a day, about. */
const sessionsADay: Readonly<Record<Rhythm, number>> = {
  ...{ nightly: 2, hourly: 24, desk: 5, morning: 2.2, oncall: 0.8, deploys: 3, explore: 2 },
};

/**
 * Puts calls among those of ordinary sessions, some in each, so that they last for about so many days: who looks at sessions
 * sees none that is new.
 */
export function mixedIn(
  stage: Stage,
  calls: readonly Call[],
  days: number,
): (session: SessionPlan) => readonly SessionPlan[] {
  const left = calls.map((call) => ({ ...call, part: stage.part }));
  const [from, end] = [timeOn(stage, 0, 0), timeOn(stage, days, 0)];
  const rate = sessionsADay[stage.agent.profile.rhythm] * 0.6;
  return (session) => {
    const fits = session.at >= from && left[0]?.query.table.connection === session.connection;
    if (!fits) return [session];
    const ahead = Math.max(1, ((end - session.at) / day) * rate);
    const some = left.splice(0, Math.ceil(left.length / ahead));
    return [{ ...session, calls: woven(session.calls, some, stage.random) }];
  };
}

function* woven(usual: Iterable<Call>, more: Call[], random: Random): Generator<Call> {
  for (const call of usual) {
    yield call;
    while (more.length > 0 && random.chance(0.6)) yield more.shift() as Call;
  }
  yield* more;
}
