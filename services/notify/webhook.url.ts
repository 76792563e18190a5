/** The host of a URL as a name or an address: no brackets, no dot at its end. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

/** What may be shown of a URL: its path and query can be a secret (Slack's are). */
export function shownUrl({ origin, pathname, search }: URL): string {
  return pathname === '/' && search === '' ? origin : `${origin}/…`;
}
