import { readFileSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import { z } from 'zod';
import { CliError, exit, usageError, type ExitCode } from '../exit-codes.js';
import { inline, table } from '../render.js';
import { parseVerb, required, type Cli, type Verb } from '../verb.js';

const connection = z.looseObject({
  name: z.string(),
  protocol: z.string(),
  host: z.string(),
  port: z.number(),
  database: z.string(),
  user: z.string(),
  tls: z.string(),
  owner: z.string(),
  registeredBy: z.string(),
});
const list = z.object({ connections: z.array(connection) });
const checked = z.discriminatedUnion('reached', [
  z.object({ reached: z.literal(true), server: z.string(), tls: z.boolean() }),
  z.object({ reached: z.literal(false), code: z.string(), reason: z.string(), hint: z.string() }),
]);
type Checked = z.infer<typeof checked>;

const addOptions = {
  host: { type: 'string' },
  port: { type: 'string' },
  database: { type: 'string' },
  user: { type: 'string' },
  'password-file': { type: 'string' },
  'password-env': { type: 'string' },
  'password-stdin': { type: 'boolean' },
  tls: { type: 'string' },
  'tls-ca': { type: 'string' },
  owner: { type: 'string' },
  'allow-privileged': { type: 'boolean' },
  change: { type: 'string' },
} as const;

type AddValues = ReturnType<typeof parseVerb<typeof addOptions>>['values'];

export const connections: Verb = {
  name: 'connections',
  summary: 'list, add, try or remove the databases behind the gate',
  usage: `weir connections [list]
weir connections add NAME --host HOST --database DATABASE --user USER [--port 5432]
    [--password-file FILE | --password-env NAME | --password-stdin]
    [--tls disable|require|verify-full] [--tls-ca PATH] [--owner TEAM] [--allow-privileged]
    [--change REFERENCE]
weir connections check NAME
weir connections remove NAME [--change REFERENCE]

The password goes to the gate, which keeps it; clients of the gate never see it. --tls-ca is a path on the
gate's machine. What was added is tried once: whatever comes of it, it stays added. check: the gate logs in once;
exit code 1 if it can't. --change names the commit or ticket: without one,
what changes here is a finding. Needs the operator role.

examples:
  ./weir connections add orders --host 10.0.0.5 --database orders --user svc_orders --password-env ORDERS_PW
  ./weir connections --json | jq -r '.connections[].name'`,

  async run([verb = 'list', ...args], cli) {
    if (verb === 'list') return listAll(args, cli);
    if (verb === 'add') return add(args, cli);
    if (verb === 'check') return check(args, cli);
    if (verb === 'remove') return remove(args, cli);
    throw usageError(`connections has no ${verb}`);
  },
};

async function listAll(args: readonly string[], cli: Cli): Promise<ExitCode> {
  parseVerb(args, {});
  const answer = await cli.api('operator').json(list, 'GET', '/connections');
  if (cli.json) cli.out(JSON.stringify(answer));
  else if (answer.connections.length === 0) cli.out('no connections; add one: weir connections add --help');
  else {
    const rows = answer.connections.map((each) => [
      each.name,
      each.protocol,
      `${each.host}:${each.port}/${each.database}`,
      each.user,
      each.tls,
      each.owner,
      each.registeredBy,
    ]);
    cli.out(table(['name', 'protocol', 'target', 'user', 'tls', 'owner', 'set by'], rows, cli));
  }
  return exit.ok;
}

async function add(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const { values, positionals } = parseVerb(args, addOptions, ['name']);
  const name = required(positionals[0], 'the name');
  const body = {
    name,
    protocol: 'postgres',
    host: required(values.host, '--host'),
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    database: required(values.database, '--database'),
    user: required(values.user, '--user'),
    password: await passwordOf(values, cli),
    ...(values.tls === undefined ? {} : { tls: values.tls }),
    ...(values['tls-ca'] === undefined ? {} : { tlsCa: values['tls-ca'] }),
    ...(values.owner === undefined ? {} : { owner: values.owner }),
    ...(values['allow-privileged'] ? { allowPrivileged: true } : {}),
    ...(values.change === undefined ? {} : { changeReference: values.change }),
  };
  const answer = await cli.api('operator').json(z.looseObject({}), 'POST', '/connections', { body });
  if (!cli.json)
    cli.out(`added ${name}; what to mask: ./weir classify ${name}; use it: ./weir connect ${name}`);
  const tried = await tryOnce(name, cli).catch(untried);
  if (cli.json) cli.out(JSON.stringify({ ...answer, check: tried }));
  else if (tried.reached) cli.out(reached(tried));
  else cli.err(`warning: not reached: ${missed(tried)}\nagain: ./weir connections check ${name}`);
  return exit.ok;
}

async function check(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const name = required(parseVerb(args, {}, ['name']).positionals[0], 'the name');
  const tried = await tryOnce(name, cli);
  if (cli.json) cli.out(JSON.stringify(tried));
  else if (tried.reached) cli.out(reached(tried));
  else cli.err(`not reached: ${missed(tried)}`);
  return tried.reached ? exit.ok : exit.failed;
}

function tryOnce(name: string, cli: Cli): Promise<Checked> {
  return cli.api('operator').json(checked, 'POST', `/connections/${encodeURIComponent(name)}/check`);
}

/** It is added all the same. */
function untried(error: unknown): Checked {
  if (!(error instanceof CliError)) throw error;
  return { reached: false, code: error.code, reason: error.message, hint: error.hint ?? '' };
}

const reached = ({ server, tls }: Extract<Checked, { reached: true }>): string =>
  `reached: ${inline(server)}${tls ? ', with TLS' : ', without TLS'}`;

const missed = ({ reason, hint }: Extract<Checked, { reached: false }>): string =>
  inline(reason) + (hint === '' ? '' : `\n      ${inline(hint)}`);

/** Never on the command line, where every process of the machine could read it. */
async function passwordOf(values: AddValues, cli: Cli): Promise<string> {
  const given = [values['password-file'], values['password-env'], values['password-stdin']];
  if (given.filter(Boolean).length > 1) throw usageError('give the password once');
  if (values['password-file']) return readPassword(values['password-file']);
  if (values['password-env']) return required(cli.env[values['password-env']], values['password-env']);
  if (!values['password-stdin']) return '';
  return (await readAll(cli.stdin)).replace(/\r?\n$/, '');
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch {
    throw usageError(`${file} cannot be read`);
  }
}

async function remove(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const { values, positionals } = parseVerb(args, { change: { type: 'string' } }, ['name']);
  const name = required(positionals[0], 'the name');
  const query = { changeReference: values.change };
  const path = `/connections/${encodeURIComponent(name)}`;
  const answer = await cli.api('operator').json(z.unknown(), 'DELETE', path, { query });
  cli.out(cli.json ? JSON.stringify(answer) : `removed ${inline(name)}`);
  return exit.ok;
}
