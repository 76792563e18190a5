import { z } from 'zod';
import { exit, usageError, type ExitCode } from '../exit-codes.js';
import { bytes, table } from '../render.js';
import { ageOf } from '../since.js';
import { parseVerb, type Verb } from '../verb.js';

const journalSchema = z.looseObject({
  name: z.string(),
  bytes: z.number(),
  segments: z.number(),
  unshippedBytes: z.number(),
  oldestUnshippedAge: z.number().nullable(),
  owner: z.looseObject({ state: z.string(), pid: z.number().optional() }),
  damaged: z.array(z.looseObject({ file: z.string(), bytes: z.number() })),
});
const answerSchema = z.looseObject({
  mode: z.string(),
  capBytes: z.number(),
  journals: z.array(journalSchema),
});
type Answer = z.infer<typeof answerSchema>;
type Journal = Answer['journals'][number];

export const journal: Verb = {
  name: 'journal',
  summary: 'what waits to be shipped to the event log, and for how long',
  usage: `weir journal [--max-age 30s|5m|1h] [--json]

Shows each journal of the data plane (one a process): its size and cap, what of it is not in the event log yet, since when,
and whether its owner lives. Needs the operator role.
--max-age: ends with 1 where something waits longer than that.
Segments that could not be read are set aside below the state directory; they are named here until you remove them.

examples:
  ./weir journal
  ./weir journal --max-age 5m > /dev/null || echo "the event log is not taking events"`,

  run: async (args, cli) => {
    const { values } = parseVerb(args, { 'max-age': { type: 'string' } });
    const maxAge = values['max-age'];
    const limit = maxAge === undefined ? Infinity : ageOf(maxAge);
    if (limit === undefined) throw usageError(`--max-age ${maxAge}: expected an age (30s, 5m, 1h)`);
    const answer = await cli.api('operator').json(answerSchema, 'GET', '/journal');
    cli.out(cli.json ? JSON.stringify(answer) : shown(answer));
    return verdictOf(answer, limit, cli.err);
  },
};

function verdictOf({ journals }: Answer, limitMs: number, tell: (text: string) => void): ExitCode {
  const late = journals.filter(({ oldestUnshippedAge: age }) => (age ?? 0) * 1000 > limitMs);
  for (const { name } of late) tell(`weir: ${name} holds events for longer than that`);
  return late.length > 0 ? exit.failed : exit.ok;
}

const heads = ['journal', 'owner', 'segments', 'bytes', 'of cap', 'to ship', 'oldest'];

function shown({ mode, capBytes, journals }: Answer): string {
  if (journals.length === 0) return 'no journals';
  const rows = journals.map((each) => [
    each.name,
    ownerOf(each),
    each.segments,
    bytes(each.bytes),
    `${((100 * each.bytes) / capBytes).toFixed(1)} %`,
    bytes(each.unshippedBytes),
    each.oldestUnshippedAge === null ? '-' : `${each.oldestUnshippedAge.toFixed(1)} s`,
  ]);
  const aside = journals.flatMap(({ name, damaged }) =>
    damaged.map((each) => `set aside, unreadable: ${name}/${each.file} (${bytes(each.bytes)})`),
  );
  return [`mode ${mode}, cap ${bytes(capBytes)}`, table(heads, rows), ...aside].join('\n');
}

function ownerOf({ owner: { state, pid } }: Journal): string {
  return pid === undefined ? state : `${state} (${pid})`;
}
