import { incidentGapMs, severities, type Finding, type Severity } from './finding.js';

/** Findings of one identity whose windows are at most six hours apart. */
export interface Incident {
  /** The id of its first finding, by its window. */
  readonly id: string;
  readonly identity: string;
  readonly from: number;
  readonly to: number;
  /** The worst of them, false alarms apart; of nothing but false alarms the worst of all. */
  readonly severity: Severity;
  readonly findings: readonly Finding[];
}

type Windowed = Pick<Finding, 'id' | 'windowStart' | 'windowEnd'>;

/** Of one identity, in the order of time. In whatever order findings came, the same incidents; the view of the store has them too. */
export function incidentsOf(findings: readonly Finding[]): Incident[] {
  return grouped(findings).map((group) => incidentOf(group));
}

/** Each group in the order of its windows. */
function grouped<F extends Windowed>(findings: readonly F[]): F[][] {
  const sorted = findings.toSorted((a, b) => a.windowStart - b.windowStart || (a.id < b.id ? -1 : 1));
  const groups: F[][] = [];
  let end = -Infinity;
  for (const finding of sorted) {
    if (finding.windowStart - end > incidentGapMs) groups.push([]);
    groups.at(-1)!.push(finding);
    end = Math.max(end, finding.windowEnd);
  }
  return groups;
}

function incidentOf(findings: readonly Finding[]): Incident {
  const [first] = findings;
  const real = findings.filter(({ state }) => state !== 'false_alarm');
  const worst = (real.length > 0 ? real : findings).map(({ severity }) => severities.indexOf(severity));
  return {
    ...{ id: first!.id, identity: first!.identity, from: first!.windowStart, findings },
    to: Math.max(...findings.map(({ windowEnd }) => windowEnd)),
    severity: severities[Math.max(...worst)]!,
  };
}
