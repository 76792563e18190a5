import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { CliError, exit, usageError, type ExitCode } from '../exit-codes.js';
import { parseVerb, type Cli, type Verb } from '../verb.js';

const publication = z.object({
  registered: z.array(z.string()),
  removed: z.array(z.string()),
  policies: z.string().nullable(),
  masking: z.string().nullable(),
  restart: z.array(z.string()),
});
const connectionNames = z.object({ connections: z.array(z.looseObject({ name: z.string() })) });

export const policy: Verb = {
  name: 'policy',
  summary: 'check policies, or make the gate read weir.yaml, policies and masking again',
  usage: `weir policy check [FOLDER]
weir policy publish [--change REFERENCE]

check: asks the gate whether the *.cedar files of FOLDER (policies/) are valid, without publishing them; an
error names file, line and column.
publish: makes the gate read its weir.yaml, policies and masking files; open sessions follow within a second.
Both need the operator role.

examples:
  ./weir policy check && ./weir policy publish --change "PR 123"`,

  run([verb, ...args], cli) {
    if (verb === 'publish') return publish(args, cli);
    if (verb === 'check') return check(args, cli);
    return Promise.reject(usageError(verb === undefined ? 'check or publish?' : `policy has no ${verb}`));
  },
};

async function publish(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const { values } = parseVerb(args, { change: { type: 'string' } });
  const body = { changeReference: values.change ?? '' };
  const answer = await cli.api('operator').json(publication, 'POST', '/policies/publish', { body });
  if (cli.json) cli.out(JSON.stringify(answer));
  else {
    const changes = [
      ...answer.registered.map((name) => `connection ${name} registered`),
      ...answer.removed.map((name) => `connection ${name} removed`),
      ...(answer.policies === null ? [] : [`policies are now version ${answer.policies}`]),
      ...(answer.masking === null ? [] : [`masking is now version ${answer.masking}`]),
    ];
    cli.out(changes.length > 0 ? changes.join('\n') : 'nothing has changed');
    if (answer.restart.length > 0)
      cli.err(
        `changed in weir.yaml, and in force only once the gate is started again: ${answer.restart.join(', ')}`,
      );
  }
  return exit.ok;
}

/** The gate compiles the draft to decide a statement with it; what it decides is not the point here. */
async function check(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const { positionals } = parseVerb(args, {}, ['folder']);
  const files = policiesIn(resolve(cli.cwd, positionals[0] ?? 'policies'));
  const api = cli.api('operator');
  const { connections } = await api.json(connectionNames, 'GET', '/connections');
  const [connection] = connections;
  if (!connection) throw new CliError(exit.failed, 'there is no connection yet to check policies with');
  const body = {
    principal: { subject: 'check', kind: 'agent' },
    connection: connection.name,
    text: 'select 1',
    files,
  };
  await api.json(z.unknown(), 'POST', '/policies/simulate', { body });
  cli.out(
    cli.json
      ? JSON.stringify({ valid: true, files: files.map(({ name }) => name) })
      : `${files.length} files are valid`,
  );
  return exit.ok;
}

function policiesIn(folder: string): { name: string; text: string }[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.cedar')) : [];
  if (names.length === 0) throw usageError(`there is no *.cedar file in ${folder}`);
  return names.sort().map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
}
