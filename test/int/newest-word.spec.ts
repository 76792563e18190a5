import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '#kernel';
import { PageSessionKeeper } from '../../services/identity/index.js';
import { PlainBrowser, type Me } from '../support/browser.js';
import { HostileProvider } from '../support/hostile-provider.js';
import { eventually } from '../support/house.js';
import { json } from '../support/json.js';
import { SamlIdp } from '../support/saml-idp.js';
import { IdentityHouse, MovingClock } from './identity.house.js';
import { leave, post, SamlWay } from './saml.way.js';

// Of two words about one person the one that was said later counts, not the one that arrives later.
const minute = 60_000;
const clock = new MovingClock();
let idp: SamlIdp;
let corp: HostileProvider;
let house: IdentityHouse;
beforeAll(async () => {
  [idp, corp] = [await SamlIdp.make(), await HostileProvider.start()];
  const identity = [
    '  roles: { approver: [approvers] }',
    '  pages: { idle: 3600, maxAge: 7200, refresh: 100 }',
    `  oidc:\n    - ${corp.entry('corp')}`,
    `  saml:\n    - ${idp.entry('saml')}`,
  ];
  house = await IdentityHouse.start({ clock, identity: identity.join('\n') });
});
afterAll(async () => {
  await house.stop();
  await corp.stop();
});

const rolesOf = async (browser: PlainBrowser) =>
  (await json<Me>(await browser.ask(`${house.url}/api/identity/me`))).roles;

describe('a SAML answer that is held back', () => {
  it('is taken with its groups where nothing newer is known', async () => {
    const browser = new PlainBrowser();
    const asked = await leave(browser, house.url, 'saml');
    const said = { nameId: 'bea', groups: ['approvers'] };
    const held = await post(house.url, 'saml', idp.signedResponse(asked, said));
    clock.ahead += 5_000;
    await browser.ask(house.url + held);
    expect(await rolesOf(browser)).toEqual(['approver']);
  });

  it('gives no group that a newer one lacks, and its session is counted from when it was said', async () => {
    const way = new SamlWay(house.url, idp, 'saml');
    const browser = new PlainBrowser();
    const asked = await leave(browser, house.url, 'saml');
    const held = await post(house.url, 'saml', idp.signedResponse(asked, { groups: ['approvers'] }));
    clock.ahead += 1_000;
    const newer = new PlainBrowser();
    await way.say({ groups: [] }, newer);
    clock.ahead += 9 * minute;
    await browser.ask(house.url + held);
    expect([await rolesOf(newer), await rolesOf(browser)]).toEqual([[], []]);
    const { pageSession } = await json<Me>(await browser.ask(`${house.url}/api/identity/me`));
    expect(Date.parse(pageSession!.endsAt)).toBeLessThan(clock.now() + 1200_000 - 8 * minute);
  });
});

describe('a refresh that is answered late', () => {
  async function signIn(sub: string, ...groups: string[]): Promise<PlainBrowser> {
    corp.claims = { sub, groups };
    const browser = new PlainBrowser();
    const there = await browser.ask(`${house.url}/api/identity/sign-in/corp`);
    await browser.ask(corp.answerTo(there.headers.get('location')!));
    return browser;
  }

  /** The provider has signed what it says now, and sends it when the result is called. */
  async function slowRefresh(): Promise<() => Promise<void>> {
    let isSigned = false;
    let go = () => undefined as void;
    const gate = new Promise<void>((done) => (go = done));
    corp.forge = async (claims) => {
      const token = await corp.sign(claims);
      isSigned = true;
      await gate;
      return token;
    };
    const keeper = house.app.get(PageSessionKeeper, { strict: false });
    keeper.tick();
    await eventually(() => isSigned);
    corp.forge = undefined;
    return async () => {
      go();
      await keeper.settled();
    };
  }

  it('takes no newer word away', async () => {
    const sub = newId('sub');
    const one = await signIn(sub, 'approvers');
    clock.ahead += 101_000;
    const answered = await slowRefresh();
    const other = await signIn(sub);
    await answered();
    expect([await rolesOf(one), await rolesOf(other)]).toEqual([[], []]);
    const now = Math.floor(clock.now() / 1000);
    const claims = {
      iss: corp.issuer,
      aud: 'weir',
      sub,
      groups: ['approvers'],
      iat: now - 3600,
      exp: now + 600,
    };
    const headers = { authorization: `Bearer ${await corp.sign(claims)}` };
    expect((await json<Me>(await fetch(`${house.url}/api/identity/me`, { headers }))).roles).toEqual([]);
  });

  it('counts where it is the newest', async () => {
    const sub = newId('sub');
    const one = await signIn(sub);
    corp.claims = { sub, groups: ['approvers'] };
    clock.ahead += 101_000;
    await (
      await slowRefresh()
    )();
    expect(await rolesOf(one)).toEqual(['approver']);
  });
});
