import { z } from 'zod';
import { findingBlocks, findingHeadline, findingNotice } from './slack.finding.js';
import { escaped, fields, section } from './slack.text.js';

const decision = z.object({ by: z.string(), decision: z.string(), reason: z.string() });
const approval = z.object({
  id: z.string(),
  status: z.string(),
  connection: z.string(),
  kind: z.string(),
  tables: z.array(z.string()),
  classes: z.array(z.string()),
  requester: z.object({ id: z.string(), kind: z.string(), onBehalfOf: z.string().nullable() }),
  reason: z.string(),
  approverGroups: z.array(z.string()),
  expiresAt: z.string(),
  url: z.string(),
  decisions: z.array(decision).default([]),
});
const standardBody = z.discriminatedUnion('type', [
  z.object({ type: z.literal('approval.requested'), data: approval }),
  z.object({ type: z.literal('approval.decided'), data: approval }),
  z.object({ type: z.literal('approval.expired'), data: approval }),
  z.object({ type: z.literal('finding.opened'), data: findingNotice }),
  z.object({ type: z.literal('ping'), data: z.object({ webhook: z.string() }) }),
]);
type ApprovalBody = Exclude<z.infer<typeof standardBody>, { type: 'ping' | 'finding.opened' }>;
type Decision = z.infer<typeof decision>;

const shownDecisions = 10;

/** A notice's body as a Slack incoming webhook takes it: text for notifications, blocks for the channel. */
export function slackMessage(body: string): string {
  const parsed = standardBody.parse(JSON.parse(body));
  if (parsed.type === 'ping') {
    const text = `Weirkeeper can post here (webhook ${escaped(parsed.data.webhook)}).`;
    return message(text, [section(text)]);
  }
  if (parsed.type === 'finding.opened')
    return message(findingHeadline(parsed.data), findingBlocks(parsed.data));
  return message(headline(parsed), blocksOf(parsed));
}

function message(text: string, blocks: readonly object[]): string {
  return JSON.stringify({ text, blocks, unfurl_links: false, unfurl_media: false });
}

function blocksOf(body: ApprovalBody): object[] {
  const { type, data } = body;
  return [
    section(`*${headline(body)}*`),
    fields(fieldsOf(body)),
    ...data.decisions.slice(-shownDecisions).map((each) => section(decisionLine(each))),
    section(`<${data.url}|${type === 'approval.requested' ? 'Look and decide' : 'Open the request'}>`),
  ];
}

function headline({ type, data }: ApprovalBody): string {
  const what = `${escaped(data.kind)} on ${escaped(data.connection)} by ${escaped(data.requester.id)}`;
  if (type === 'approval.requested') return `Approval needed: ${what}`;
  return `${type === 'approval.expired' ? 'Expired' : data.status === 'approved' ? 'Approved' : 'Denied'}: ${what}`;
}

function fieldsOf({ type, data }: ApprovalBody): [name: string, value: string][] {
  const person = data.requester.onBehalfOf === null ? '' : `, for ${data.requester.onBehalfOf}`;
  return [
    ['Who', `${data.requester.id} (${data.requester.kind}${person})`],
    ['Tables', data.tables.join(', ')],
    ['Data classes', data.classes.join(', ')],
    ['Held because', data.reason],
    ...(type === 'approval.requested'
      ? [
          ['Who may decide', data.approverGroups.join(', ')] satisfies [string, string],
          ['Expires', data.expiresAt] satisfies [string, string],
        ]
      : []),
  ];
}

function decisionLine({ by, decision: verdict, reason }: Decision): string {
  const said = verdict === 'approve' ? 'approved' : 'denied';
  return `${escaped(by)} ${said}${reason === '' ? '' : `: ${escaped(reason)}`}`;
}
