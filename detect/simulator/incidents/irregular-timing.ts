import { hour, minute } from '../calendar.js';
import type { SessionPlan } from '../model.js';
import { sessionAt, timeOn, type IncidentKind, type Plant, type Stage } from './stage.js';
import { someReads } from './new-source.js';

/**
 * A schedule that is not kept: runs that are missing, or more than there should be. Stealthy: each run comes some minutes
 * later than the one before, as if something else were done first.
 */
export const irregularTiming: IncidentKind = {
  ...{ kind: 'irregular-timing', unit: 'runs', magnitudes: [3, 6, 14], days: 9 },
  suits: ({ profile }) => profile.rhythm === 'nightly' || profile.rhythm === 'hourly',
  plant: (stage) =>
    stage.stealthy ? drifting(stage) : stage.random.chance(0.5) ? missing(stage) : additional(stage),
};

function missing(stage: Stage): Plant {
  const { part, magnitude } = stage;
  const from = timeOn(stage, 0, 0);
  let left = magnitude;
  return {
    touch: (session) => {
      if (session.at < from || left === 0) return [session];
      left--;
      part.from = Math.min(part.from, session.at);
      part.to = Math.max(part.to, session.at + 15 * minute);
      part.connection = session.connection;
      return [];
    },
  };
}

function additional(stage: Stage): Plant {
  const { agent, magnitude, random } = stage;
  const apart = agent.profile.rhythm === 'hourly' ? 1 : 24;
  return {
    sessions: Array.from({ length: magnitude }, (_, i) => {
      const away = apart === 1 ? 0.5 : random.between(8, 16);
      return sessionAt(stage, timeOn(stage, 0, agent.hour + 2 + away + i * apart), someReads(stage));
    }),
  };
}

function drifting(stage: Stage): Plant {
  const { agent, part, magnitude } = stage;
  const from = timeOn(stage, 0, 0);
  const step = agent.profile.rhythm === 'hourly' ? 3 * minute : 25 * minute;
  const most = agent.profile.rhythm === 'hourly' ? 0.8 * hour : 10 * hour;
  let done = 0;
  return {
    touch: (session: SessionPlan) => {
      if (session.at < from || done === magnitude) return [session];
      done++;
      return [{ ...session, part, at: session.at + Math.min(most, done * step) }];
    },
  };
}
