import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Names and attributes of the cookies of a page session. Loopback alone is served without TLS. */
export interface PageCookies {
  readonly session: string;
  readonly signIn: string;
  readonly attributes: string;
}

/**
 * Over https the `__Host-` prefix makes browsers take the cookie from this host alone, over TLS alone: no
 * neighbouring subdomain can plant one. Lax: a link in a chat still arrives signed in, a form of another site
 * does not.
 */
export function pageCookies(publicUrl: string): PageCookies {
  const secure = publicUrl.startsWith('https:');
  const session = secure ? '__Host-weir' : 'weir';
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  return { session, signIn: `${session}-signin`, attributes };
}

/** A `set-cookie` line; `maxAge` in seconds, 0 clears. */
export function setCookie(name: string, value: string, cookies: PageCookies, maxAge?: number): string {
  return `${name}=${value}; ${cookies.attributes}${maxAge === undefined ? '' : `; Max-Age=${maxAge}`}`;
}

/** The cookie's value; undefined where there is none, and where two claim the name: one of them was planted. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  const found = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`));
  return found.length === 1 ? found[0]?.slice(name.length + 1) : undefined;
}

const secretShape = /^[A-Za-z0-9_-]{43}$/;

/** 256 random bits, base64url: only the browser keeps it. */
export function newPageSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function isPageSecret(text: string | undefined): text is string {
  return text !== undefined && secretShape.test(text);
}

/** What events hold of it: 256 random bits need no slow hash. */
export function hashPageSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** The token that pages send with what changes something: made of the secret, so that nothing else need be kept. */
export function csrfToken(secret: string): string {
  return createHmac('sha256', secret).update('weir csrf v1').digest('base64url');
}

export function isCsrfToken(given: unknown, secret: string): boolean {
  const expected = Buffer.from(csrfToken(secret));
  const bytes = Buffer.from(typeof given === 'string' ? given : '');
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}
