import { z } from 'zod';
import { escaped, fields, section } from './slack.text.js';

/** What of a finding's notice stands in a channel. */
export const findingNotice = z.object({
  id: z.string(),
  title: z.string(),
  severity: z.string(),
  identity: z.string(),
  onBehalfOf: z.string().nullable(),
  connection: z.string(),
  subject: z.string(),
  evidence: z.string(),
  risk: z.string(),
  quarantine: z.string().nullable(),
  url: z.string(),
});
type FindingNotice = z.infer<typeof findingNotice>;

export function findingHeadline({ severity, title, identity }: FindingNotice): string {
  return `Finding (${escaped(severity)}): ${escaped(title)}${identity === '' ? '' : `, ${escaped(identity)}`}`;
}

export function findingBlocks(data: FindingNotice): object[] {
  const person = data.onBehalfOf === null ? '' : ` (for ${data.onBehalfOf})`;
  return [
    section(`*${findingHeadline(data)}*`),
    section(escaped(data.evidence) || '–'),
    fields([
      ['Who', `${data.identity}${person}`],
      ['Where', [data.connection, data.subject].filter((part) => part !== '').join(', ')],
      ['Risk', data.risk],
      ['Quarantine', data.quarantine ?? 'none'],
    ]),
    section(`<${data.url}|Open the finding>`),
  ];
}
