import { exit, usageError } from '../exit-codes.js';
import { parseVerb, required, type Speaker, type Verb } from '../verb.js';

const speakers: readonly Speaker[] = ['agent', 'approver', 'security', 'auditor', 'operator'];

export const token: Verb = {
  name: 'token',
  summary: 'print a token of the development provider: agent, approver, security, auditor, operator',
  usage: `weir token <agent|approver|security|auditor|operator>

Prints a token, good for one hour, of the gate's development OpenID provider.

examples:
  PGPASSWORD=$(./weir token agent) psql "host=127.0.0.1 port=15432 dbname=demo user=me"
  curl -H "Authorization: Bearer $(./weir token auditor)" http://127.0.0.1:8080/api/identity/me`,

  async run(args, cli) {
    const role = required(parseVerb(args, {}, ['role']).positionals[0], 'the role');
    const speaker = speakers.find((name) => name === role);
    if (!speaker) throw usageError(`there is no ${role}; one of ${speakers.join(', ')}`);
    const text = await cli.token(speaker);
    cli.out(cli.json ? JSON.stringify({ token: text }) : text);
    return exit.ok;
  },
};
