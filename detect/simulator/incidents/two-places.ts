import { minute } from '../calendar.js';
import type { SessionPlan } from '../model.js';
import { foreignHost, someReads } from './new-source.js';
import { callOf, ownQuery, sessionAt, tablesOf, timeOn, type IncidentKind, type Stage } from './stage.js';

/**
 * One credential at work in two places at one time. Stealthy: the other place is one of the house, and it begins once the
 * agent itself has begun. (A pool on several hosts, and a rolling deployment, do so every day, from one network.)
 */
export const twoPlaces: IncidentKind = {
  ...{ kind: 'two-places', unit: 'minutes', magnitudes: [5, 30, 150], days: 2 },
  suits: ({ profile }) => profile.comesFrom !== 'runner' && profile.rhythm !== 'oncall',
  plant: (stage) => {
    const host = foreignHost(stage);
    const [from, wanted] = [timeOn(stage, 0, 0), Math.ceil(stage.magnitude / 50)];
    let placed = 0;
    return {
      touch: (session: SessionPlan) => {
        if (session.at < from || placed >= wanted) return [session];
        placed++;
        return [session, beside(stage, session, host)];
      },
    };
  },
};

/** It lasts as long as its magnitude says, with something now and then. */
function beside(stage: Stage, { at, connection }: SessionPlan, host: string): SessionPlan {
  const { magnitude, random } = stage;
  const each = Math.min(magnitude, 50) * minute;
  const table = tablesOf(stage).find((own) => own.connection === connection);
  const list = table && ownQuery(stage, table, 'list');
  const calls = list
    ? Array.from({ length: 8 }, () => callOf(list, random.int(3, 50), each / 8, [String(random.int(1, table.rows))]))
    : someReads(stage);
  return sessionAt(stage, at + random.int(200, 900), calls, { host, connection });
} // prettier-ignore
