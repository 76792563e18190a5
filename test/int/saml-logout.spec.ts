import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRedirect } from '../../services/identity/saml/redirect-binding.js';
import { PlainBrowser, type Me } from '../support/browser.js';
import { json } from '../support/json.js';
import { inflateMessage, SamlIdp, type Asked, type Said } from '../support/saml-idp.js';
import { IdentityHouse } from './identity.house.js';
import { SamlWay } from './saml.way.js';

let idp: SamlIdp;
let house: IdentityHouse;
let way: SamlWay;
let logoutUrl: string;
beforeAll(async () => {
  idp = await SamlIdp.make();
  const entries = [idp.entry('corp'), idp.entry('quiet', { sloUrl: undefined })];
  house = await IdentityHouse.start({
    identity: `  saml:\n${entries.map((entry) => `    - ${entry}`).join('\n')}`,
  });
  way = new SamlWay(house.url, idp);
  logoutUrl = `${house.url}/api/identity/saml/corp/logout`;
});
afterAll(() => house.stop());

async function signedIn(said: Said = {}, at = way): Promise<PlainBrowser> {
  const browser = new PlainBrowser();
  expect(await at.say(said, browser)).toBe('/approvals');
  return browser;
}
const isSignedIn = async (browser: PlainBrowser) =>
  (await browser.ask(`${house.url}/api/identity/me`)).status === 200;
const byRedirect = (query: string) => fetch(`${logoutUrl}?${query}`, { redirect: 'manual' });
const byPost = (xml: string) =>
  fetch(logoutUrl, {
    method: 'POST',
    body: new URLSearchParams({ SAMLRequest: Buffer.from(xml).toString('base64'), RelayState: 'r' }),
    redirect: 'manual',
  });

describe('signing out here', () => {
  const signOut = async (browser: PlainBrowser) => {
    const { pageSession } = await json<Me>(await browser.ask(`${house.url}/api/identity/me`));
    const headers = { 'x-weir-csrf': pageSession!.csrf };
    const out = await browser.ask(`${house.url}/api/identity/sign-out`, { method: 'POST', headers });
    return (await json<{ continue: string | null }>(out)).continue;
  };

  it('goes on to the provider, which is told who and which session', async () => {
    const browser = await signedIn({ nameId: 'ann&co', sessionIndex: 'i<7>'.replace(/[<>]/g, '') });
    const next = new URL((await signOut(browser))!);
    expect(next.origin + next.pathname).toBe(idp.sloUrl);
    const request = inflateMessage(next, 'SAMLRequest');
    expect(request).toContain('<samlp:LogoutRequest');
    expect(request).toContain('>ann&amp;co</saml:NameID>');
    expect(request).toContain('>i7</saml2p:SessionIndex>');
    expect(await isSignedIn(browser)).toBe(false);
  });

  it("comes back to the sign-in page, whatever the provider's answer says", async () => {
    for (const query of ['SAMLResponse=AAAA', 'SAMLResponse=x&RelayState=https://evil.example', '']) {
      const answer = await byRedirect(query);
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sign-in']);
    }
    const body = new URLSearchParams({ SAMLResponse: 'AAAA', RelayState: 'https://evil.example' });
    const answer = await fetch(logoutUrl, { method: 'POST', body, redirect: 'manual' });
    expect(answer.headers.get('location')).toBe('/sign-in');
  });

  it('ends here where the provider has no place for it', async () => {
    expect(await signOut(await signedIn({}, new SamlWay(house.url, idp, 'quiet')))).toBeNull();
  });
});

describe('signing out at the provider', () => {
  it.each([
    ['by redirect', async (xml: string) => byRedirect(idp.redirectQuery(xml, { relayState: 'back here' }))],
    ['by POST', async (xml: string) => byPost(idp.sign(xml, 'LogoutRequest'))],
    [
      'by redirect, with its next key',
      async (xml: string) => byRedirect(idp.redirectQuery(xml, { key: idp.nextKey })),
    ],
  ])("%s ends that person's sessions, and nobody else's", async (_, send) => {
    const [here, there, bob] = [await signedIn(), await signedIn(), await signedIn({ nameId: 'bob' })];
    const answer = await send(idp.logoutRequest(logoutUrl, { notOnOrAfter: 60_000 }));
    expect(answer.status).toBe(303);
    expect(await Promise.all([here, there, bob].map(isSignedIn))).toEqual([false, false, true]);
  });

  it('ends the session that is named, and leaves the others', async () => {
    const browsers = [];
    for (const sessionIndex of ['s1', 's2', 's3']) browsers.push(await signedIn({ sessionIndex }));
    const request = idp.logoutRequest(logoutUrl, { sessionIndexes: ['s1', 's3'] });
    expect((await byRedirect(idp.redirectQuery(request))).status).toBe(303);
    expect(await Promise.all(browsers.map(isSignedIn))).toEqual([false, true, false]);
  });

  it('is answered at the provider, with what it gave to be given back', async () => {
    const request = idp.logoutRequest(logoutUrl);
    const answer = await byRedirect(
      idp.redirectQuery(request, { relayState: 'https://evil.example/?a=b&c' }),
    );
    const next = new URL(answer.headers.get('location')!);
    expect(next.origin + next.pathname).toBe(idp.sloUrl);
    expect(next.searchParams.get('RelayState')).toBe('https://evil.example/?a=b&c');
    const response = inflateMessage(next, 'SAMLResponse');
    expect(response).toContain(`InResponseTo="${/ ID="([^"]*)"/.exec(request)![1]}"`);
    expect(response).toContain('status:Success');
    const long = await byRedirect(idp.redirectQuery(request, { relayState: 'x'.repeat(300) }));
    expect(new URL(long.headers.get('location')!).searchParams.has('RelayState')).toBe(false);
  });

  it('that is sent again ends no session that was begun after it', async () => {
    const query = idp.redirectQuery(idp.logoutRequest(logoutUrl, { issued: -120_000 }));
    const browser = await signedIn();
    expect((await byRedirect(query)).status).toBe(303);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it.each<[string, Asked]>([
    ['of another issuer', { issuer: 'https://evil.example' }],
    ['of long ago', { issued: -10 * 60_000 }],
    ['of the future', { issued: 10 * 60_000 }],
    ['that has expired', { notOnOrAfter: -60_000 }],
    ['of nobody', { nameId: '' }],
    ['of a name that holds elements', { nameId: 'ann<x xmlns=""/>' }],
    [
      'of a name of a kind that is not taken',
      { nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' },
    ],
    ['with a session that holds elements', { sessionIndexes: ['s<x xmlns=""/>'] }],
  ])('is not taken %s', async (_, asked) => {
    const browser = await signedIn();
    const request = idp.logoutRequest(logoutUrl, asked);
    expect((await byRedirect(idp.redirectQuery(request))).status).toBe(400);
    expect((await byPost(idp.sign(request, 'LogoutRequest'))).status).toBe(400);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('is not taken for another destination', async () => {
    const request = idp.logoutRequest(logoutUrl.replace('/corp/', '/quiet/'));
    expect((await byRedirect(idp.redirectQuery(request))).status).toBe(400);
  });

  const other = 'SAMLRequest=';
  it.each<[string, (query: string, request: string) => string]>([
    ['without a signature', (query) => query.replace(/&SigAlg.*/, '')],
    ['with an empty one', (query) => query.replace(/&Signature=.*/, '&Signature=')],
    ['with the algorithm alone', (query) => query.replace(/&Signature=.*/, '')],
    ['with the algorithm none', (query) => query.replace(/SigAlg=[^&]*/, 'SigAlg=none')],
    ['with another state', (query) => `${query.replace(/&SigAlg/, '&RelayState=x&SigAlg')}`],
    ["with somebody else's key", (_, request) => idp.redirectQuery(request, { key: idp.otherKey })],
    [
      'with SHA-1',
      (_, request) => idp.redirectQuery(request, { algorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' }),
    ],
    [
      'with MD5',
      (_, request) =>
        idp.redirectQuery(request, { algorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-md5' }),
    ],
    ['with another request first', (query, request) => `${other}${deflated(evil(request))}&${query}`],
    ['with another request last', (query, request) => `${query}&${other}${deflated(evil(request))}`],
    ['with a parameter like it', (query, request) => `x${query}&${other}${deflated(evil(request))}`],
    ['with another parameter', (query) => `${query}&a=b`],
    ['with a response, too', (query) => `${query}&SAMLResponse=AAAA`],
  ])('is not taken by redirect %s', async (_, change) => {
    const [ann, bob] = [await signedIn(), await signedIn({ nameId: 'bob' })];
    const request = idp.logoutRequest(logoutUrl);
    const query = idp.redirectQuery(request);
    expect((await byRedirect(change(query, request))).status).toBe(400);
    expect(await Promise.all([ann, bob].map(isSignedIn))).toEqual([true, true]);
    expect((await byRedirect(query)).status).toBe(303);
  });

  it.each<[string, (xml: string) => string]>([
    ['that nobody signed', (xml) => xml],
    ["with somebody else's key", (xml) => idp.sign(xml, 'LogoutRequest', { key: idp.otherKey })],
    ['that was changed', (xml) => evil(idp.sign(xml, 'LogoutRequest'))],
    ['with a comment in the name', (xml) => idp.sign(xml, 'LogoutRequest').replace('>ann<', '>a<!---->nn<')],
    [
      'with SHA-1',
      (xml) => idp.sign(xml, 'LogoutRequest', { signature: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' }),
    ],
    [
      'around a signed one',
      (xml) =>
        evil(xml).replace(
          '</samlp:LogoutRequest>',
          `${idp.sign(xml, 'LogoutRequest')}</samlp:LogoutRequest>`,
        ),
    ],
    [
      'that is a response',
      (xml) => idp.sign(xml, 'LogoutRequest').replaceAll('LogoutRequest', 'LogoutResponse'),
    ],
  ])('is not taken by POST %s', async (_, change) => {
    const [ann, bob] = [await signedIn(), await signedIn({ nameId: 'bob' })];
    expect((await byPost(change(idp.logoutRequest(logoutUrl)))).status).toBe(400);
    expect(await Promise.all([ann, bob].map(isSignedIn))).toEqual([true, true]);
  });

  it('is not inflated without end (CVE-2023-28119)', async () => {
    const certificates = [idp.key.certificate];
    const read = (size: number) =>
      readRedirect(idp.redirectQuery(' '.repeat(size)), certificates).bytes.length;
    expect(read(60_000)).toBe(60_000);
    expect(() => read(8 * 1024 * 1024)).toThrow('can not be inflated, or is too large');
    const bomb = idp.redirectQuery(idp.logoutRequest(logoutUrl) + ' '.repeat(8 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(14_000);
    expect((await byRedirect(bomb)).status).toBe(400);
    expect((await byRedirect(idp.redirectQuery(Buffer.from('none')))).status).toBe(400);
    const padded = idp.redirectQuery(idp.logoutRequest(logoutUrl) + ' '.repeat(8 * 1024));
    expect((await byRedirect(padded)).status).toBe(303);
  });
});

function evil(request: string): string {
  return request.replace('>ann<', '>bob<');
}

function deflated(xml: string): string {
  return encodeURIComponent(deflateRawSync(xml).toString('base64'));
}
