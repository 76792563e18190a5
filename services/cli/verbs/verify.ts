import { exit, usageError } from '../exit-codes.js';
import { parseVerb, type Verb } from '../verb.js';

export const verify: Verb = {
  name: 'verify',
  summary: 'hold the audit record against its hashes, trees and checkpoints',
  usage: `weir verify [--session ID | --since 1h|2026-01-31|2026-01-31T10:00:00Z] [--against FILE] [--key FILE]
            [--retention DAYS]
weir verify --offline BUNDLE [--key FILE] [--against FILE]

Reads the record and believes none of it: hashes every event's bytes again, follows each session's chain, derives
every column from the bytes again, and holds both against the trees and their signed checkpoints. Needs the auditor
role; --offline needs no gate, only a file that \`weir export\` wrote.
--session, --since: one session, or those with an event since then (an age or a time); without them everything.
--against: the checkpoints that went to a sink outside (\`audit.proof.sink\`): without them a record that was cut off
or signed again as a whole cannot be told from a true one, and the answer says \`unanchored\`.
--key: the verifier keys that you trust, one a line; without it those that the gate names itself.
--retention: for how many days sessions are to be kept: whatever was erased earlier is a finding.

One line per finding: changed text, changed column NAME, deleted row, added row, swapped, truncated tail, re-signed
checkpoint, changed tree, missing tile (cannot be verified now), wrong erasure, uncovered, unproven. What retention
erased is no finding where a checkpoint covers that it was old enough: a line says how much has expired, by which rule.
Exit code 0: nothing found; 1: something was; 2: wrong usage or input.

examples:
  ./weir verify
  ./weir verify --since 24h --against /mnt/worm/weir-checkpoints --key weir.pub
  ./weir verify --session ses_01k9… --json
  ./weir verify --offline ses_01k9….bundle --key weir.pub`,

  async run(args, cli) {
    const { values } = parseVerb(args, {
      session: { type: 'string' },
      since: { type: 'string' },
      against: { type: 'string' },
      key: { type: 'string' },
      retention: { type: 'string' },
      offline: { type: 'string' },
    });
    // Loaded here: no other verb needs the event schema.
    if (values.offline !== undefined) {
      if (values.session !== undefined || values.since !== undefined)
        throw usageError('--offline verifies one bundle: it takes no --session and no --since');
      const { verifyOffline } = await import('../verify/offline.run.js');
      return (await verifyOffline(values.offline, values, cli)) ? exit.ok : exit.failed;
    }
    const { verifyRecord } = await import('../verify/verify.run.js');
    return (await verifyRecord(values, cli)) ? exit.ok : exit.failed;
  },
};
