import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlainBrowser, type Me } from '../support/browser.js';
import { json } from '../support/json.js';
import { readAuthnRequest, SamlIdp } from '../support/saml-idp.js';
import { IdentityHouse } from './identity.house.js';
import { leave, post, SamlWay } from './saml.way.js';

let idp: SamlIdp;
let house: IdentityHouse;
let way: SamlWay;
beforeAll(async () => {
  idp = await SamlIdp.make();
  house = await IdentityHouse.start({ identity: `  saml:\n    - ${idp.entry('corp', { label: 'Corp' })}` });
  way = new SamlWay(house.url, idp);
});
afterAll(() => house.stop());

describe('signing in with SAML', () => {
  it('goes by redirect, comes back by POST, and ends where the person wanted to go', async () => {
    const browser = new PlainBrowser();
    const asked = await leave(browser, house.url, 'corp', '/approvals?status=all');
    expect(asked.origin + asked.pathname).toBe(idp.ssoUrl);
    expect(asked.searchParams.get('RelayState')).toBeNull();
    expect(readAuthnRequest(asked)).toMatchObject({
      acs: `${house.url}/api/identity/saml/corp/acs`,
      issuer: `${house.url}/api/identity/saml/corp/metadata`,
    });
    const said = { groups: ['approvers', 'dba'], displayName: 'Ann Lee', sessionIndex: 'i1' };
    const back = await post(house.url, 'corp', idp.signedResponse(asked, said));
    expect(back).toMatch(/^\/api\/identity\/saml\/corp\/finish\?code=[\w-]{43}$/);
    const done = await browser.ask(house.url + back);
    expect([done.status, done.headers.get('location')]).toEqual([303, '/approvals?status=all']);
    const me = await json<Me>(await browser.ask(`${house.url}/api/identity/me`));
    expect(me).toMatchObject({
      id: 'corp:ann',
      groups: ['approvers', 'dba'],
      displayName: 'Ann Lee',
      pageSession: { provider: 'corp' },
    });
  });

  it('takes a signed assertion in an unsigned response', async () => {
    expect(await way.signIn((asked) => idp.sign(idp.response(asked), 'Assertion'))).toBe('/approvals');
  });
});
