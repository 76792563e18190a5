import {
  mixedIn,
  ownQuery,
  pageOf,
  pages,
  sessionAt,
  tablesOf,
  timeOn,
  usualHour,
  type IncidentKind,
} from './stage.js';

/**
 * Far more rows of a table that it may read than ever. Stealthy: page by page among the ordinary statements of two days,
 * pages not larger than its own results now and then are.
 */
export const bulkRead: IncidentKind = {
  ...{ kind: 'bulk-read', unit: 'times the rows of its busiest usual hour', magnitudes: [3, 10, 40], days: 2 },
  suits: () => true,
  plant: (stage) => {
    const { random, stealthy, magnitude, agent } = stage;
    const table = random.early(tablesOf(stage));
    const rows = Math.min(table.rows * 0.9, Math.max(2_000, usualHour(stage) * magnitude));
    const query = ownQuery(stage, table, 'page');
    if (stealthy) {
      const calls = pages(stage, query, rows, 4_000, Math.max(100, Math.min(pageOf(stage) / 3, rows / 60)));
      return { touch: mixedIn(stage, calls, Math.ceil(calls.length / 8)) };
    }
    const at = timeOn(stage, 0, agent.hour + random.between(0.5, 8));
    return { sessions: [sessionAt(stage, at, pages(stage, query, rows, 3_000))] };
  },
}; // prettier-ignore
