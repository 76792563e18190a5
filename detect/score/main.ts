import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { headingOf } from './heading.js';
import { report } from './report.js';
import { pageWithScore } from './score.page.js';
import type { Fleet, SeedRun } from './seed.run.js';
import { runSeeds } from './seeds.run.js';

// `npm run detect:score [-- --quick | --agents 200 --weeks 8 --seeds 5 --incidents 30]`: what the shipped detectors find of
// simulated incidents.

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    ...{ agents: text, weeks: text, seeds: text, incidents: text, write: text, findings: text },
    quick: { type: 'boolean', default: false },
  },
});

const usual = values.quick
  ? { agents: 60, weeks: 5, seeds: 1, tuning: 1 }
  : { agents: 200, weeks: 8, seeds: 5, tuning: 3 };
const seeds = Number(values.seeds ?? usual.seeds);
const fleet: Fleet = {
  agents: Number(values.agents ?? usual.agents),
  weeks: Number(values.weeks ?? usual.weeks),
  incidents: Number(values.incidents ?? 30),
};
const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const commit = git('rev-parse', 'HEAD');
const isChanged = git('status', '--porcelain', '--', 'detect', 'detectors', 'libs', 'services') !== '';

const tuningCount = Math.max(1, Math.min(usual.tuning, seeds));
const numbered = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i + 1}`);
// All of them at once: no processor waits for the last of the first kind.
const all = await runSeeds([...numbered('tuning', tuningCount), ...numbered(commit, seeds)], fleet, say);
const [tuning, reporting] = [all.slice(0, tuningCount), all.slice(tuningCount)];
const heading = headingOf({ fleet, commit, isChanged, tuning, reporting });
const table = report({ heading, tuning, reporting });
console.log(`\n${table}`);
if (values.findings !== undefined) writeFileSync(values.findings, reporting.flatMap(findingLines).join(''));
if (values.write !== undefined) {
  writeFileSync(values.write, pageWithScore(readFileSync(values.write, 'utf8'), table));
  console.log(`written to ${values.write}`);
}
process.exit();

/** Of each finding what it said, and the incidents that it is about: who looks for what is false begins here. */
function findingLines({ seed, findings }: SeedRun): string[] {
  return findings.map(({ incidents, detector, severity, identity, evidence, windowStart }) => {
    const about = incidents.map(({ kind, form, magnitude }) => `${kind} ${form} ${magnitude}`);
    const time = new Date(windowStart).toISOString();
    return `${JSON.stringify({ seed, detector, severity, identity, time, evidence, about })}\n`;
  });
}

function say({ seed, events, incidents, findings, failures }: SeedRun, seconds: number): void {
  console.log(
    `seed ${seed}: ${events} events, ${incidents.length} incidents, ${findings.length} findings, ${seconds} s`,
  );
  for (const [id, message] of failures) console.log(`  ${id} failed: ${message}`);
}
