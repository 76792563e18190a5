import {
  ownQuery,
  callOf,
  keys,
  sessionAt,
  tablesOf,
  timeOn,
  type IncidentKind,
  type Stage,
} from './stage.js';

/**
 * Work at a time when the people behind it sleep. Stealthy: an hour or two after they have gone, on several evenings, each
 * looking like somebody who works late.
 */
export const outOfHours: IncidentKind = {
  ...{ kind: 'out-of-hours', unit: 'statements', magnitudes: [8, 30, 120], days: 4 },
  suits: ({ profile }) => profile.rhythm === 'desk' || profile.rhythm === 'explore',
  plant: (stage) => {
    const { random, stealthy, magnitude, agent } = stage;
    if (!stealthy) return { sessions: [night(stage, 0, random.between(1, 4.5), magnitude)] };
    const evenings = [0, 1, 2, 3];
    return {
      sessions: evenings.map((day) =>
        night(stage, day, agent.hour + random.between(11.5, 14), Math.ceil(magnitude / evenings.length)),
      ),
    };
  },
};

function night(stage: Stage, day: number, hours: number, statements: number) {
  const { random } = stage;
  const table = random.early(tablesOf(stage));
  const list = ownQuery(stage, table, 'list');
  const ids = Array.from({ length: statements }, () => random.int(1, table.rows));
  const calls = keys(stage, table, ids, 20_000).map((call) =>
    random.chance(0.4) ? callOf(list, random.int(1, 40), call.after, call.parameters) : call,
  );
  return sessionAt(stage, timeOn(stage, day, hours), calls);
}
