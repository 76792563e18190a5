import type { Span } from '../agents/fleet.js';
import { day, dateOf, week } from '../calendar.js';
import type { Agent, Incident } from '../model.js';
import type { Random } from '../random.js';
import type { Publication } from '../record/policy.steps.js';
import { kindsInTurn } from './kinds.js';
import type { IncidentKind, Plant } from './stage.js';

/** Which incidents there are to be. */
export interface IncidentPlan {
  /** Incidents of the first kinds in 100 weeks of one agent; the first weeks, in which none is put, do not count. */
  readonly perHundredAgentWeeks: number;
  /** Absent: all of them. */
  readonly kinds?: readonly string[];
  readonly forms?: readonly Incident['form'][];
  /** Days at the start, and of an agent's life, without any: detectors learn. Default 14. */
  readonly quietDays?: number;
}

export interface Placed {
  readonly incident: Incident;
  readonly agent: Agent;
  /** From the first of its days to the last; milliseconds since the epoch. */
  readonly from: number;
  readonly until: number;
  readonly plant: Plant;
}

interface Cell {
  readonly kind: IncidentKind;
  readonly form: Incident['form'];
  readonly magnitude: number;
}

/** At least so far apart are two incidents of one agent. */
const apart = 5 * day;

/** Each kind, form and magnitude in turn, to agents that it suits, at times when nothing else befalls them. */
export function placeIncidents(
  agents: readonly Agent[],
  plan: IncidentPlan,
  publications: readonly Publication[],
  random: Random,
  span: Span,
): readonly Placed[] {
  const own = random.fork('incidents');
  const quiet = (plan.quietDays ?? 14) * day;
  const weeks = Math.max(0, (span.end - span.start - quiet) / week);
  const wanted = Math.round((plan.perHundredAgentWeeks * weeks * agents.length) / 100);
  const placed: Placed[] = [];
  const busy = new Map<Agent, readonly Placed[]>();
  for (const [i, cell] of cellsOf(plan, wanted, own).entries()) {
    const spot = spotFor(cell, agents, busy, own.fork(i), { ...span, start: span.start + quiet }, quiet);
    if (!spot) continue;
    const one = place(cell, `inc-${i + 1}`, spot, publications, own.fork(i, 'plant'), span);
    placed.push(one);
    busy.set(spot.agent, [...(busy.get(spot.agent) ?? []), one]);
  }
  return placed;
}

function cellsOf(plan: IncidentPlan, wanted: number, random: Random): readonly Cell[] {
  const [first = [], ...later] = kindsInTurn.map((all) =>
    all.filter(({ kind }) => plan.kinds?.includes(kind) ?? true),
  );
  const many = (some: readonly IncidentKind[]) =>
    Math.round((wanted * some.length) / (first.length || some.length));
  return [first, ...later].flatMap((some) => {
    const cells = cellsInTurn(some, plan, random);
    return cells.length === 0
      ? []
      : Array.from({ length: many(some) }, (_, i) => cells[i % cells.length] as Cell);
  });
}

/** All kinds and forms once, then all again with another magnitude: so that few incidents, too, are of every kind. */
function cellsInTurn(
  chosen: readonly IncidentKind[],
  { forms = ['plain', 'stealthy'] }: IncidentPlan,
  random: Random,
): readonly Cell[] {
  const turn = (n: number) =>
    chosen.flatMap((kind, i) =>
      forms.map((form) => ({
        kind,
        form,
        magnitude: kind.magnitudes[(n + i) % kind.magnitudes.length] ?? 1,
      })),
    );
  return [0, 1, 2, 3, 4, 5].flatMap((n) => random.shuffled(turn(n)));
}

interface Spot {
  readonly agent: Agent;
  readonly from: number;
  readonly until: number;
}

function spotFor(
  { kind, magnitude }: Cell,
  agents: readonly Agent[],
  busy: ReadonlyMap<Agent, readonly Placed[]>,
  random: Random,
  { start, end }: Span,
  quiet: number,
): Spot | undefined {
  // A day to begin on, and weekends.
  const lasts = (kind.days + 5) * day;
  for (let tries = 0; tries < 60; tries++) {
    const agent = random.pick(agents);
    const from = random.between(Math.max(start, agent.born + quiet), end - lasts);
    if (from < agent.born + quiet || from < start || !kind.suits(agent, magnitude)) continue;
    const until = from + lasts;
    const others = busy.get(agent) ?? [];
    if (others.every((other) => until + apart < other.from || other.until + apart < from))
      return { agent, from, until };
  }
  return undefined;
}

function place(
  { kind, form, magnitude }: Cell,
  id: string,
  { agent, from, until }: Spot,
  publications: readonly Publication[],
  random: Random,
  span: Span,
): Placed {
  const incident: Incident = {
    ...{ id, kind: kind.kind, form, magnitude, identity: agent.id },
    ...{ connection: agent.tables[0]?.table.connection ?? '', from: Infinity, to: -Infinity },
    ...{ sessionIds: [], statementIds: [], tables: [] },
  };
  const date = dateOf(agent.zone, from) + 1;
  const stealthy = form === 'stealthy';
  const stage = { agent, part: incident, date, magnitude, stealthy, random, span, publications };
  return { incident, agent, from, until, plant: kind.plant(stage) };
}
