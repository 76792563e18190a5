import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runFiles } from './file.run.js';
import { report } from './report.js';
import type { Fleet, SeedRun } from './seed.run.js';
import { runSeeds } from './seeds.run.js';
import { pageWithScore } from './score.page.js';

// `npm run detect:score [-- --quick | --agents 200 --weeks 6 --seeds 7 | --events events.ndjson --labels labels.csv]`: what the
// shipped detectors find of simulated incidents, or of those in files.

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    ...{
      agents: text,
      weeks: text,
      seeds: text,
      incidents: text,
      write: text,
      findings: text,
      'hold-out': text,
      events: text,
      labels: text,
    },
    quick: { type: 'boolean', default: false },
  },
});

const usual = values.quick
  ? { agents: 60, weeks: 5, seeds: 1, tuning: 1 }
  : { agents: 200, weeks: 6, seeds: 7, tuning: 3 };
const seeds = Number(values.seeds ?? usual.seeds);
const fleet: Fleet = {
  agents: Number(values.agents ?? usual.agents),
  weeks: Number(values.weeks ?? usual.weeks),
  incidents: Number(values.incidents ?? 30),
};
const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();

const tuningNames = Array.from(
  { length: Math.max(1, Math.min(usual.tuning, seeds)) },
  (_, i) => `tuning-${i + 1}`,
);
const { events, labels } = values;
const files = events !== undefined && labels !== undefined ? { events, labels } : undefined;
// All of them at once: no processor waits for the last of the first kind.
const all = await runs([
  ...tuningNames,
  ...(files ? [] : Array.from({ length: seeds }, (_, i) => `${commit}-${i + 1}`)),
]);
const tuning = all.slice(0, tuningNames.length);
const reporting = files ? [await runFiles(files.events, files.labels)] : all.slice(tuningNames.length);
const history = events ?? `${seeds} reporting ${seeds === 1 ? 'seed' : 'seeds'} of ${fleet.agents} agents`;
const table = report({ commit, history, tuning, reporting, heldOut: values['hold-out'] });
console.log(`\n${table}`);
if (values.findings !== undefined) writeFileSync(values.findings, reporting.flatMap(findingLines).join(''));
if (values.write !== undefined) {
  writeFileSync(values.write, pageWithScore(readFileSync(values.write, 'utf8'), table));
  console.log(`written to ${values.write}`);
}
process.exit();

/** Of each finding what it said, and the incidents that it is about: who looks for what is false begins here. */
function findingLines({ seed, findings }: SeedRun): string[] {
  return findings.map(({ incidents, detector, score, identity, evidence, windowStart }) => {
    const about = incidents.map(({ kind, form, magnitude }) => `${kind} ${form} ${magnitude}`);
    const time = new Date(windowStart).toISOString();
    return `${JSON.stringify({ seed, detector, score, identity, time, evidence, about })}\n`;
  });
}

function runs(names: readonly string[]): Promise<SeedRun[]> {
  return runSeeds(names, fleet, ({ seed, events: count, incidents, findings, failures }, seconds) => {
    console.log(
      `seed ${seed}: ${count} events, ${incidents.length} incidents, ${findings.length} findings, ${seconds} s`,
    );
    for (const [id, message] of failures) console.log(`  ${id} failed: ${message}`);
  });
}
