import { z } from 'zod';
import { exit, type ExitCode } from '../exit-codes.js';
import { table } from '../render.js';
import { chosen, parseVerb, required, type Cli, type Verb } from '../verb.js';

const standing = z.object({
  identity: z.string(),
  level: z.string(),
  reason: z.string(),
  by: z.string(),
  findingId: z.string(),
  since: z.string(),
});
const list = z.object({ quarantines: z.array(standing) });
const accepted = z.object({ id: z.string(), status: z.literal('accepted') });
const lifted = z.object({ identity: z.string(), status: z.literal('lifted') });
const levels = ['watch', 'approve', 'nothing_sensitive', 'blocked'];
const text = { type: 'string' } as const;

export const quarantine: Verb = {
  name: 'quarantine',
  summary: 'how the gate treats an identity until a person lifts it; without an ID, those that stand',
  usage: `weir quarantine
weir quarantine ID --level watch|approve|nothing_sensitive|blocked --reason TEXT [--finding ID] [--unseen]
weir quarantine lift ID --reason TEXT

From that second on, on open sessions too, and for whoever acts in its name:
  watch              context.risk is at least "watch"
  approve            a person decides each statement
  nothing_sensitive  what touches masked or classified columns is refused
  blocked            sessions end, and none is opened
Who is blocked reads the reason. ID: as the record has it, issuer:subject; one that
it has nothing of is refused as misspelt, unless --unseen says that it is meant, ahead of its first session. Setting and lifting need the security role, the
list that or the auditor's; nobody lifts a quarantine of their own.

examples:
  ./weir quarantine corp:report-bot --level approve --finding fnd_01ab… --reason "reads tables it never read"
  ./weir quarantine lift corp:report-bot --reason "a new report, its team has confirmed it"`,

  run: ([first, ...rest], cli) => {
    if (first === 'lift') return lift(rest, cli);
    return first === undefined ? listAll(cli) : set([first, ...rest], cli);
  },
};

async function listAll(cli: Cli): Promise<ExitCode> {
  const answer = await cli.api('security').json(list, 'GET', '/quarantines');
  const { quarantines } = answer;
  const heads = ['who', 'level', 'since (UTC)', 'by', 'reason'];
  const rows = quarantines.map((q) => [
    q.identity,
    q.level,
    q.since.replace('T', ' ').slice(0, 19),
    q.by,
    q.reason,
  ]);
  if (cli.json) cli.out(JSON.stringify(answer));
  else cli.out(rows.length === 0 ? 'nobody is in quarantine' : table(heads, rows, cli));
  return exit.ok;
}

async function set(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const options = { level: text, reason: text, finding: text, unseen: { type: 'boolean' } } as const;
  const { values, positionals } = parseVerb(args, options, ['id']);
  const id = required(positionals[0], 'the identity');
  const body = {
    level: chosen(values.level, '--level', levels),
    reason: required(values.reason, '--reason'),
    ...(values.finding === undefined ? {} : { findingId: values.finding }),
    ...(values.unseen === true ? { unseen: true } : {}),
  };
  const answer = await cli.api('security').json(z.union([standing, accepted]), 'POST', pathOf(id), { body });
  const said = 'level' in answer ? `${id} is in quarantine: ${answer.level}` : `recorded; ${id} follows`;
  cli.out(cli.json ? JSON.stringify(answer) : said);
  return exit.ok;
}

async function lift(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const { values, positionals } = parseVerb(args, { reason: text }, ['id']);
  const id = required(positionals[0], 'the identity');
  const body = { reason: required(values.reason, '--reason') };
  const answer = await cli.api('security').json(z.union([lifted, accepted]), 'DELETE', pathOf(id), { body });
  cli.out(cli.json ? JSON.stringify(answer) : `the quarantine of ${id} is lifted`);
  return exit.ok;
}

const pathOf = (id: string): string => `/identities/${encodeURIComponent(id)}/quarantine`;
