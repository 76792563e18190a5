import { defaultSettings } from '../../services/audit/detection/detection.settings.js';
import { shippedDetectors } from '../../services/audit/detection/detectors.load.js';
import { dayMs, rowsOf } from '../../services/audit/detection/store.sql.js';
import { judged } from '../../services/audit/history/alarms.js';
import type { HistoryEvent } from '../../services/audit/history/history.event.js';
import type { HistoryStore } from '../../services/audit/history/history.store.js';
import { weeksMeasured } from '../../services/audit/history/history.size.js';
import { lookBack, measuredFrom, type LookBack } from '../../services/audit/history/look.back.js';
import type { ScoredHistory } from '../../services/audit/history/score.numbers.js';
import { honeytokens, simulate, type IdentityHour } from '../simulator/index.js';
import { storeEvents, withStore } from './simulated.store.js';

/** How large a history is, and what is in it. */
export interface Fleet {
  readonly agents: number;
  readonly weeks: number;
  /** Incidents in 100 weeks of one agent. */
  readonly incidents: number;
}

/** What was found in one simulated history, after the days in which detectors learn. */
export interface SeedRun extends ScoredHistory {
  readonly seed: string;
  readonly events: number;
  /** Milliseconds since the epoch. */
  readonly measuredFrom: number;
  /** What the naive baselines see. */
  readonly hours: readonly IdentityHour[];
  /** The ids of all detectors. */
  readonly detectors: readonly string[];
  /** By id of a detector, why it did not answer. */
  readonly failures: ReadonlyMap<string, string>;
}

/** In them there are no incidents. */
export const learningDays = 14;
/** A Monday. */
const start = Date.UTC(2026, 0, 5);

const house: LookBack = {
  folders: [shippedDetectors()],
  settings: {
    ...defaultSettings,
    calendar: {
      ...defaultSettings.calendar,
      timezone: 'Europe/Berlin',
      holidays: ['2026-01-01', '2026-05-01'],
    },
    honeytokens: honeytokens.map(({ table }) => table),
  },
};

/** Simulates, stores, and looks back over it as `weir score` does. */
export function runSeed(
  seed: string,
  { agents, weeks, incidents: perHundredAgentWeeks }: Fleet,
): Promise<SeedRun> {
  const plan = { perHundredAgentWeeks, quietDays: learningDays };
  const simulation = simulate({ seed, agents, weeks, start, links: false, incidents: plan });
  return withStore(async (store) => {
    const events = await storeEvents(store.writer, until(simulation, start + weeks * 7 * dayMs));
    const from = measuredFrom(start, learningDays);
    const { findings, ran, refused, failed } = await lookBack(store, house, from, () => undefined);
    if (refused.length > 0) throw new Error(refused.map(({ reason }) => reason).join('\n'));
    const { incidents } = simulation;
    return {
      ...{ seed, events, incidents, measuredFrom: from, hours: await hoursOf(store) },
      agentWeeks: await weeksMeasured(store, from),
      findings: judged(findings, incidents),
      detectors: ran.map(({ id }) => id),
      failures: new Map(failed.map(({ id, reason }) => [id, reason])),
    };
  });
}

/** A history ends for everybody at once: what lasts longer is in none. */
function* until(events: Iterable<HistoryEvent>, end: number): Generator<HistoryEvent> {
  for (const event of events) if (event.envelope.timeUs < BigInt(end) * 1000n) yield event;
}

/** By the writer: a reader is bounded to what somebody would look at. */
async function hoursOf({ writer }: HistoryStore): Promise<IdentityHour[]> {
  const rows = await rowsOf<{ identity: string; at: number; total: string }>(
    writer,
    `SELECT identity, toUnixTimestamp(hour) AS at, toString(sum(h.rows)) AS total FROM weir.identity_hours AS h
     GROUP BY hour, identity HAVING sum(h.rows) > 0 ORDER BY hour`,
  );
  return rows.map(({ identity, at, total }) => ({ identity, at: at * 1000, rows: Number(total) }));
}
