import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ApiClient } from './api.client.js';
import { CliError, exit, exitCodesHelp, type ExitCode } from './exit-codes.js';
import { expectGateUrl } from './gate.fetch.js';
import { visible } from './render.js';
import { TokenSource } from './token.source.js';
import type { Cli, Speaker, Verb } from './verb.js';
import { approvals } from './verbs/approvals.js';
import { approve, deny } from './verbs/decide.js';
import { classify } from './verbs/classify.js';
import { connect } from './verbs/connect.js';
import { connections } from './verbs/connections.js';
import { detectors } from './verbs/detectors.js';
import { exportBundle } from './verbs/export.js';
import { findings } from './verbs/findings.js';
import { ingest } from './verbs/ingest.js';
import { journal } from './verbs/journal.js';
import { login } from './verbs/login.js';
import { logout } from './verbs/logout.js';
import { policy } from './verbs/policy.js';
import { quarantine } from './verbs/quarantine.js';
import { replay } from './verbs/replay.js';
import { score } from './verbs/score.js';
import { sessions } from './verbs/sessions.js';
import { sql } from './verbs/sql.js';
import { start } from './verbs/start.js';
import { token } from './verbs/token.js';
import { verify } from './verbs/verify.js';
import { webhooks } from './verbs/webhooks.js';

export const verbs: readonly Verb[] = [
  start,
  login,
  logout,
  token,
  connect,
  connections,
  classify,
  approvals,
  approve,
  deny,
  sessions,
  replay,
  findings,
  detectors,
  quarantine,
  ingest,
  score,
  verify,
  exportBundle,
  journal,
  sql,
  policy,
  webhooks,
];

/** Runs one command line; resolves to its exit code. What it needs of the process can be given, for tests. */
export async function runCli(argv: readonly string[], process_: Partial<Cli> = {}): Promise<ExitCode> {
  const { own, command } = splitAtCommand(argv);
  const json = own.includes('--json');
  const cli = worldOf(json, process_);
  const [name = 'help', ...args] = own.filter((arg) => arg !== '--json');
  const verb = verbs.find((candidate) => candidate.name === name);
  try {
    if (['help', '--help', '-h'].includes(name)) return help(args[0], cli);
    if (!verb) throw new CliError(exit.usage, `no such command: ${name}`, 'USAGE', '`weir help` lists them');
    if (args.includes('--help') || args.includes('-h')) return help(name, cli);
    if (verb !== start) expectGateUrl(cli.url);
    return await verb.run([...args, ...command], cli);
  } catch (error) {
    return report(error, verb, cli);
  }
}

/** What stands after `--` belongs to another program. */
function splitAtCommand(argv: readonly string[]) {
  const at = argv.indexOf('--');
  return at < 0 ? { own: argv, command: [] } : { own: argv.slice(0, at), command: argv.slice(at) };
}

function worldOf(json: boolean, given: Partial<Cli>): Cli {
  const env = given.env ?? process.env;
  const cwd = given.cwd ?? process.cwd();
  const now = given.now ?? Date.now;
  const url = (given.url ?? env['WEIR_URL'] ?? 'http://127.0.0.1:8080').replace(/\/+$/, '');
  const dataDir = given.dataDir ?? dataDirOf(env, cwd);
  const tokens = new TokenSource({ env, url, dataDir, now });
  return {
    ...{ env, cwd, now, url, dataDir, json },
    stdin: process.stdin,
    interactive: process.stdin.isTTY && process.stdout.isTTY,
    width: (process.stdout.isTTY && process.stdout.columns) || undefined,
    token: (speaker: Speaker) => tokens.get(speaker),
    tokens,
    api: (speaker: Speaker) => new ApiClient(url, () => tokens.get(speaker)),
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    ...given,
  };
}

/** Where a gate on this machine keeps what a command line may read: WEIR_SHARED; else WEIR_DATA; else `.weir` here, where a gate runs here; else that of the folder the command lives in. */
function dataDirOf(env: NodeJS.ProcessEnv, cwd: string): string {
  const named = env['WEIR_SHARED'] || env['WEIR_DATA'];
  if (named) return resolve(cwd, named);
  const here = join(cwd, '.weir');
  const home = env['WEIR_HOME'];
  return home === undefined || existsSync(join(here, 'dev-idp.json')) ? here : join(home, '.weir');
}

function help(name: string | undefined, cli: Cli): ExitCode {
  const verb = verbs.find((candidate) => candidate.name === name);
  if (verb) {
    cli.out(verb.usage);
    return exit.ok;
  }
  const width = Math.max(...verbs.map((each) => each.name.length));
  cli.out(`weir: talks to a Weirkeeper gate

commands:
${verbs.map((each) => `  ${each.name.padEnd(width)}  ${each.summary}`).join('\n')}

\`weir <command> --help\` shows examples. --json: answers for scripts.

environment:
  WEIR_URL    the gate's address (http://127.0.0.1:8080)
  WEIR_TOKEN  a token of your identity provider; without it that of \`weir login\`, or on a development gate's own
              machine one is made as needed
  WEIR_DATA   the gate's state directory (.weir/)
  WEIR_SHARED the folder that services apart share, where they have one: it counts before WEIR_DATA

${exitCodesHelp}`);
  return exit.ok;
}

function report(error: unknown, verb: Verb | undefined, cli: Cli): ExitCode {
  const known = error instanceof CliError ? error : unforeseen(error);
  const { code, message, hint, exitCode } = known;
  if (cli.json)
    cli.err(JSON.stringify({ error: { code, message, ...(hint === undefined ? {} : { hint }) } }));
  else {
    cli.err(visible(`weir: ${message}`));
    if (hint) cli.err(visible(`  ${hint}`));
    if (exitCode === exit.usage && verb && code === 'USAGE') cli.err(`\n${verb.usage}`);
  }
  return exitCode;
}

function unforeseen(error: unknown): CliError {
  return new CliError(exit.failed, error instanceof Error ? error.message : String(error), 'INTERNAL');
}
