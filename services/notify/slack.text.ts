/** Characters of a field; Slack takes 2,000. */
const longestField = 300;

export const section = (text: string) => ({ type: 'section', text: mrkdwn(text) });

/** `verbatim`: Slack makes no links or mentions of what merely looks like one (a URL, `#general`, `@here`). */
const mrkdwn = (text: string) => ({ type: 'mrkdwn', text, verbatim: true });

/**
 * Somebody else's words in mrkdwn. Slack's three control characters are spelled out, so that no `<!channel>`, `<@U1>`
 * or `<url|text>` can come of them; marks of emphasis, mentions and URLs are cut by a zero-width space, so that they mark nothing.
 */
export function escaped(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const short = line.length <= longestField ? line : `${line.slice(0, longestField - 1)}…`;
  return short
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[*~`@#]|:(?=\/\/)/g, '$&\u200b');
}

/** Two columns of names and values; nothing is `–`. */
export const fields = (pairs: readonly (readonly [name: string, value: string])[]) => ({
  type: 'section',
  fields: pairs.map(([name, value]) => mrkdwn(`*${name}*\n${escaped(value) || '–'}`)),
});
