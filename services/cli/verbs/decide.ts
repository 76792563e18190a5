import { z } from 'zod';
import { exit, usageError, type ExitCode } from '../exit-codes.js';
import { parseVerb, required, type Cli, type Verb } from '../verb.js';
import { approvalSchema } from './approvals.js';

/** The decision is recorded; whether it was the last one needed is not known yet. */
const accepted = z.object({ id: z.string(), status: z.literal('accepted') });
const outcome = z.union([approvalSchema, accepted]);

export const approve: Verb = {
  name: 'approve',
  summary: 'let a held statement run, once and exactly as it was asked',
  usage: `weir approve ID [--reason TEXT]

Approves one request: that statement, with those values, by that requester, once. Never your own.

examples:
  ./weir approve apr_01k9… --reason "ticket 4711"`,
  run: (args, cli) => decide('approve', args, cli),
};

export const deny: Verb = {
  name: 'deny',
  summary: 'refuse a held statement, with a reason that its requester reads',
  usage: `weir deny ID --reason TEXT

Denies one request; the reason is shown to whoever asked.

examples:
  ./weir deny apr_01k9… --reason "use the staging database"`,
  run: (args, cli) => decide('deny', args, cli),
};

async function decide(decision: 'approve' | 'deny', args: readonly string[], cli: Cli): Promise<ExitCode> {
  const { values, positionals } = parseVerb(args, { reason: { type: 'string' } }, ['id']);
  const id = required(positionals[0], 'the id');
  if (decision === 'deny' && !values.reason)
    throw usageError('--reason is missing: its requester will read it');
  const body = { decision, reason: values.reason ?? '' };
  const answer = await cli
    .api('approver')
    .json(outcome, 'POST', `/approvals/${encodeURIComponent(id)}/decision`, { body });
  cli.out(cli.json ? JSON.stringify(answer) : said(decision, id, answer));
  return exit.ok;
}

function said(decision: string, id: string, answer: z.infer<typeof outcome>): string {
  const word = decision === 'approve' ? 'approved' : 'denied';
  if (!('quorum' in answer)) return `${word} ${id}; recorded, its effect follows`;
  if (answer.status !== 'pending') return `${word} ${id}`;
  const given = answer.approvals.filter((each) => each.decision === 'approve').length;
  return `${word} ${id}: ${given} of ${answer.quorum} approvals, it still waits`;
}
