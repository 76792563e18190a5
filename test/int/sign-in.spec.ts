import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlainBrowser, signInAs, type Me } from '../support/browser.js';
import { IdentityHouse } from './identity.house.js';
import { json } from '../support/json.js';

let house: IdentityHouse;
beforeAll(async () => {
  house = await IdentityHouse.start();
});
afterAll(() => house.stop());

const me = async (browser: PlainBrowser) => json<Me>(await browser.ask(`${house.url}/api/identity/me`));

describe('signing in at the development provider', () => {
  it.each([
    ['agent', 'agents', []],
    ['approver', 'approvers', ['approver']],
    ['security', 'security', ['security']],
    ['auditor', 'auditors', ['auditor']],
    ['operator', 'operators', ['operator']],
  ])('with one click as %s', async (role, group, roles) => {
    const browser = new PlainBrowser();
    const landed = await signInAs(browser, house.url, role, '/approvals?status=all');
    expect(landed.url).toBe(`${house.url}/approvals?status=all`);
    const who = await me(browser);
    expect(who).toMatchObject({ id: `dev:dev-${role}`, groups: [group], roles });
    expect(who.pageSession).toMatchObject({ provider: 'dev' });
  });

  it('ends with signing out, here and at the provider', async () => {
    const browser = new PlainBrowser();
    await signInAs(browser, house.url, 'approver');
    const cookie = browser.cookies(house.url);
    const csrf = (await me(browser)).pageSession!.csrf;
    const out = await browser.ask(`${house.url}/api/identity/sign-out`, {
      method: 'POST',
      headers: { 'x-weir-csrf': csrf },
    });
    const { continue: next } = await json<{ continue: string }>(out);
    expect(browser.cookie(house.url, 'weir')).toBeUndefined();
    const stolen = await fetch(`${house.url}/api/identity/me`, { headers: { cookie } });
    expect(stolen.status).toBe(401);
    const asked = await browser.open(next);
    const landed = await browser.submit(asked, { logout: 'yes' }, (at) => at.endsWith('/sign-in'));
    expect(landed.url).toBe(`${house.url}/sign-in`);
  });
});
