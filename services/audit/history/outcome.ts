import { alarmsOf, type Alarm, type Judged } from './alarms.js';
import type { Incident } from './incident.js';

/** Which findings count. */
export type Counts = (finding: Judged) => boolean;

/** As shipped. */
export const everyFinding: Counts = () => true;

/** What some findings come to. */
export interface Outcome {
  readonly findings: number;
  readonly alarms: number;
  /** Of each incident that was found, after how many milliseconds at the latest. */
  readonly found: ReadonlyMap<Incident, number>;
  readonly falseAlarms: readonly Alarm[];
}

/** Of one history. */
export interface Findings {
  readonly findings: readonly Judged[];
}

/** Alarms are of one history each: who has the same name in two of them is not the same. */
export function outcomeOf(histories: readonly Findings[], counts: Counts): Outcome {
  const found = new Map<Incident, number>();
  const raised = histories.map(({ findings }) => findings.filter(counts));
  for (const finding of raised.flat()) note(found, finding);
  const alarms = raised.flatMap(alarmsOf);
  const falseAlarms = alarms.filter(({ incidents }) => incidents.size === 0);
  return { findings: raised.flat().length, alarms: alarms.length, found, falseAlarms };
}

function note(found: Map<Incident, number>, { incidents, knownAt }: Judged): void {
  for (const incident of incidents) {
    const after = Math.max(0, knownAt - incident.from);
    found.set(incident, Math.min(found.get(incident) ?? Infinity, after));
  }
}
