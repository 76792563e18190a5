import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Provider } from 'oidc-provider';
import { page, rolePage } from './dev-pages.js';
import type { ProviderPlan } from './provider.plan.js';

/**
 * The page on which one picks who to be, and what it posts. The library's own cookie ties both to the browser that
 * began, and SameSite keeps other sites' forms from using it.
 */
export async function handleInteraction(
  plan: ProviderPlan,
  provider: Provider,
  uid: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await provider.interactionDetails(request, response);
    if (request.method === 'GET') return sendPage(response, 200, rolePage(plan, uid));
    const chosen = new URLSearchParams(await text(request)).get('role');
    const client = plan.clients.find(({ role }) => role === chosen);
    if (request.method !== 'POST' || !client) return sendPage(response, 400, page(plan, 'No such role', ''));
    await provider.interactionFinished(request, response, {
      login: { accountId: client.id, remember: false },
    });
  } catch {
    sendPage(response, 400, page(plan, 'This sign-in is over', '<p>Begin again where you came from.</p>'));
  }
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(html);
}
