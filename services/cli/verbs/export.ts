import { exit, usageError } from '../exit-codes.js';
import { parseVerb, required, type Verb } from '../verb.js';

export const exportBundle: Verb = {
  name: 'export',
  summary: 'a session as one file that can be verified without the gate',
  usage: `weir export --session ID [--out FILE]

Writes the exact bytes of the session's events, the leaves that stand for them in the tree, what proves it, the signed
checkpoint and its verifier keys into FILE (ID.bundle). \`weir verify --offline FILE\` needs nothing else; an auditor
pins the keys with --key. Events that no checkpoint covers yet are left out, and it is said. Needs the auditor role.

examples:
  ./weir export --session ses_01k9…
  ./weir verify --offline ses_01k9….bundle --key weir.pub --against /mnt/worm/weir-checkpoints`,

  async run(args, cli) {
    const { values } = parseVerb(args, { session: { type: 'string' }, out: { type: 'string' } });
    const session = required(values.session, '--session');
    if (!/^\w[\w-]{0,127}$/.test(session)) throw usageError(`--session ${session}: not a session's id`);
    // Loaded here: no other verb needs the event schema.
    const { exportSession } = await import('../verify/export.run.js');
    return (await exportSession({ session, out: values.out }, cli)) ? exit.ok : exit.failed;
  },
};
