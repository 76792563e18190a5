import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { payload, PageSessionStartedSchema, SamlAssertionTakenSchema, SignInRefusedSchema } from '#events';
import { systemClock } from '#kernel';
import { parseConfig } from '#platform';
import { SamlSignIn } from '../../services/identity/saml/saml.provider.js';
import { PlainBrowser, type Me } from '../support/browser.js';
import { json } from '../support/json.js';
import { at, readAuthnRequest, SamlIdp } from '../support/saml-idp.js';
import { IdentityHouse, MovingClock } from './identity.house.js';
import { leave, post, SamlWay } from './saml.way.js';

let idp: SamlIdp;
let identity: string;
let house: IdentityHouse;
let way: SamlWay;
beforeAll(async () => {
  idp = await SamlIdp.make();
  const entries = [
    idp.entry('corp', { label: 'Corp' }),
    idp.entry('other', { entityId: 'urn:weir:other', groupsAttribute: 'urn:oid:groups', sloUrl: undefined }),
  ];
  identity = `  saml:\n${entries.map((entry) => `    - ${entry}`).join('\n')}`;
  house = await IdentityHouse.start({ identity });
  way = new SamlWay(house.url, idp);
});
afterAll(() => house.stop());

const me = async (browser: PlainBrowser) => json<Me>(await browser.ask(`${house.url}/api/identity/me`));

describe('signing in with SAML', () => {
  it('goes by redirect, comes back by POST, and ends where the person wanted to go', async () => {
    const browser = new PlainBrowser();
    const asked = await leave(browser, house.url, 'corp', '/approvals?status=all');
    expect(asked.origin + asked.pathname).toBe(idp.ssoUrl);
    expect([...asked.searchParams.keys()]).toEqual(['SAMLRequest']);
    expect(readAuthnRequest(asked)).toMatchObject({
      acs: `${house.url}/api/identity/saml/corp/acs`,
      issuer: `${house.url}/api/identity/saml/corp/metadata`,
    });
    const said = { groups: ['approvers', 'dba', 'dba'], displayName: 'Ann Lee', sessionIndex: 'i1' };
    const back = await post(house.url, 'corp', idp.signedResponse(asked, said));
    expect(back).toMatch(/^\/api\/identity\/saml\/corp\/finish\?code=[\w-]{43}$/);
    const done = await browser.ask(house.url + back);
    expect([done.status, done.headers.get('location')]).toEqual([303, '/approvals?status=all']);
    expect(browser.cookie(house.url, 'weir-signin')).toBeUndefined();
    expect(await me(browser)).toMatchObject({
      id: 'corp:ann',
      groups: ['approvers', 'dba'],
      displayName: 'Ann Lee',
      pageSession: { provider: 'corp' },
    });
  });

  it('gives no groups where the attribute is missing, also to whom it gave some before', async () => {
    const browser = new PlainBrowser();
    await way.say({ groups: ['approvers'] }, browser);
    expect((await me(browser)).groups).toEqual(['approvers']);
    await way.say({}, browser);
    expect((await me(browser)).groups).toEqual([]);
  });

  it('reads groups from the attribute that is configured, and from no other', async () => {
    const browser = new PlainBrowser();
    const more =
      '<saml:AttributeStatement><saml:Attribute Name="urn:oid:groups" FriendlyName="groups">' +
      '<saml:AttributeValue>dba</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>';
    const other = new SamlWay(house.url, idp, 'other');
    expect(await other.say({ groups: ['security'], more }, browser)).toBe('/approvals');
    expect(await me(browser)).toMatchObject({ id: 'other:ann', groups: ['dba'] });
  });

  it('names both halves of an identity: the same name of another provider is another person', async () => {
    const browser = new PlainBrowser();
    await way.say({ nameId: 'corp:ann' }, browser);
    expect((await me(browser)).id).toBe('corp:corp:ann');
  });

  it("is over when the provider's session is", async () => {
    const browser = new PlainBrowser();
    await way.say({ sessionEnds: 120_000 }, browser);
    const { endsAt } = (await me(browser)).pageSession!;
    expect(Math.abs(Date.parse(endsAt) - Date.parse(at(120_000)))).toBeLessThan(10_000);
  });

  it('leaves nobody signed in for longer than unread groups may count', async () => {
    const browser = new PlainBrowser();
    await way.say({ sessionEnds: 24 * 3_600_000 }, browser);
    const { endsAt } = (await me(browser)).pageSession!;
    expect(Date.parse(endsAt) - Date.now()).toBeLessThan(3_600_000 + 10_000);
  });

  it('is offered on the sign-in page', async () => {
    const { providers } = await json<{ providers: unknown[] }>(
      await fetch(`${house.url}/api/identity/providers`),
    );
    const signIn = (name: string) => `/api/identity/sign-in/${name}`;
    expect(providers).toEqual([
      { name: 'corp', kind: 'saml', label: 'Corp', signIn: signIn('corp'), cli: null },
      { name: 'other', kind: 'saml', label: 'other', signIn: signIn('other'), cli: null },
    ]);
  });
});

describe('an answer', () => {
  it('is of the browser that asked, and of no other', async () => {
    const [ann, mallory] = [new PlainBrowser(), new PlainBrowser()];
    const asked = await leave(ann, house.url);
    const own = await leave(mallory, house.url);
    const back = await post(house.url, 'corp', idp.signedResponse(asked));
    const away = await mallory.ask(house.url + back);
    expect(away.headers.get('location')).toBe('/sign-in?error=mismatch&to=%2Fapprovals');
    const nobody = await new PlainBrowser().ask(house.url + back);
    expect(nobody.headers.get('location')).toBe('/sign-in?error=expired');
    expect(mallory.cookie(house.url, 'weir')).toBeUndefined();
    // Mallory's own way is not ended by that.
    expect(await way.comeBack(mallory, idp.signedResponse(own, { nameId: 'mallory' }))).toBe('/approvals');
    expect((await me(mallory)).id).toBe('corp:mallory');
  });

  it('finishes once', async () => {
    const browser = new PlainBrowser();
    const asked = await leave(browser, house.url);
    const transaction = browser.cookie(house.url, 'weir-signin')!;
    const back = await post(house.url, 'corp', idp.signedResponse(asked));
    expect((await browser.ask(house.url + back)).headers.get('location')).toBe('/approvals');
    browser.plant(house.url, 'weir-signin', transaction);
    const again = await browser.ask(house.url + back);
    expect(again.headers.get('location')).toBe('/sign-in?error=mismatch&to=%2Fapprovals');
  });

  it('of one provider does not finish at another', async () => {
    const browser = new PlainBrowser();
    const back = await post(house.url, 'corp', idp.signedResponse(await leave(browser, house.url)));
    const done = await browser.ask(house.url + back.replace('/corp/', '/other/'));
    expect(done.headers.get('location')).toBe('/sign-in?error=mismatch&to=%2Fapprovals');
  });

  it.each(['', 'x', 'A'.repeat(43), '../../../etc/passwd', '%00'])('is not kept under %j', async (code) => {
    const browser = new PlainBrowser();
    await leave(browser, house.url);
    const done = await browser.ask(`${house.url}/api/identity/saml/corp/finish?code=${code}`);
    expect(done.headers.get('location')).toBe('/sign-in?error=mismatch&to=%2Fapprovals');
  });

  it('is kept sealed, under a name that is not its code, and for ten minutes', async () => {
    const time = new MovingClock();
    const own = await IdentityHouse.start({ identity, clock: time });
    const browser = new PlainBrowser();
    const dir = join(own.config.dataDir, 'saml-answers');
    const response = idp.signedResponse(await leave(browser, own.url), { nameId: 'canary' });
    const back = await post(own.url, 'corp', response);
    const [file = ''] = readdirSync(dir);
    expect(file).toMatch(/^[0-9a-f]{64}$/);
    expect(back).not.toContain(file);
    time.ahead = 11 * 60_000;
    const late = await browser.ask(own.url + back);
    expect(late.headers.get('location')).toBe('/sign-in?error=expired');
    expect(readdirSync(dir)).toContain(file);
    const said = { issued: time.ahead, responseIssued: time.ahead, notOnOrAfter: 20 * 60_000 };
    expect(await new SamlWay(own.url, idp).say({ ...said, confirmedUntil: 20 * 60_000 })).toBe('/approvals');
    expect(readdirSync(dir)).not.toContain(file);
    await own.stop();
  });
});

describe('an assertion is good once', () => {
  it('in one process', async () => {
    const browser = new PlainBrowser();
    const response = idp.signedResponse(await leave(browser, house.url));
    expect(await way.comeBack(browser, response)).toBe('/approvals');
    expect(await post(house.url, 'corp', response)).toBe('/sign-in?error=expired');
  });

  it('in a response of its own, too', async () => {
    const asked = await leave(new PlainBrowser(), house.url);
    const once = idp.sign(idp.response(asked), 'Assertion');
    expect(await post(house.url, 'corp', once)).toContain('finish?code=');
    expect(await post(house.url, 'corp', once.replace(' ID="_r', ' ID="_s'))).toBe('/sign-in?error=expired');
  });

  it('in two processes, and the browser may finish in the other', async () => {
    const beside = await IdentityHouse.start({
      identity,
      beside: house,
      publicUrl: house.config.publicUrl,
    });
    try {
      const browser = new PlainBrowser();
      const response = idp.signedResponse(await leave(browser, house.url));
      const back = await post(house.url, 'corp', response);
      expect(await post(beside.url, 'corp', response)).toBe('/sign-in?error=expired');
      const done = await browser.ask(beside.url + back);
      expect(done.headers.get('location')).toBe('/approvals');
      expect((await me(browser)).id).toBe('corp:ann');
      // At the same instant: one of both.
      const again = idp.signedResponse(await leave(new PlainBrowser(), house.url));
      const both = await Promise.all([post(house.url, 'corp', again), post(beside.url, 'corp', again)]);
      expect(both.toSorted()).toEqual([expect.stringContaining('finish?code='), '/sign-in?error=expired']);
    } finally {
      await beside.stop();
    }
  });

  it('also after a restart: the log knows', async () => {
    const response = idp.signedResponse(await leave(new PlainBrowser(), house.url));
    await post(house.url, 'corp', response);
    const beside = await IdentityHouse.start({
      identity,
      beside: house,
      publicUrl: house.config.publicUrl,
    });
    try {
      expect(await post(beside.url, 'corp', response)).toBe('/sign-in?error=expired');
    } finally {
      await beside.stop();
    }
  });
});

describe('what the log holds', () => {
  it('is who was signed in and by which kind, and no name, index or code beside', async () => {
    await way.say({ nameId: 'bea', sessionIndex: 'index-canary', groups: ['dba'] });
    const envelopes = (await house.events()).map(({ envelope }) => envelope);
    const started = envelopes.map((each) => payload(PageSessionStartedSchema, each)).filter(Boolean);
    expect(started.at(-1)).toMatchObject({ kind: 'saml', provider: 'corp', principal: { id: 'corp:bea' } });
    const taken = envelopes.map((each) => payload(SamlAssertionTakenSchema, each)).filter(Boolean);
    expect(taken.at(-1)).toMatchObject({ provider: 'corp' });
    expect(taken.at(-1)!.assertionHash).toHaveLength(32);
    expect(envelopes.some(({ data }) => Buffer.from(data).includes('index-canary'))).toBe(false);
  });

  it('is that an answer was not taken, where this browser was on its way', async () => {
    await way.say({ inResponseTo: '_somebody-elses' });
    const refusals = (await house.events())
      .map(({ envelope }) => payload(SignInRefusedSchema, envelope))
      .filter(Boolean);
    expect(refusals.at(-1)).toMatchObject({ code: 'mismatch', through: 'pages' });
  });
});

describe('the metadata', () => {
  it('says where answers go, and what is asked of them', async () => {
    const answer = await fetch(`${house.url}/api/identity/saml/other/metadata`);
    expect(answer.headers.get('content-type')).toContain('application/samlmetadata+xml');
    const xml = await answer.text();
    expect(xml).toContain('entityID="urn:weir:other"');
    expect(xml).toContain('AuthnRequestsSigned="false" WantAssertionsSigned="true"');
    expect(xml).toContain(`HTTP-POST" Location="${house.url}/api/identity/saml/other/acs"`);
    expect(xml.match(/SingleLogoutService/g)).toHaveLength(2);
    expect((await fetch(`${house.url}/api/identity/saml/nobody/metadata`)).status).toBe(404);
  });
});

describe('a configuration', () => {
  const parse = (entry: string, more = '') =>
    parseConfig(`${more}identity:\n  saml:\n    - ${entry}`, '/etc/weir.yaml', '/var/lib/weir');

  it.each<[string, () => unknown]>([
    ['leads browsers over plain http', () => parse(idp.entry('corp', { ssoUrl: 'http://idp.example/sso' }))],
    ['leads browsers to a script', () => parse(idp.entry('corp', { sloUrl: 'javascript:alert(1)' }))],
    ['has no certificate', () => parse(idp.entry('corp', { idpCerts: [] }))],
    ['has a name twice', () => parse(`${idp.entry('corp')}\n    - ${idp.entry('corp')}`)],
    [
      "has an issuer's name",
      () =>
        parse(`${idp.entry('corp')}\n  oidc: [{ name: corp, issuer: "https://a.example", audience: weir }]`),
    ],
    ['serves pages over plain http', () => parse(idp.entry('corp'), 'publicUrl: http://weir.example\n')],
  ])('is refused that %s', (_, act) => expect(act).toThrow(/identity.saml\[[01]\]/));

  it.each<[string, () => string]>([
    ['is no certificate', () => 'MIIB'],
    ['is of an elliptic curve', () => ellipticCertificate],
    ['is not there', () => 'file:nowhere.pem'],
  ])('is refused whose certificate %s', (_, certificate) => {
    expect(() => signIn(parse(idp.entry('corp', { idpCerts: [certificate()] })))).toThrow(
      /idpCerts|nowhere.pem/,
    );
  });

  it('may name files', () => {
    const path = join(house.config.dataDir, 'idp.pem');
    writeFileSync(path, idp.key.certificate);
    const { settings } = signIn(parse(idp.entry('corp', { idpCerts: [`file:${path}`] })));
    expect(settings.certificates).toHaveLength(1);
  });

  function signIn(config: ReturnType<typeof parse>): SamlSignIn {
    return new SamlSignIn(config.identity.saml[0]!, config, {} as never, systemClock);
  }
});

const ellipticCertificate = `-----BEGIN CERTIFICATE-----
MIIBczCCARmgAwIBAgIUIBdoBFZsgx9H6KWuDfPPg7MFYzswCgYIKoZIzj0EAwIw
DjEMMAoGA1UEAwwDaWRwMCAXDTI2MTEyMTE3MzQxM1oYDzIxMjYxMDI4MTczNDEz
WjAOMQwwCgYDVQQDDANpZHAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARSiQ6D
IqjeqZhn81XOePbEIGocdm5GeaL/U20MqlYnbRjzBpj4CnGGPNcB3efstAQTwanM
io53tKK4w9T4p/Dbo1MwUTAdBgNVHQ4EFgQU3fWbMrEbZW1uRas1lZDA86tafFcw
HwYDVR0jBBgwFoAU3fWbMrEbZW1uRas1lZDA86tafFcwDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNIADBFAiBfn1G7DOmOCWix+FzYi7nCcNV4djrC2OLovohW
U1qOcQIhAJWUmtEocrGY7Eazlw5mtEHGbdLRPNzlXRbW5Osw9pYZ
-----END CERTIFICATE-----
`;
