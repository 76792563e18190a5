import { Counts, Readings, Spread } from '#platform';
import type { ShelvedFile } from './detectors.published.js';

export const failures = new Counts({
  ...{ name: 'weir_detector_failures_total', labels: ['detector'] },
  help: 'Times that a detector did not answer',
});
export const cuts = new Counts({
  ...{ name: 'weir_detector_cut_total', labels: ['detector'] },
  help: 'Answers for an hour (or day) of which not all findings were taken',
});
export const waiting = new Readings({
  ...{ name: 'weir_detector_unanswered', labels: ['detector'] },
  help: "Hours (or days) that a detector did not answer for and is asked for again, or that a house's own is still to be asked for",
});
export const files = new Readings({
  ...{ name: 'weir_detectors', labels: ['state'] },
  help: 'Detectors that run, and files that are refused',
});
export const up = new Readings({
  name: 'weir_detection_up',
  help: 'Whether the last round of detection did not fail',
});
export const raised = new Counts({
  ...{ name: 'weir_findings_total', labels: ['detector'] },
  help: 'Findings that were raised',
});
export const rounds = new Spread(
  { name: 'weir_detection_round_seconds', help: 'From a look at what is new until its findings were raised' },
  [0.03, 0.1, 0.3, 1, 3, 10, 30],
);

/** None yet, or where another process detects. */
export function countsOf(shelved: readonly ShelvedFile[]): [string[], number][] {
  const running = shelved.filter(({ detector }) => detector !== undefined).length;
  return [
    [['running'], running],
    [['refused'], shelved.filter(({ refused }) => refused !== '').length],
  ];
}

/** From the first look on there is a number of each. */
export function count(ids: readonly string[]): void {
  for (const id of ids) for (const counts of [failures, cuts, raised]) counts.of(id);
}
