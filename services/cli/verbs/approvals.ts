import { z } from 'zod';
import { exit } from '../exit-codes.js';
import { indent, inline, visible } from '../render.js';
import { parseVerb, type Cli, type Verb } from '../verb.js';

export const approvalSchema = z.looseObject({
  id: z.string(),
  status: z.string(),
  requester: z.looseObject({
    id: z.string(),
    kind: z.string(),
    onBehalfOf: z.string().nullish(),
    displayName: z.string().nullish(),
  }),
  connection: z.string(),
  text: z.string(),
  kind: z.string(),
  tables: z.array(z.string()),
  classes: z.array(z.string()),
  estimate: z
    .union([z.object({ rows: z.number(), cost: z.number() }), z.object({ unavailable: z.string() })])
    .nullable(),
  source: z.object({ address: z.string(), program: z.string() }),
  reason: z.string(),
  quorum: z.number(),
  approvals: z.array(z.looseObject({ by: z.string(), decision: z.string(), reason: z.string() })),
  expiresAt: z.string(),
  exact: z.object({ text: z.string(), parameters: z.array(z.string().nullable()) }).optional(),
});
export type Approval = z.infer<typeof approvalSchema>;
const list = z.object({ approvals: z.array(approvalSchema) });

export const approvals: Verb = {
  name: 'approvals',
  summary: 'what waits for your yes or no; with an id, exactly what would run',
  usage: `weir approvals [ID] [--all]

Lists the requests that wait for a decision and that you may decide; --all: also those already decided.
With an ID: that request, with the exact statement while it is pending. Needs the approver role.

examples:
  ./weir approvals
  ./weir approvals --json | jq -r '.approvals[].id'`,

  async run(args, cli) {
    const { values, positionals } = parseVerb(args, { all: { type: 'boolean' } }, ['id']);
    const [id] = positionals;
    const api = cli.api('approver');
    if (id !== undefined) {
      const found = await api.json(approvalSchema, 'GET', `/approvals/${encodeURIComponent(id)}`);
      cli.out(cli.json ? JSON.stringify(found) : describe(found, cli));
      return exit.ok;
    }
    const status = values.all ? 'all' : 'pending';
    const answer = await api.json(list, 'GET', '/approvals', { query: { status } });
    if (cli.json) cli.out(JSON.stringify(answer));
    else if (answer.approvals.length === 0) cli.out('nothing waits for you');
    else cli.out(answer.approvals.map((each) => describe(each, cli)).join('\n\n'));
    return exit.ok;
  },
};

/** A request as a person reads it before deciding. */
export function describe(approval: Approval, cli: Pick<Cli, 'now'>): string {
  const { id, status, requester, connection, kind, tables, reason, exact } = approval;
  const person = requester.onBehalfOf ? `, for ${requester.onBehalfOf}` : '';
  const name = requester.displayName ? `${requester.displayName}, ` : '';
  const lines = [
    `${id}  ${status === 'pending' ? expiry(approval.expiresAt, cli.now()) : status}`,
    `  who     ${inline(`${requester.id} (${name}${requester.kind}${person})`)}`,
    `  from    ${inline(from(approval.source))}`,
    `  where   ${inline(connection)}`,
    `  what    ${inline(`${kind} ${tables.join(', ')}`)}`,
    ...(approval.classes.length > 0 ? [`  data    ${inline(approval.classes.join(', '))}`] : []),
    ...(approval.estimate ? [`  plan    ${inline(plan(approval.estimate))}`] : []),
    `  why     held: ${inline(reason)}`,
    indent(visible(exact?.text ?? approval.text), '    '),
    ...(exact?.parameters ?? []).map(
      (value, i) => `    $${i + 1} = ${value === null ? 'NULL' : visible(value)}`,
    ),
    ...approval.approvals.map((each) => `  ${inline(`${each.decision} by ${each.by}: ${each.reason}`)}`),
    ...(status === 'pending' ? [`  ./weir approve ${id}   or   ./weir deny ${id} --reason "…"`] : []),
  ];
  return lines.join('\n');
}

/** The address is the socket's; the program is what the client says, and a client may say anything. */
function from({ address, program }: Approval['source']): string {
  return `${address || 'an unknown address'}${program ? `, says it is ${JSON.stringify(program)}` : ''}`;
}

function plan(estimate: NonNullable<Approval['estimate']>): string {
  if ('unavailable' in estimate) return `no estimate: ${estimate.unavailable}`;
  const { rows, cost } = estimate;
  return `about ${Math.round(rows).toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}, cost ${cost.toLocaleString('en')}`;
}

function expiry(at: string, now: number): string {
  const seconds = Math.round((Date.parse(at) - now) / 1000);
  return seconds <= 0
    ? 'expired'
    : `expires in ${seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`}`;
}
