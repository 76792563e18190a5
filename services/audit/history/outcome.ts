import { alarmsOf, type Alarm, type Judged } from './alarms.js';
import type { Incident } from './incident.js';

/** By detector, the least score with which a finding raises an alarm; of those that are not in it none does. */
export type Cutoffs = ReadonlyMap<string, number>;

/** What some cutoffs come to. */
export interface Outcome {
  /** Of each incident that was found, after how many milliseconds at the latest. */
  readonly found: ReadonlyMap<Incident, number>;
  readonly falseAlarms: readonly Alarm[];
}

/** Of one history. */
export interface Findings {
  readonly findings: readonly Judged[];
}

export function outcomeOf(runs: readonly Findings[], cutoffs: Cutoffs): Outcome {
  const found = new Map<Incident, number>();
  const falseAlarms: Alarm[] = [];
  for (const { findings } of runs) {
    const raised = findings.filter(({ detector, score }) => score >= (cutoffs.get(detector) ?? Infinity));
    for (const finding of raised) note(found, finding);
    falseAlarms.push(...alarmsOf(raised).filter(({ incidents }) => incidents.size === 0));
  }
  return { found, falseAlarms };
}

function note(found: Map<Incident, number>, { incidents, knownAt }: Judged): void {
  for (const incident of incidents) {
    const after = Math.max(0, knownAt - incident.from);
    found.set(incident, Math.min(found.get(incident) ?? Infinity, after));
  }
}

export const agentWeeksOf = (runs: readonly { readonly agentWeeks: number }[]): number =>
  runs.reduce((sum, { agentWeeks }) => sum + agentWeeks, 0);
