import { z } from 'zod';
import { CliError, exit, usageError, type ExitCode } from '../exit-codes.js';
import { inline, table } from '../render.js';
import { parseVerb, required, type Cli, type Verb } from '../verb.js';

const webhook = z.looseObject({
  name: z.string(),
  url: z.string(),
  format: z.string(),
  status: z.string(),
  disabledReason: z.string().nullable(),
  pending: z.number(),
  nextTryAt: z.string().nullable(),
  lastDelivery: z.looseObject({ at: z.string() }).nullable(),
  lastFailure: z.looseObject({ at: z.string(), reason: z.string() }).nullable(),
  failuresInARow: z.number(),
});
const list = z.object({ webhooks: z.array(webhook) });
const tested = z.looseObject({
  delivered: z.boolean(),
  id: z.string(),
  status: z.number().nullable(),
  reason: z.string().nullable(),
});

export const webhooks: Verb = {
  name: 'webhooks',
  summary: 'who is told of approvals, and whether it arrives; test NAME tries one',
  usage: `weir webhooks [list]
weir webhooks test NAME

Lists the webhooks of weir.yaml: the last delivery, failures since, and when the next try is due. \`test\` sends a
message of type ping, once, and fails if it was not taken. Needs the operator role.

examples:
  ./weir webhooks
  ./weir webhooks test chat
  ./weir webhooks --json | jq -r '.webhooks[] | select(.failuresInARow > 0).name'`,

  async run([verb = 'list', ...args], cli) {
    if (verb === 'list') return listAll(args, cli);
    if (verb === 'test') return test(args, cli);
    throw usageError(`webhooks has no ${verb}`);
  },
};

async function listAll(args: readonly string[], cli: Cli): Promise<ExitCode> {
  parseVerb(args, {});
  const answer = await cli.api('operator').json(list, 'GET', '/webhooks');
  if (cli.json) cli.out(JSON.stringify(answer));
  else if (answer.webhooks.length === 0) cli.out('no webhooks; they are set in weir.yaml: docs/webhooks.md');
  else {
    const rows = answer.webhooks.map((each) => [
      ...[each.name, each.url, each.format, each.status],
      each.lastDelivery?.at ?? '',
      each.failuresInARow,
      each.pending,
      each.nextTryAt ?? '',
      each.disabledReason ?? (each.failuresInARow > 0 ? each.lastFailure?.reason : ''),
    ]);
    const headers = ['name', 'url', 'format', 'status', 'last delivery', 'failures', 'pending', 'next try'];
    cli.out(table([...headers, 'why'], rows, cli));
  }
  return exit.ok;
}

async function test(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const name = required(parseVerb(args, {}, ['name']).positionals[0], 'the name');
  const path = `/webhooks/${encodeURIComponent(name)}/test`;
  const answer = await cli.api('operator').json(tested, 'POST', path);
  if (cli.json) {
    cli.out(JSON.stringify(answer));
    return answer.delivered ? exit.ok : exit.failed;
  }
  if (!answer.delivered)
    throw new CliError(exit.failed, `${inline(name)} did not take it: ${answer.reason ?? 'no reason given'}`);
  cli.out(`${inline(name)} took ${answer.id} (${answer.status})`);
  return exit.ok;
}
