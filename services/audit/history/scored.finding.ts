import { severities, type Severity } from '#domain';
import type { Finding } from '../detection/finding.js';
import { timeOf } from '../detection/store.sql.js';

/** What scoring goes by. Times: milliseconds since the epoch. */
export interface ScoredFinding {
  readonly id: string;
  readonly detector: string;
  readonly score: number;
  readonly identity: string;
  readonly connection: string;
  readonly subject: string;
  readonly evidence: string;
  readonly windowStart: number;
  readonly windowEnd: number;
  /** When it was known at the latest: of a stream after its last event, else at the window's end. */
  readonly knownAt: number;
  readonly links: ReadonlySet<string>;
  /** The lists of links were cut: what is not among them may still belong to it. */
  readonly isCut: boolean;
}

const mostLinks = 20;

export function scoredFinding({ id, detector, row, evidence }: Finding): ScoredFinding {
  const { identity, connection, subject, sessions, statements } = row;
  const windowEnd = timeOf(row.window_end);
  return {
    ...{ id, detector: detector.id, identity, connection, subject, evidence, windowEnd },
    score: scoreOf(detector, row),
    windowStart: timeOf(row.window_start),
    knownAt: detector.schedule === 'stream' ? lastEventOf(row, windowEnd) : windowEnd,
    links: new Set([...sessions, ...statements]),
    isCut: sessions.length >= mostLinks || statements.length >= mostLinks,
  };
}

type Measures = Readonly<Record<string, unknown>>;

/** Which measure names the latest of its events, the best first. */
const lastEvents = ['last_at', 'other_to', 'changed_at', 'first_at'];

function lastEventOf(row: Measures, windowEnd: number): number {
  const at = lastEvents.map((name) => row[name]).find((value) => typeof value === 'string');
  return at === undefined ? windowEnd : Math.min(windowEnd, timeOf(at));
}

interface Threshold {
  readonly severity: Severity;
  readonly parameters: Measures;
}

/** The severity's place, and within it how far beyond its thresholds the finding is: a factor of 10,000 at most. */
export function scoreOf({ severity, parameters }: Threshold, row: Measures): number {
  const beyond = Math.min(...ratios(parameters, row));
  const within = Number.isFinite(beyond) ? Math.log10(Math.max(1, beyond)) / 4 : 0;
  return severities.indexOf(severity) + Math.min(0.99, within);
}

/** A measure says how far it is beyond the parameter that it is named after (`rows`, `values_out`), and beyond what was usual. */
function ratios(parameters: Measures, row: Measures): number[] {
  const most = Number(row['most'] ?? 0) * Number(parameters['factor'] ?? 1);
  return Object.entries(parameters).flatMap(([name, least]) => {
    const measure = Object.keys(row).find(
      (each) => each === name || /^_(out|seen)$/.test(each.replace(name, '')),
    );
    if (measure === undefined || typeof least !== 'number') return [];
    const value = Number(row[measure]);
    return most > 0 ? [value / least, value / most] : [value / least];
  });
}
