import { z } from 'zod';

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
  z.object({ type: z.literal('ping'), data: z.object({ webhook: z.string() }) }),
]);
type ApprovalBody = Exclude<z.infer<typeof standardBody>, { type: 'ping' }>;
type Decision = z.infer<typeof decision>;

/** Characters of a field; Slack takes 2,000. */
const longestField = 300;
const shownDecisions = 10;

/** A notice's body as a Slack incoming webhook takes it: text for notifications, blocks for the channel. */
export function slackMessage(body: string): string {
  const parsed = standardBody.parse(JSON.parse(body));
  if (parsed.type === 'ping') {
    const text = `Weirkeeper can post here (webhook ${escaped(parsed.data.webhook)}).`;
    return message(text, [section(text)]);
  }
  return message(headline(parsed), blocksOf(parsed));
}

function message(text: string, blocks: readonly object[]): string {
  return JSON.stringify({ text, blocks, unfurl_links: false, unfurl_media: false });
}

function blocksOf(body: ApprovalBody): object[] {
  const { type, data } = body;
  return [
    section(`*${headline(body)}*`),
    {
      type: 'section',
      fields: fieldsOf(body).map(([name, value]) => mrkdwn(`*${name}*\n${escaped(value) || '–'}`)),
    },
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

const section = (text: string) => ({ type: 'section', text: mrkdwn(text) });

/** `verbatim`: Slack makes no links or mentions of what merely looks like one (a URL, `#general`, `@here`). */
const mrkdwn = (text: string) => ({ type: 'mrkdwn', text, verbatim: true });

/**
 * Somebody else's words in mrkdwn. Slack's three control characters are spelled out, so that no `<!channel>`, `<@U1>`
 * or `<url|text>` can come of them; marks of emphasis, mentions and URLs are cut by a zero-width space, so that they mark nothing.
 */
function escaped(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const short = line.length <= longestField ? line : `${line.slice(0, longestField - 1)}…`;
  return short
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[*~`@#]|:(?=\/\/)/g, '$&\u200b');
}
