const longest = 1_024;

/**
 * A path of our own to go on to after signing in; `/` for anything else. Browsers read `//host`, `/\host` and
 * `/<tab>/host` as another host, and some servers decode `%2f` and `%5c` before they route.
 */
export function localPath(text: unknown): string {
  if (typeof text !== 'string' || text.length > longest) return '/';
  if (!/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text)) return '/';
  const base = 'http://local.invalid';
  if (!URL.canParse(text, base)) return '/';
  const { origin, pathname } = new URL(text, base);
  return origin === base && !/\/\/|%2f|%5c|%0|%1|%7f/i.test(pathname) ? text : '/';
}
