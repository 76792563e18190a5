import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { eventsOf } from './event.lines.js';
import { labelsOf } from './label.lines.js';
import { runHistory, type SeedRun } from './seed.run.js';

/** A history and its labels from files; what is malformed is said, and left out. */
export async function runFiles(events: string, labels: string): Promise<SeedRun> {
  const say = (file: string) => (line: number, reason: string) =>
    console.error(`${file}:${line}: left out: ${reason}`);
  const incidents = labelsOf(readFileSync(labels, 'utf8'), say(labels));
  return runHistory(events, eventsOf(linesOf(events), say(events)), () => incidents);
}

/** Opened when the first line is asked for: what an interface reads before that is lost. */
async function* linesOf(path: string): AsyncGenerator<string> {
  yield* createInterface({ input: createReadStream(path), crlfDelay: Infinity });
}
