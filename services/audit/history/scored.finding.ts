import type { Severity } from '#domain';
import type { Finding } from '../detection/finding.js';
import { timeOf } from '../detection/store.sql.js';

/** What scoring goes by. Times: milliseconds since the epoch. */
export interface ScoredFinding {
  readonly id: string;
  readonly detector: string;
  readonly severity: Severity;
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
  const [windowStart, windowEnd] = [timeOf(row.window_start), timeOf(row.window_end)];
  const { severity, schedule, columns } = detector;
  const last = () => Math.max(...timesOf(columns, row).filter((at) => at >= windowStart && at <= windowEnd));
  const known = schedule === 'stream' ? last() : windowEnd;
  return {
    ...{ id, detector: detector.id, severity, identity, connection, subject, evidence },
    ...{ windowStart, windowEnd, knownAt: Number.isFinite(known) ? known : windowEnd },
    links: new Set([...sessions, ...statements]),
    isCut: sessions.length >= mostLinks || statements.length >= mostLinks,
  };
}

/** Whatever they are called: a time that a detector answers is one of its events (docs/detection.md). */
function timesOf(columns: ReadonlyMap<string, string>, row: Finding['row']): number[] {
  return [...columns]
    .filter(([name, type]) => /^(Nullable\()?DateTime/.test(type) && !name.startsWith('window_'))
    .map(([name]) => timeOf(String(row[name])));
}
