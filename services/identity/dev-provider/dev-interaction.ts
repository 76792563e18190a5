import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Provider } from 'oidc-provider';
import { devRoles } from '#platform';
import { page, rolePage } from './dev-pages.js';

/**
 * The page on which one picks who to be, and what it posts. The library's own cookie ties both to the browser that
 * began, and SameSite keeps other sites' forms from using it.
 */
export async function handleInteraction(
  provider: Provider,
  uid: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await provider.interactionDetails(request, response);
    if (request.method === 'GET') return sendPage(response, 200, rolePage(uid));
    const chosen = new URLSearchParams(await text(request)).get('role');
    const role = devRoles.find((name) => name === chosen);
    if (request.method !== 'POST' || !role) return sendPage(response, 400, page('No such role', ''));
    await provider.interactionFinished(request, response, {
      login: { accountId: `dev-${role}`, remember: false },
    });
  } catch {
    sendPage(response, 400, page('This sign-in is over', '<p>Begin again where you came from.</p>'));
  }
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(html);
}
