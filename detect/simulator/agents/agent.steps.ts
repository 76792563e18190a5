import { day, dateOf, timeOf } from '../calendar.js';
import type { Agent, SessionPlan } from '../model.js';
import type { Random } from '../random.js';
import { usualHost, usualProgram } from './builds.js';
import { sceneOf, usualCalls } from './calls.js';
import { shiftsOf, type Shift } from './day.js';
import type { Span } from './fleet.js';

/** The sessions that an agent opens by itself, in order, each day made when it comes. */
export function* usualSessions(agent: Agent, random: Random, span: Span): Generator<SessionPlan> {
  const own = random.fork('agent', agent.index, 'life');
  let last = Math.max(agent.born, span.start);
  for (let date = dateOf(agent.zone, last) - 1; date * day <= span.end + day; date++) {
    const shifts = shiftsOf(agent, date, own.fork(date));
    for (const [i, shift] of shifts.entries()) {
      const at = timeOf(agent.zone, date, shift.hours);
      if (at < last || at >= span.end) continue;
      last = at;
      yield usualSession(agent, at, shift, own.fork(date, i), span, `${agent.index} ${date} ${i}`);
    }
  }
}

function usualSession(
  agent: Agent,
  at: number,
  shift: Shift,
  random: Random,
  { start }: Span,
  key: string,
): SessionPlan {
  const scene = sceneOf(agent, at, start, shift, random);
  const connection = scene.tables[0]?.connection ?? '';
  const host = usualHost(agent, at, random.int(0, 7));
  return {
    ...{ agent, connection, at, host, key, program: usualProgram(agent, at) },
    calls: usualCalls(scene, random),
  };
}
