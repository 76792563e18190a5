import { tableRows } from '../agents/calls.js';
import { keys, mixedIn, sessionAt, tablesOf, timeOn, type IncidentKind } from './stage.js';

/** One record after the other by its key. Stealthy: the same keys out of order, among ordinary look-ups of four days. */
export const enumeration: IncidentKind = {
  ...{ kind: 'enumeration', unit: 'keys', magnitudes: [120, 500, 2_000], days: 4 },
  suits: ({ profile }) => ['desk', 'explore', 'hourly'].includes(profile.rhythm),
  plant: (stage) => {
    const { agent, random, magnitude, stealthy, span } = stage;
    const table = random.early(tablesOf(stage));
    const size = tableRows(table, timeOn(stage, 0, 0) - span.start);
    const [first, step] = [random.int(1, size), stealthy ? random.int(2, 9) : 1];
    const ids = Array.from({ length: magnitude }, (_, i) => ((first + i * step) % size) + 1);
    if (stealthy) {
      return { touch: mixedIn(stage, keys(stage, table, random.shuffled(ids), 8_000), 4) };
    }
    const at = timeOn(stage, 0, agent.hour + random.between(0.5, 7));
    return { sessions: [sessionAt(stage, at, keys(stage, table, ids, 1_500))] };
  },
};
