import { detectRange } from '../../services/audit/detection/detect.js';
import {
  defaultSettings,
  type DetectionSettings,
} from '../../services/audit/detection/detection.settings.js';
import { loadDetectors, shippedDetectors } from '../../services/audit/detection/detectors.load.js';
import {
  dayMs,
  dayOf,
  hourMs,
  hourOf,
  rowsOf,
  type TimeRange,
} from '../../services/audit/detection/store.sql.js';
import { judged, type Judged } from '../../services/audit/history/alarms.js';
import type { HistoryEvent } from '../../services/audit/history/history.event.js';
import type { HistoryStore } from '../../services/audit/history/history.store.js';
import type { Incident } from '../../services/audit/history/incident.js';
import { scoredFinding } from '../../services/audit/history/scored.finding.js';
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
export interface SeedRun {
  readonly seed: string;
  readonly events: number;
  readonly agentWeeks: number;
  /** Milliseconds since the epoch. */
  readonly measuredFrom: number;
  readonly incidents: readonly Incident[];
  readonly findings: readonly Judged[];
  /** What the naive baselines see. */
  readonly hours: readonly IdentityHour[];
  /** The ids of all detectors. */
  readonly detectors: readonly string[];
  readonly failures: ReadonlyMap<string, string>;
}

/** In them there are no incidents. */
const learningDays = 14;
/** A Monday. */
const start = Date.UTC(2026, 0, 5);

const settings: DetectionSettings = {
  ...defaultSettings,
  calendar: {
    ...defaultSettings.calendar,
    timezone: 'Europe/Berlin',
    holidays: ['2026-01-01', '2026-05-01'],
  },
  honeytokens: honeytokens.map(({ table }) => table),
};

/** Simulates, stores, detects and compares. */
export function runSeed(seed: string, { agents, weeks, incidents }: Fleet): Promise<SeedRun> {
  const plan = { perHundredAgentWeeks: incidents, quietDays: learningDays };
  const simulation = simulate({ seed, agents, weeks, start, links: false, incidents: plan });
  return runHistory(seed, simulation, () => simulation.incidents, agents);
}

/** The same of any history; `incidents` is asked for once all events were read, `agents` are those seen unless it says. */
export function runHistory(
  seed: string,
  history: Iterable<HistoryEvent> | AsyncIterable<HistoryEvent>,
  labels: () => readonly Incident[],
  agents?: number,
): Promise<SeedRun> {
  return withStore(async (store) => {
    const events = await storeEvents(store.writer, history);
    const span = await spanOf(store);
    const from = span.from + learningDays * dayMs;
    const found = await findingsOf(store, span);
    const findings = found.findings.filter(({ windowStart }) => windowStart >= from);
    const incidents = labels();
    const agentWeeks = ((agents ?? span.identities) * Math.max(0, span.to - from)) / (7 * dayMs);
    const hours = (await hoursOf(store)).filter(({ at }) => at >= span.from);
    const run = { seed, events, agentWeeks, measuredFrom: from, incidents, hours };
    return { ...run, ...found, findings: judged(findings, incidents) };
  });
}

/** From the day of the first session to the hour in which the last one began: what is missing after that is missing in the history. */
async function spanOf({ reader }: HistoryStore) {
  const [row] = await rowsOf<{ first: number; last: number; identities: number }>(
    reader,
    `SELECT toUnixTimestamp(min(time)) AS first, toUnixTimestamp(max(time)) AS last, toUInt32(uniqExact(identity)) AS identities
     FROM weir.session_events WHERE type = 'SessionStarted'`,
  );
  const { first = 0, last = 0, identities = 0 } = row ?? {};
  return { from: dayOf(first * 1000), to: hourOf(last * 1000) + hourMs, identities };
}

async function findingsOf(store: HistoryStore, range: TimeRange) {
  const { detectors, refused } = await loadDetectors(store.reader, [shippedDetectors()], settings);
  if (refused.size > 0) throw new Error([...refused.values()].join('\n'));
  const failures = new Map<string, string>();
  const findings = await detectRange(store, detectors, range, settings, ({ id }, error) =>
    failures.set(id, error instanceof Error ? error.message : String(error)),
  );
  return { findings: findings.map(scoredFinding), detectors: detectors.map(({ id }) => id), failures };
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
