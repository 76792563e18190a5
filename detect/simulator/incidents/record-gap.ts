import { timeOf } from '../calendar.js';
import type { IncidentKind } from './stage.js';

/** Events of a session are missing in the record. Stealthy: the last ones before its end, in a long session. */
export const recordGap: IncidentKind = {
  ...{ kind: 'record-gap', unit: 'events', magnitudes: [1, 4, 16], days: 5 },
  suits: ({ profile }) => profile.calls >= 12,
  plant: ({ agent, date, magnitude, part, stealthy, random }) => {
    const from = timeOf(agent.zone, date, 0);
    let isDone = false;
    return {
      touch: (session) => {
        if (isDone || session.at < from) return [session];
        const calls = [...session.calls];
        // Two events a statement, at least, between its start and its end.
        const places = 2 * calls.length;
        if (places < magnitude + 4) return [{ ...session, calls }];
        isDone = true;
        const first = stealthy ? places + 2 - magnitude : random.int(3, places + 1 - magnitude);
        return [{ ...session, calls, part, lost: { from: first, through: first + magnitude - 1 } }];
      },
    };
  },
};
