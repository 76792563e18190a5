import { z } from 'zod';
import { exit, usageError, type ExitCode } from '../exit-codes.js';
import { bytes, table } from '../render.js';
import { ageOf } from '../since.js';
import { parseVerb, type Verb } from '../verb.js';

const proxySchema = z.looseObject({ name: z.string(), state: z.string(), age: z.number() });
const journalSchema = z.looseObject({
  proxy: z.string(),
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
  proxies: z.array(proxySchema),
  journals: z.array(journalSchema),
});
type Answer = z.infer<typeof answerSchema>;
type Journal = Answer['journals'][number];

export const journal: Verb = {
  name: 'journal',
  summary: 'what waits to be shipped to the event log, and for how long',
  usage: `weir journal [--max-age 30s|5m|1h] [--json]

Shows each journal of each proxy: its size and cap, what of it is not in the event log yet, since when, and whether its owner
lives. What other proxies than the one that answers say of theirs lies in the shared folder; "last word" is how old that is.
Needs the operator role.
Ends with 1 where a proxy is silent (not heard for 30 s) or stopped with events left: its journal must be shipped first.
--max-age: also where something waits longer than that.
A silent proxy whose state is lost for good: remove its file from journals/ in the shared folder (WEIR_SHARED, else WEIR_DATA).
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

function verdictOf({ proxies, journals }: Answer, limitMs: number, tell: (text: string) => void): ExitCode {
  const late = journals.filter(({ oldestUnshippedAge: age }) => (age ?? 0) * 1000 > limitMs);
  const gone = proxies.filter((each) => isGone(each, journals));
  for (const { proxy, name } of late) tell(`weir: ${proxy} ${name} holds events for longer than that`);
  for (const { name, state } of gone)
    tell(`weir: ${name} is ${state}, and what its journal holds is not shipped: start it on its WEIR_DATA`);
  return late.length + gone.length > 0 ? exit.failed : exit.ok;
}

/** Events may have come after the last word of one that ended without another. */
function isGone({ name, state }: Answer['proxies'][number], journals: readonly Journal[]): boolean {
  if (state === 'silent') return true;
  return state === 'stopped' && journals.some((each) => each.proxy === name && each.unshippedBytes > 0);
}

const heads = ['proxy', 'last word', 'journal', 'owner', 'segments', 'bytes', 'of cap', 'to ship', 'oldest'];

function shown({ mode, capBytes, proxies, journals }: Answer): string {
  const words = new Map(proxies.map((each) => [each.name, wordOf(each)]));
  const rows = journals.map((each) => [
    each.proxy,
    words.get(each.proxy),
    each.name,
    ownerOf(each),
    each.segments,
    bytes(each.bytes),
    `${((100 * each.bytes) / capBytes).toFixed(1)} %`,
    bytes(each.unshippedBytes),
    each.oldestUnshippedAge === null ? '-' : `${each.oldestUnshippedAge.toFixed(1)} s`,
  ]);
  const without = proxies.filter(({ name }) => journals.every(({ proxy }) => proxy !== name));
  for (const { name } of without) rows.push([name, words.get(name), 'none known']);
  const aside = journals.flatMap(({ proxy, name, damaged }) =>
    damaged.map((each) => `set aside, unreadable: ${proxy} ${name}/${each.file} (${bytes(each.bytes)})`),
  );
  return [`mode ${mode}, cap ${bytes(capBytes)}`, table(heads, rows), ...aside].join('\n');
}

function wordOf({ state, age }: Answer['proxies'][number]): string {
  if (state === 'live') return 'now';
  return state === 'heard' ? `${age.toFixed(1)} s ago` : `${state} ${age.toFixed(0)} s ago`;
}

function ownerOf({ owner: { state, pid } }: Journal): string {
  return pid === undefined ? state : `${state} (${pid})`;
}
