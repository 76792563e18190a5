import { z } from 'zod';
import { exit, type ExitCode } from '../exit-codes.js';
import { inline, table, type Room } from '../render.js';
import { timeOf } from '../since.js';
import { chosen, parseVerb, required, type Cli, type Verb } from '../verb.js';

const finding = z.looseObject({
  id: z.string(),
  severity: z.string(),
  state: z.string(),
  identity: z.string(),
  detector: z.string(),
  title: z.string(),
  evidence: z.string(),
  connection: z.string(),
  subject: z.string(),
  windowStart: z.string(),
  windowEnd: z.string(),
  technique: z.string(),
  risk: z.string(),
  riskUntil: z.string(),
  raisedAt: z.string(),
  quarantine: z.string(),
  incident: z.string(),
  sessionIds: z.array(z.string()),
  stateReason: z.string(),
  stateBy: z.string(),
});
type Finding = z.infer<typeof finding>;
const list = z.object({ findings: z.array(finding), next: z.string().nullable() });
const ocsfList = z.object({ findings: z.array(z.looseObject({})), next: z.string().nullable() });
const accepted = z.object({ id: z.string(), status: z.literal('accepted') });

/** Each is a parameter of GET /findings. */
const filters = ['state', 'severity', 'identity', 'detector', 'incident', 'cursor', 'limit'] as const;
const states = ['open', 'acknowledged', 'false_alarm'];
const text = { type: 'string' } as const;

export const findings: Verb = {
  name: 'findings',
  summary: 'what detectors found, newest first; say what one is',
  usage: `weir findings [ID] [--state open|acknowledged|false_alarm] [--severity low|medium|high|critical] [--identity ID]
    [--detector NAME] [--incident ID] [--since 1h|2026-01-31T10:00:00Z] [--until …] [--limit N] [--cursor NEXT] [--ocsf]
weir findings ack ID --state open|acknowledged|false_alarm --reason TEXT

Lists findings; with an ID: that one, with its evidence and sessions. --since, --until: by the window that it is about.
--ocsf: one JSON object a line, as the Open Cybersecurity Schema Framework has it. Needs the security or auditor role.
ack: a false alarm counts no longer, neither for its identity's risk nor for the quarantine that its rule set. Needs the
security role; nobody says it of a finding about themselves. While its window is not over, more of the same is this finding,
and raises nothing: then that is said, with the window's end.

examples:
  ./weir findings --state open --since 24h
  ./weir findings --ocsf --since 1h | curl --data-binary @- https://siem.example/ingest
  ./weir findings ack fnd_01ab… --state false_alarm --reason "the quarter's export, ticket 4711"`,

  run: ([first, ...rest], cli) =>
    first === 'ack' ? ack(rest, cli) : show(first === undefined ? [] : [first, ...rest], cli),
};

async function show(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const options = Object.fromEntries(['since', 'until', ...filters].map((name) => [name, text]));
  const { values, positionals } = parseVerb(args, { ...options, ocsf: { type: 'boolean' } }, ['id']);
  const [id] = positionals;
  const isOcsf = values['ocsf'] === true;
  if (id !== undefined) return showOne(id, isOcsf, cli);
  const named = values as Readonly<Record<string, string | undefined>>;
  const query = {
    ...Object.fromEntries(filters.map((name) => [name, named[name]])),
    from: timeOf('since', named['since'], cli),
    to: timeOf('until', named['until'], cli),
  };
  return isOcsf ? listOcsf(query, cli) : listAll(query, cli);
}

type Query = Readonly<Record<string, string | undefined>>;

async function listAll(query: Query, cli: Cli): Promise<ExitCode> {
  const answer = await cli.api('security').json(list, 'GET', '/findings', { query });
  if (cli.json) cli.out(JSON.stringify(answer));
  else if (answer.findings.length === 0) cli.out('no findings');
  else cli.out(shown(answer, cli));
  return exit.ok;
}

/** All pages, unless one was asked for: who reads it is a program. */
async function listOcsf(query: Query, cli: Cli): Promise<ExitCode> {
  const api = cli.api('security');
  for (let cursor = query['cursor']; ;) {
    const asked = { ...query, cursor, format: 'ocsf' };
    const { findings: found, next } = await api.json(ocsfList, 'GET', '/findings', { query: asked });
    for (const each of found) cli.out(JSON.stringify(each));
    if (next === null || query['limit'] !== undefined) return exit.ok;
    cursor = next;
  }
}

async function showOne(id: string, isOcsf: boolean, cli: Cli): Promise<ExitCode> {
  const query = isOcsf ? { format: 'ocsf' } : {};
  const answer = await oneOf(id, isOcsf ? z.looseObject({}) : finding, query, cli);
  cli.out(cli.json || isOcsf ? JSON.stringify(answer) : described(finding.parse(answer), cli));
  return exit.ok;
}

function oneOf<T>(id: string, schema: z.ZodType<T>, query: Query, cli: Cli): Promise<T> {
  return cli.api('security').json(schema, 'GET', `/findings/${encodeURIComponent(id)}`, { query });
}

async function ack(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const { values, positionals } = parseVerb(args, { state: text, reason: text }, ['id']);
  const id = required(positionals[0], 'the id');
  const body = {
    state: chosen(values.state, '--state', states),
    reason: required(values.reason, '--reason'),
  };
  const path = `/findings/${encodeURIComponent(id)}/ack`;
  const answer = await cli.api('security').json(z.union([finding, accepted]), 'POST', path, { body });
  const follows = 'severity' in answer ? '' : '; recorded, the list follows';
  cli.out(cli.json ? JSON.stringify(answer) : `${id} is ${body.state.replace('_', ' ')}${follows}`);
  if (cli.json || body.state !== 'false_alarm') return exit.ok;
  // What was said stands, whether or not its window can be told.
  const one = 'severity' in answer ? answer : await oneOf(id, finding, {}, cli).catch(() => undefined);
  const more = one && moreOf(one, cli);
  if (more !== undefined) cli.out(more);
  return exit.ok;
}

/** Undefined: its window is over. */
function moreOf({ windowEnd }: Finding, { now }: Cli): string | undefined {
  if (Date.parse(windowEnd) <= now()) return undefined;
  const until = `its window lasts until ${short(windowEnd)} UTC`;
  return `${until}: more of the same until then is this finding, and raises nothing`;
}

const heads = ['finding', 'raised (UTC)', 'severity', 'state', 'who', 'what', 'evidence'];

function shown({ findings: found, next }: z.infer<typeof list>, room: Room): string {
  const rows = found.map((each) => [
    each.id,
    short(each.raisedAt),
    each.severity,
    each.state.replace('_', ' '),
    each.identity || 'nobody',
    each.title,
    each.evidence,
  ]);
  return table(heads, rows, room) + (next === null ? '' : `\nmore: --cursor ${next}`);
}

function described(each: Finding, cli: Cli): string {
  const said = each.stateBy === '' ? '' : ` (${each.stateBy}: ${each.stateReason})`;
  const over = each.state === 'false_alarm' ? '; as a false alarm it counts no longer' : '';
  const lines: [string, string][] = [
    ['what', `${each.title} (${each.detector}, ${each.severity}, ${each.technique || 'no technique'})`],
    ['who', each.identity || 'nobody'],
    ['where', [each.connection, each.subject].filter((part) => part !== '').join(', ')],
    ['when', `${short(each.windowStart)} to ${short(each.windowEnd)} UTC`],
    ['', moreOf(each, cli) ?? ''],
    ['raised', `${short(each.raisedAt)} UTC`],
    ['evidence', each.evidence],
    ['risk', each.risk === 'none' ? 'none' : `${each.risk} until ${short(each.riskUntil)} UTC${over}`],
    ['sets', each.quarantine === '' ? '' : `quarantine ${each.quarantine}${over}`],
    ['state', `${each.state.replace('_', ' ')}${said}`],
    ['incident', each.incident],
    ...each.sessionIds.map((id, i): [string, string] => [i === 0 ? 'replay' : '', `./weir replay ${id}`]),
  ];
  const shownLines = lines.filter(([, value]) => value !== '');
  return [each.id, ...shownLines.map(([name, value]) => `  ${name.padEnd(9)} ${inline(value)}`)].join('\n');
}

/** `2026-01-31 14:03:21`. */
function short(time: string): string {
  return time.replace('T', ' ').slice(0, 19);
}
