import { PlainBrowser } from '../support/browser.js';
import type { SamlIdp, Said } from '../support/saml-idp.js';

/** Leaves for the provider; resolves to the address there, with the request. */
export async function leave(
  browser: PlainBrowser,
  house: string,
  name = 'corp',
  to = '/approvals',
): Promise<URL> {
  const answer = await browser.ask(`${house}/api/identity/sign-in/${name}?to=${encodeURIComponent(to)}`);
  return new URL(answer.headers.get('location')!);
}

/** The provider's page posts: another site's, so without any cookie. Resolves to where it leads. */
export async function post(
  house: string,
  name: string,
  xml: string | Uint8Array,
  more: Record<string, string> = {},
): Promise<string> {
  const body = new URLSearchParams({ SAMLResponse: Buffer.from(xml).toString('base64'), ...more });
  const answer = await fetch(`${house}/api/identity/saml/${name}/acs`, {
    method: 'POST',
    body,
    redirect: 'manual',
  });
  return answer.headers.get('location') ?? `${answer.status} ${await answer.text()}`;
}

/** Whole ways there and back, to see where they end. */
export class SamlWay {
  constructor(
    readonly house: string,
    readonly idp: SamlIdp,
    readonly name = 'corp',
  ) {}

  /** Resolves to where the browser ends, `/approvals` if all is well. */
  async signIn(
    answer: (asked: URL) => string | Uint8Array | Promise<string | Uint8Array>,
    browser = new PlainBrowser(),
  ): Promise<string> {
    const asked = await leave(browser, this.house, this.name);
    return this.comeBack(browser, await answer(asked));
  }

  /** With this said, both signed. */
  say(said: Said, browser?: PlainBrowser): Promise<string> {
    return this.signIn((asked) => this.idp.signedResponse(asked, said), browser);
  }

  async comeBack(browser: PlainBrowser, xml: string | Uint8Array): Promise<string> {
    const to = await post(this.house, this.name, xml);
    if (!to.startsWith('/api/')) return to;
    const done = await browser.ask(this.house + to);
    return done.headers.get('location') ?? String(done.status);
  }
}
