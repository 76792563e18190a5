import type { PlainBrowser, Me } from '../support/browser.js';
import { json } from '../support/json.js';
import type { IdentityHouse } from './identity.house.js';

/** Somebody who has signed in at the pages. */
export interface PageApprover {
  readonly browser: PlainBrowser;
  readonly me: Me;
}

/** Says yes, as the page does; resolves to the error's code, or to what the request is then. */
export async function approveAt(
  { url }: IdentityHouse,
  id: string,
  { browser, me }: PageApprover,
): Promise<string | number | undefined> {
  const answer = await browser.ask(`${url}/api/approvals/${id}/decision`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-weir-csrf': me.pageSession!.csrf },
    body: JSON.stringify({ decision: 'approve', reason: '' }),
  });
  const { code, status } = await json<{ code?: string; status?: string | number }>(answer);
  return code ?? status;
}
