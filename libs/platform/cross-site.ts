import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '#kernel';
import { isCsrfToken } from './page-session.cookie.js';

/** Sent by pages with each unsafe method; the value is `pageSession.csrf` of `GET /identity/me`. */
export const csrfHeader = 'x-weir-csrf';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Browsers send cookies whoever made the page that asks. So what changes something by cookie must carry the
 * session's own token in a header (no form can), and must not say that it comes from another site.
 * Throws FORBIDDEN.
 */
export function refuseCrossSite(
  request: { readonly method: string; readonly headers: IncomingHttpHeaders },
  secret: string,
  publicUrl: string,
): void {
  if (safeMethods.has(request.method)) return;
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined && site !== 'same-origin') throw refused('it comes from another site');
  if (origin !== undefined && origin !== new URL(publicUrl).origin)
    throw refused('it comes from another origin');
  if (!isCsrfToken(request.headers[csrfHeader], secret)) throw refused(`it needs the ${csrfHeader} header`);
}

function refused(why: string): AppError {
  return new AppError('FORBIDDEN', `the request is not taken: ${why}`);
}
