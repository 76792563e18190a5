import { resolve } from 'node:path';
import { z } from 'zod';
import { exit, usageError } from '../exit-codes.js';
import { askHistory, historyFolder } from '../history/history.program.js';
import { historySize, sizeText } from '../history/history.text.js';
import { plural, visible } from '../render.js';
import { parseVerb, type Verb } from '../verb.js';

const answer = z.object({
  store: z.string(),
  events: z.number(),
  added: z.number(),
  leftOut: z.number(),
  lines: z.array(z.object({ file: z.string(), line: z.number(), reason: z.string() })),
  history: historySize,
});

const text = { type: 'string' } as const;

export const ingest: Verb = {
  name: 'ingest',
  summary: 'load a history of events from files, for `score`',
  usage: `weir ingest FILE… [--store FOLDER] [--json]

Loads events (docs/ingest-format.md; one JSON object a line, as it is or as gzip; - is stdin) into a store of their own, a
folder: .weir-history beside the state directory, or what --store names. They never enter this gate's log nor its audit
record. More files, or the same ones, may follow: the same event counts once. Whatever ends it halfway, what was loaded
stays, and loading again goes on. No gate need run.
A malformed line is named by file, line and reason (the first 100 of them), and the rest loads.
Exit code 0: every line was loaded; 1: some were left out, the rest is loaded; 2: wrong usage or input.

examples:
  ./weir ingest events.ndjson
  zcat 2026-*.ndjson.gz | ./weir ingest - --store /data/history
  ./weir ingest events.ndjson && ./weir score labels.csv`,

  async run(args, cli) {
    const options = { store: text };
    const { values, positionals } = parseVerb(
      args,
      options,
      Array.from({ length: args.length }, () => 'file'),
    );
    if (positionals.length === 0) throw usageError('the file is missing (- is stdin)');
    const files = positionals.map((file) => (file === '-' ? file : resolve(cli.cwd, file)));
    const store = resolve(cli.cwd, values.store ?? historyFolder(cli));
    const loaded = answer.parse(await askHistory({ verb: 'ingest', files, store }, cli));
    cli.out(cli.json ? JSON.stringify(loaded) : shown(loaded));
    return loaded.leftOut === 0 ? exit.ok : exit.failed;
  },
};

function shown({ store, events, added, leftOut, history }: z.infer<typeof answer>): string {
  const before = events - added;
  const known = before > 0 ? `, ${before} were there before` : '';
  const left = leftOut > 0 ? `, ${plural(leftOut, 'malformed line')} left out` : '';
  const gap =
    leftOut > 0 && events > 0 ? '\nwhat a session lacks for that, `score` finds as a gap in its record' : '';
  return visible(`loaded ${plural(added, 'event')}${known}${left}${gap}\n${store} has ${sizeText(history)}`);
}
