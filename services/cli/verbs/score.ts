import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exit, usageError } from '../exit-codes.js';
import { askHistory, historyFolder } from '../history/history.program.js';
import { scoreAnswer, type ScoreAnswer } from '../history/score.schema.js';
import { scoreText } from '../history/score.text.js';
import { inline } from '../render.js';
import { parseVerb, type Cli, type Verb } from '../verb.js';

const text = { type: 'string' } as const;

export const score: Verb = {
  name: 'score',
  summary: 'what the detectors would have found in a history that `ingest` loaded',
  usage: `weir score [LABELS] [--store FOLDER] [--config weir.yaml] [--detectors FOLDER] [--learn DAYS] [--json]

Runs the shipped detectors, and those of detection.detectors in weir.yaml, over what \`weir ingest\` loaded, each day with
what was known before it, and compares what they find with LABELS (labels.csv, docs/ingest-format.md): recall by kind and
magnitude, false alarms per 100 agents per week, precision, time to detection, each detector by itself. Every finding
counts, as in a running house: nothing is tuned on the history. Without LABELS: a table of the findings. No gate need run.
--config: whose calendar, honeytokens and detectors count; default: WEIR_CONFIG, else weir.yaml here, else none.
--detectors: a folder of detectors instead, to see how a draft would have done.
--learn: the first days, which are learned from and not measured (14).
A malformed label, one of an identity that the history does not know, and a second one of an id are named by file and line
and left out.
Exit code 0: all of it counts; 1: labels were left out, or a detector was refused or failed (the others are measured);
2: wrong usage or input; 4: nothing was loaded yet.

examples:
  ./weir score labels.csv
  ./weir score --json | jq '.findings[] | select(.detector == "night-copy")'
  ./weir score labels.csv --detectors drafts/`,

  async run(args, cli) {
    const options = { store: text, config: text, detectors: text, learn: text };
    const { values, positionals } = parseVerb(args, options, ['labels']);
    const request = {
      verb: 'score',
      store: resolve(cli.cwd, values.store ?? historyFolder(cli)),
      labels: pathOf(positionals[0], cli),
      config: values.config === undefined ? houseConfig(cli) : expected(values.config, cli),
      detectors: values.detectors === undefined ? undefined : expected(values.detectors, cli),
      learnDays: daysOf(values.learn),
    };
    const answer = scoreAnswer.parse(await askHistory(request, cli));
    cli.out(cli.json ? JSON.stringify(answer) : scoreText(answer, cli.width));
    return verdict(answer, cli);
  },
};

/** What keeps the numbers from being those of all that was asked for. */
function verdict({ detectors: { refused, failed }, labels }: ScoreAnswer, cli: Cli) {
  for (const { file, reason } of refused)
    cli.err(`weir: detector ${inline(file)} is refused: ${inline(reason)}`);
  for (const { id, reason } of failed) cli.err(`weir: detector ${id} does not answer: ${inline(reason)}`);
  const isWhole = refused.length + failed.length + (labels?.leftOut ?? 0) === 0;
  return isWhole ? exit.ok : exit.failed;
}

const pathOf = (given: string | undefined, { cwd }: Cli) => given && resolve(cwd, given);

function expected(given: string, { cwd }: Cli): string {
  const path = resolve(cwd, given);
  if (!existsSync(path)) throw usageError(`${given} does not exist`);
  return path;
}

function houseConfig({ cwd, env }: Cli): string | undefined {
  const path = env['WEIR_CONFIG'] ? resolve(cwd, env['WEIR_CONFIG']) : join(cwd, 'weir.yaml');
  return existsSync(path) ? path : undefined;
}

function daysOf(given: string | undefined): number {
  const days = Number(given ?? 14);
  if (!/^\d{0,3}$/.test(given ?? '') || given === '')
    throw usageError(`--learn ${given}: expected days, such as 14`);
  return days;
}
