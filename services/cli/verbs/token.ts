import { exit, usageError } from '../exit-codes.js';
import { parseVerb, type Cli, type Speaker, type Verb } from '../verb.js';

const speakers: readonly Speaker[] = ['agent', 'approver', 'security', 'auditor', 'operator'];

export const token: Verb = {
  name: 'token',
  summary: 'print a token of the development provider: agent, approver, security, auditor, operator',
  usage: `weir token [agent|approver|security|auditor|operator]

With a role: prints a token, good for one hour, of the gate's development OpenID provider. Without: your own,
of \`weir login\`.

examples:
  PGPASSWORD=$(./weir token agent) psql "host=127.0.0.1 port=15432 dbname=demo user=agent"
  curl -H "Authorization: Bearer $(./weir token auditor)" http://127.0.0.1:8080/api/identity/me`,

  async run(args, cli) {
    const [role] = parseVerb(args, {}, ['role']).positionals;
    const text = role === undefined ? await cli.tokens.own() : await tokenOf(role, cli);
    if (text === undefined) throw usageError('nobody is signed in here: name a role, or run `weir login`');
    cli.out(cli.json ? JSON.stringify({ token: text }) : text);
    return exit.ok;
  },
};

function tokenOf(role: string, cli: Cli): Promise<string> {
  const speaker = speakers.find((name) => name === role);
  if (!speaker) throw usageError(`there is no ${role}; one of ${speakers.join(', ')}`);
  return cli.env['WEIR_TOKEN'] ? cli.token(speaker) : cli.tokens.ofSpeaker(speaker);
}
