/** What sessions are searched by: the address of the page holds it, so that a search can be sent to someone. */
export interface SessionSearch {
  /** ISO 8601 with its zone. */
  readonly since?: string;
  readonly until?: string;
  readonly identity?: string;
  readonly connection?: string;
  readonly table?: string;
  readonly class?: string;
  readonly decision?: string;
  /** The page, as the answer before named it. */
  readonly cursor?: string;
}

export const textFilters = ['identity', 'connection', 'table', 'class'] as const;
const names = ['since', 'until', ...textFilters, 'decision', 'cursor'] as const;

/** From an address: what is not understood is left out. */
export function readSearch(raw: Record<string, unknown>): SessionSearch {
  const given = names.flatMap((name) => {
    const value = raw[name];
    // The router reads `7` as a number.
    const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
    return text === '' || !isUnderstood(name, text) ? [] : [[name, text] as const];
  });
  return Object.fromEntries(given);
}

function isUnderstood(name: (typeof names)[number], text: string): boolean {
  if (name === 'decision') return /^(allow|deny|hold)$/.test(text);
  if (name === 'since' || name === 'until') return !Number.isNaN(Date.parse(text));
  return text.length <= 512;
}
