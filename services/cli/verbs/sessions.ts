import { z } from 'zod';
import { exit, type ExitCode } from '../exit-codes.js';
import { table, type Room } from '../render.js';
import { timeOf } from '../since.js';
import { parseVerb, required, type Cli, type Verb } from '../verb.js';

const count = z.coerce.number();
const session = z.looseObject({
  sessionId: z.string(),
  identity: z.string(),
  connection: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullish(),
  statements: count,
  denied: count,
  held: count,
  rows: count,
});
const list = z.object({ sessions: z.array(session), next: z.string().nullish() });
const ended = z.object({ id: z.string(), status: z.literal('accepted') });

/** Each is a parameter of GET /sessions. */
const filters = ['identity', 'connection', 'table', 'class', 'decision', 'cursor', 'limit'] as const;
const text = { type: 'string' } as const;

export const sessions: Verb = {
  name: 'sessions',
  summary: 'recorded sessions, newest first; end one',
  usage: `weir sessions [--since 1h|2026-01-31|2026-01-31T10:00:00Z] [--until …] [--identity ID]
    [--connection NAME] [--table TABLE] [--class CLASS] [--decision allow|deny|hold] [--limit N] [--cursor NEXT]
weir sessions end ID --reason TEXT

Lists sessions with who, where, how many statements, and how many of those were denied or held. Times are UTC.
--since, --until: an age (30m, 1h, 7d) or a time. --table: \`schema.table\` or a bare name; --class: a class of values
that were masked; --decision with --table: of a statement that names it. Needs the auditor or security role.
end: what it runs is cancelled; its client gets 57P01 with the reason. Needs the security role.

examples:
  ./weir sessions --since 1h
  ./weir sessions --table public.customers --decision deny
  ./weir sessions end ses_01k9… --reason "wrong database"
  ./weir replay $(./weir sessions --limit 1 --json | jq -r '.sessions[0].sessionId')`,

  run: ([first, ...rest], cli) =>
    first === 'end' ? end(rest, cli) : listAll(first === undefined ? [] : [first, ...rest], cli),
};

async function listAll(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const options = Object.fromEntries(['since', 'until', ...filters].map((name) => [name, text]));
  const values = parseVerb(args, options).values as Readonly<Record<string, string | undefined>>;
  const query = {
    ...values,
    since: timeOf('since', values['since'], cli),
    until: timeOf('until', values['until'], cli),
  };
  const answer = await cli.api('auditor').json(list, 'GET', '/sessions', { query });
  if (cli.json) cli.out(JSON.stringify(answer));
  else if (answer.sessions.length === 0) cli.out('no sessions');
  else cli.out(shown(answer, cli));
  return exit.ok;
}

const heads = ['session', 'started', 'ended', 'who', 'where', 'statements', 'denied', 'held', 'rows'];

function shown({ sessions: found, next }: z.infer<typeof list>, room: Room): string {
  const rows = found.map((each) => [
    each.sessionId,
    short(each.startedAt),
    each.endedAt ? short(each.endedAt) : 'open',
    each.identity,
    each.connection,
    each.statements,
    each.denied,
    each.held,
    each.rows,
  ]);
  return table(heads, rows, room) + (next ? `\nmore: --cursor ${next}` : '');
}

async function end(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const { values, positionals } = parseVerb(args, { reason: text }, ['id']);
  const id = required(positionals[0], 'the id');
  const reason = required(values.reason, '--reason');
  const path = `/sessions/${encodeURIComponent(id)}`;
  const answer = await cli.api('security').json(ended, 'DELETE', path, { body: { reason } });
  cli.out(cli.json ? JSON.stringify(answer) : `asked to end ${id}`);
  return exit.ok;
}

/** `2026-01-31 14:03:21`. */
function short(time: string): string {
  return time.replace('T', ' ').slice(0, 19);
}
