import { usualSessions } from './agents/agent.steps.js';
import { fleetOf, type Span } from './agents/fleet.js';
import { week } from './calendar.js';
import { placeIncidents, type IncidentPlan, type Placed } from './incidents/placing.js';
import type { Agent, Incident, SessionPlan, SimulatedEvent, Step } from './model.js';
import { Random } from './random.js';
import { policySteps, publicationsOf, snapshotOf } from './record/policy.steps.js';
import { sessionSteps, type RecordOptions } from './record/session.steps.js';
import { merge } from './timeline.js';

export interface SimulationOptions {
  /** The same seed, and options, give the same bytes. */
  readonly seed: string | number;
  readonly agents: number;
  readonly weeks: number;
  /** Milliseconds since the epoch; a Monday, midnight, makes weeks of it. */
  readonly start: number;
  /** Absent: ordinary life only. */
  readonly incidents?: IncidentPlan;
  /** Without links `hash`, `prev` and `salt` are empty, which takes a third of the time away. Default true. */
  readonly links?: boolean;
}

export interface Simulation extends Iterable<SimulatedEvent> {
  /** Complete once all events have been read; in order of their ids. Each iteration begins anew. */
  readonly incidents: readonly Incident[];
  readonly agents: readonly Agent[];
}

/**
 * Weeks of agents at work, as events in order of time; what they hold in memory is agents, open sessions and labels, not
 * weeks. Ordinary life is the same with incidents and without, but for the sessions that an incident changes.
 */
export function simulate(options: SimulationOptions): Simulation {
  const { start, weeks, seed } = options;
  const span = { start, end: start + weeks * week };
  const random = new Random(`weir ${seed}`);
  const agents = fleetOf(random, options.agents, span);
  const incidents: Incident[] = [];
  return {
    agents,
    incidents,
    *[Symbol.iterator]() {
      const placed = placedOf(options, agents, random, span);
      yield* merge(sourcesOf(options, agents, placed, random, span));
      const happened = placed.map(({ incident }) => incident).filter(({ to }) => to > -Infinity);
      incidents.splice(0, incidents.length, ...happened);
    },
  };
}

function placedOf({ incidents }: SimulationOptions, agents: readonly Agent[], random: Random, span: Span) {
  return incidents
    ? placeIncidents(agents, incidents, publicationsOf(random, span), random, span)
    : ([] as const);
}

function* sourcesOf(
  { links = true }: SimulationOptions,
  agents: readonly Agent[],
  placed: readonly Placed[],
  random: Random,
  span: Span,
): Generator<Iterator<Step>> {
  const odd = placed.flatMap(({ plant }) => plant.publications ?? []);
  const publications = [...publicationsOf(random, span), ...odd].sort((a, b) => a.at - b.at);
  const record: RecordOptions = { random, isLinked: links, snapshotAt: (at) => snapshotOf(publications, at) };
  yield policySteps(publications, random, span);
  for (const agent of agents) {
    const own = placed.filter((each) => each.agent === agent);
    yield lived(usualSessions(agent, random, span), own, record);
  }
  for (const { plant } of placed) {
    yield* (plant.sessions ?? []).map((session) => sessionSteps(session, record));
    yield* (plant.control ?? []).map((step) => [step].values());
  }
}

/** Ordinary sessions as the incidents of their agent leave them: one that they move begins later than it would. */
function* lived(
  sessions: Iterable<SessionPlan>,
  placed: readonly Placed[],
  record: RecordOptions,
): Generator<Step> {
  for (const session of sessions) {
    const { at } = session;
    const touch = placed.find((each) => each.plant.touch && each.from <= at && at < each.until)?.plant.touch;
    for (const plan of touch?.(session) ?? [session]) yield { at, begins: sessionSteps(plan, record) };
  }
}
