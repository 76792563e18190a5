import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { payload, SignInRefusedSchema } from '#events';
import { PlainBrowser } from '../support/browser.js';
import { SamlIdp } from '../support/saml-idp.js';
import { IdentityHouse, MovingClock } from './identity.house.js';
import { leave, post, SamlWay } from './saml.way.js';

const clock = new MovingClock();
const denied = 'urn:oasis:names:tc:SAML:2.0:status:AuthnFailed';
let idp: SamlIdp;
let house: IdentityHouse;
let way: SamlWay;
let before = 0;
beforeAll(async () => {
  idp = await SamlIdp.make();
  house = await IdentityHouse.start({ identity: `  saml:\n    - ${idp.entry('corp')}`, clock });
  way = new SamlWay(house.url, idp);
});
afterAll(() => house.stop());
beforeEach(async () => void (before = (await house.events()).length));

async function refusals() {
  const news = (await house.events()).slice(before);
  return news
    .map(({ envelope }) => payload(SignInRefusedSchema, envelope))
    .filter((each) => each !== undefined);
}

describe('a response that is not taken is on record', () => {
  it.each<[string, string, () => Promise<unknown>]>([
    ['refused', 'that is no SAML', () => post(house.url, 'corp', 'x')],
    [
      'refused',
      "that another's key signed",
      () => way.signIn((asked) => idp.sign(idp.response(asked), 'Assertion', { key: idp.otherKey })),
    ],
    ['denied', 'in which the provider says no', () => way.say({ status: denied })],
    ['mismatch', 'to two questions', () => way.say({ subjectInResponseTo: '_x' })],
  ])('as %s: one %s', async (code, _, act) => {
    await act();
    const reason = 'sign-in with corp failed';
    expect(await refusals()).toMatchObject([{ code, reason, through: 'pages', sourceAddress: '127.0.0.1' }]);
  });

  it('as expired: one that was taken before', async () => {
    const response = idp.signedResponse(await leave(new PlainBrowser(), house.url));
    await post(house.url, 'corp', response);
    expect(await refusals()).toEqual([]);
    await post(house.url, 'corp', response);
    expect(await refusals()).toMatchObject([{ code: 'expired' }]);
  });

  it('and one that is leaves no such record', async () => {
    expect(await way.say({})).toBe('/approvals');
    expect(await refusals()).toEqual([]);
  });

  it('sixty times a minute and process, however many come', async () => {
    clock.ahead += 60_000;
    for (let n = 0; n < 65; n++) expect(await post(house.url, 'corp', 'x')).toBe('/sign-in?error=refused');
    expect(await refusals()).toHaveLength(60);
    clock.ahead += 60_000;
    await post(house.url, 'corp', 'x');
    expect(await refusals()).toHaveLength(61);
  });
});
