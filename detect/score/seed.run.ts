import { detectRange } from '../../services/audit/detection/detect.js';
import {
  defaultSettings,
  type DetectionSettings,
} from '../../services/audit/detection/detection.settings.js';
import { loadDetectors, shippedDetectors } from '../../services/audit/detection/detectors.load.js';
import { rowsOf } from '../../services/audit/detection/store.sql.js';
import { honeytokens, simulate, type IdentityHour, type Incident } from '../simulator/index.js';
import { judged, type Judged } from './alarms.js';
import { scoredFinding } from './scored.finding.js';
import { storeEvents, withStore, type SimulatedStore } from './simulated.store.js';

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
  readonly incidents: readonly Incident[];
  readonly findings: readonly Judged[];
  /** What the naive baselines see. */
  readonly hours: readonly IdentityHour[];
  /** The ids of all detectors. */
  readonly detectors: readonly string[];
  readonly failures: ReadonlyMap<string, string>;
}

/** In them there are no incidents. */
export const learningDays = 14;
const dayMs = 86_400_000;
/** A Monday. */
const start = Date.UTC(2026, 0, 5);
export const measuredFrom = start + learningDays * dayMs;

const settings: DetectionSettings = {
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
  return withStore(async (store) => {
    const events = await storeEvents(store.writer, simulation);
    const found = await findingsOf(store, start + weeks * 7 * dayMs);
    const findings = found.findings.filter(({ windowStart }) => windowStart >= measuredFrom);
    return {
      ...{ seed, events, agentWeeks: agents * (weeks - learningDays / 7), incidents: simulation.incidents },
      ...found,
      findings: judged(findings, simulation.incidents),
      hours: await hoursOf(store),
    };
  });
}

async function findingsOf(store: SimulatedStore, to: number) {
  const { detectors, refused } = await loadDetectors(store.reader, [shippedDetectors()], settings);
  if (refused.size > 0) throw new Error([...refused.values()].join('\n'));
  const failures = new Map<string, string>();
  const findings = await detectRange(store, detectors, { from: start, to }, settings, ({ id }, error) =>
    failures.set(id, error instanceof Error ? error.message : String(error)),
  );
  return { findings: findings.map(scoredFinding), detectors: detectors.map(({ id }) => id), failures };
}

async function hoursOf({ reader }: SimulatedStore): Promise<IdentityHour[]> {
  const rows = await rowsOf<{ identity: string; at: number; total: string }>(
    reader,
    `SELECT identity, toUnixTimestamp(hour) AS at, toString(sum(h.rows)) AS total FROM weir.identity_hours AS h
     GROUP BY hour, identity HAVING sum(h.rows) > 0 ORDER BY hour`,
  );
  return rows.map(({ identity, at, total }) => ({ identity, at: at * 1000, rows: Number(total) }));
}
