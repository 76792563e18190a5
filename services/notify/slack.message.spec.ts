import { describe, expect, it } from 'vitest';
import { slackMessage } from './slack.message.js';

const data = {
  ...{ id: 'apr_1', status: 'pending', connection: 'orders', kind: 'delete', tables: ['public.orders'] },
  ...{ classes: ['email'], reason: 'writes are approved', approverGroups: ['dba'] },
  requester: { id: 'corp:bot', kind: 'agent', subject: 'bot', onBehalfOf: 'corp:ana' },
  ...{ expiresAt: '2026-01-01T00:10:00.000Z', url: 'https://weir.example/approvals/apr_1' },
};
type Text = { text: string; verbatim?: boolean };
type Message = { text: string; blocks: { text?: Text; fields?: Text[] }[]; unfurl_links: boolean };
const message = (type: string, over: object = {}): Message =>
  JSON.parse(slackMessage(JSON.stringify({ type, timestamp: 't', data: { ...data, ...over } })));
const texts = ({ text, blocks }: Message) => [
  text,
  ...blocks
    .flatMap((block) => [...(block.text ? [block.text] : []), ...(block.fields ?? [])])
    .map((t) => t.text),
];

describe('a Slack message', () => {
  it('says who wants what, and links the request', () => {
    const asked = message('approval.requested');
    expect(asked.text).toBe('Approval needed: delete on orders by corp:bot');
    const all = texts(asked).join('\n');
    for (const part of [
      'corp:bot (agent, for corp:ana)',
      'public.orders',
      'email',
      'writes are approved',
      'dba',
    ])
      expect(all).toContain(part);
    expect(all).toContain('<https://weir.example/approvals/apr_1|Look and decide>');
    expect(asked.unfurl_links).toBe(false);
  });

  it('says what was decided, by whom and why', () => {
    const decisions = [{ by: 'corp:bo', decision: 'deny', reason: 'not today', at: 't' }];
    const decided = message('approval.decided', { status: 'denied', decisions });
    expect(decided.text).toMatch(/^Denied: /);
    expect(texts(decided)).toContain('corp:bo denied: not today');
    expect(message('approval.decided', { status: 'approved' }).text).toMatch(/^Approved: /);
    expect(message('approval.expired', { status: 'expired' }).text).toMatch(/^Expired: /);
  });

  it('lets nobody outside make a mention, a link or a mark', () => {
    const evil =
      '<!channel> <!here|x> <@U1> <#C1> <https://evil.example|click> https://evil.example *b* `c` @here &lt;';
    const all = message('approval.decided', {
      ...{
        connection: evil,
        kind: evil,
        tables: [evil],
        classes: [evil],
        reason: evil,
        approverGroups: [evil],
      },
      requester: { id: evil, kind: 'agent', subject: evil, onBehalfOf: evil },
      decisions: [{ by: evil, decision: 'approve', reason: `${evil}\n\n<!everyone>`, at: 't' }],
    });
    const links = texts(all).flatMap((text) => text.match(/<[^>]*>/g) ?? []);
    expect(links).toEqual(['<https://weir.example/approvals/apr_1|Open the request>']);
    for (const text of texts(all))
      expect(text.replace(links[0]!, '')).not.toMatch(/[<>]|:\/\/|@here|\*b\*|`c`/);
    expect(texts(all).join()).toContain('&amp;lt;');
    const blocks = all.blocks.flatMap((block) => [
      ...(block.text ? [block.text] : []),
      ...(block.fields ?? []),
    ]);
    for (const { verbatim } of blocks) expect(verbatim).toBe(true);
  });

  it('stays within what Slack takes', () => {
    const long = 'x'.repeat(500);
    const decisions = Array.from({ length: 50 }, () => ({ by: long, decision: 'approve', reason: long }));
    const big = message('approval.decided', {
      tables: Array(50).fill(long),
      reason: '&'.repeat(500),
      decisions,
    });
    expect(big.blocks.length).toBeLessThanOrEqual(50);
    for (const text of texts(big)) expect(text.length).toBeLessThan(2000);
  });
});
