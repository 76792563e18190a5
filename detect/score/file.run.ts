import { readFileSync } from 'node:fs';
import { eventsOf } from '../../services/audit/history/event.lines.js';
import { labelsOf } from '../../services/audit/history/label.lines.js';
import { linesOf } from '../../services/audit/history/text.lines.js';
import { runHistory, type SeedRun } from './seed.run.js';

/** A history and its labels from files; what is malformed is said, and left out. */
export async function runFiles(events: string, labels: string): Promise<SeedRun> {
  const say = (file: string) => (line: number, reason: string) =>
    console.error(`${file}:${line}: left out: ${reason}`);
  const incidents = labelsOf(readFileSync(labels, 'utf8'), say(labels)).map(({ incident }) => incident);
  return runHistory(events, eventsOf(linesOf(events), say(events)), () => incidents);
}
