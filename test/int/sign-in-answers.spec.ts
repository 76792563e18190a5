import { createHmac } from 'node:crypto';
import { exportSPKI } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PlainBrowser, type Me } from '../support/browser.js';
import { HostileProvider } from '../support/hostile-provider.js';
import { json } from '../support/json.js';
import { IdentityHouse, MovingClock } from './identity.house.js';

const clock = new MovingClock();
let corp: HostileProvider;
let other: HostileProvider;
let house: IdentityHouse;
beforeAll(async () => {
  corp = await HostileProvider.start();
  other = await HostileProvider.start();
  other.discovery['authorization_response_iss_parameter_supported'] = false;
  const identity = `  oidc:\n    - ${corp.entry('corp')}\n    - ${other.entry('other')}`;
  house = await IdentityHouse.start({ identity, clock });
});
afterAll(async () => {
  await house.stop();
  await corp.stop();
  await other.stop();
});
afterEach(() => {
  for (const provider of [corp, other]) {
    provider.claims = { groups: ['approvers'] };
    provider.header = {};
    provider.forge = undefined;
    provider.refuse = {};
  }
});

/** Leaves for a provider; resolves to the address there. */
async function leave(browser: PlainBrowser, name = 'corp', to = '/approvals'): Promise<string> {
  const url = `${house.url}/api/identity/sign-in/${name}?to=${encodeURIComponent(to)}`;
  const answer = await browser.ask(url);
  expect(answer.status).toBe(302);
  return answer.headers.get('location')!;
}

/** Comes back; resolves to where it goes on, and asserts that only a success leaves a session. */
async function comeBack(browser: PlainBrowser, url: string): Promise<string> {
  const before = browser.cookie(house.url, 'weir');
  const answer = await browser.ask(url);
  expect(answer.status).toBe(303);
  const location = answer.headers.get('location')!;
  if (location.startsWith('/sign-in?error=')) expect(browser.cookie(house.url, 'weir')).toBe(before);
  return location;
}

async function through(change?: (answer: URLSearchParams) => void): Promise<string> {
  const browser = new PlainBrowser();
  return comeBack(browser, corp.answerTo(await leave(browser), change));
}

const failed = (code: string) => `/sign-in?error=${code}&to=%2Fapprovals`;
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe("the provider's answer", () => {
  it('signs in, asked for with PKCE, state and nonce', async () => {
    const browser = new PlainBrowser();
    const there = await leave(browser);
    const asked = new URL(there).searchParams;
    expect(asked.get('response_type')).toBe('code');
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect(
      [asked.get('state'), asked.get('nonce'), asked.get('code_challenge')].map((v) => v?.length),
    ).toEqual([43, 43, 43]);
    expect(await comeBack(browser, corp.answerTo(there))).toBe('/approvals');
    const me = await json<Me>(await browser.ask(`${house.url}/api/identity/me`));
    expect(me).toMatchObject({ id: 'corp:ann', groups: ['approvers'], pageSession: { provider: 'corp' } });
    const token = corp.asked.findLast(({ path }) => path === '/token');
    expect(token?.body.get('code_verifier')).toHaveLength(43);
  });

  it.each([
    ['without a state', (answer: URLSearchParams) => answer.delete('state')],
    ['with a wrong state', (answer: URLSearchParams) => answer.set('state', 'A'.repeat(43))],
    ['with two states', (answer: URLSearchParams) => answer.append('state', 'x')],
    ["with another issuer's name", (answer: URLSearchParams) => answer.set('iss', 'https://evil.example')],
    [
      "with no issuer's name, from one that always gives it",
      (answer: URLSearchParams) => answer.delete('iss'),
    ],
  ])('is not taken %s', async (_, change) => {
    expect(['mismatch', 'refused'].map(failed)).toContain(await through(change));
  });

  it('is taken once', async () => {
    const browser = new PlainBrowser();
    const back = corp.answerTo(await leave(browser));
    const transaction = browser.cookie(house.url, 'weir-signin')!;
    expect(await comeBack(browser, back)).toBe('/approvals');
    expect(browser.cookie(house.url, 'weir-signin')).toBeUndefined();
    expect(await comeBack(browser, back)).toBe('/sign-in?error=expired');
    browser.plant(house.url, 'weir-signin', transaction);
    expect(await comeBack(browser, back)).toBe(failed('expired'));
  });

  it('is not taken in another browser', async () => {
    const back = corp.answerTo(await leave(new PlainBrowser()));
    expect(await comeBack(new PlainBrowser(), back)).toBe('/sign-in?error=expired');
    const mallory = new PlainBrowser();
    const own = corp.answerTo(await leave(mallory));
    expect(await comeBack(mallory, back)).toBe(failed('mismatch'));
    // And that ends no way that this browser is on itself.
    expect(await comeBack(mallory, own)).toBe('/approvals');
  });

  it('is not taken with a transaction that was not sealed here', async () => {
    const browser = new PlainBrowser();
    const back = corp.answerTo(await leave(browser));
    const sealed = browser.cookie(house.url, 'weir-signin')!;
    for (const value of [`${sealed.slice(0, -2)}AA`, sealed.slice(0, 40), '', 'A'.repeat(5_000)]) {
      browser.plant(house.url, 'weir-signin', value);
      expect(await comeBack(browser, back)).toBe('/sign-in?error=expired');
    }
  });

  it("is not taken at another provider's address (mix-up)", async () => {
    const browser = new PlainBrowser();
    // Without an issuer's name: from and to providers that are older than RFC 9207.
    const back = corp.answerTo(await leave(browser, 'corp'), (answer) => answer.delete('iss'));
    const asked = other.asked.length;
    expect(await comeBack(browser, back.replace('/callback/corp', '/callback/other'))).toBe(
      failed('mismatch'),
    );
    expect(other.asked.slice(asked).filter(({ path }) => path === '/token')).toEqual([]);
  });

  it("with another provider's code goes nowhere, and neither does its code (mix-up)", async () => {
    const browser = new PlainBrowser();
    // The attacker's provider was chosen, and sends the browser back with the honest one's answer.
    const there = await leave(browser, 'other');
    const back = corp.answerTo(there);
    const asked = other.asked.length;
    expect(await comeBack(browser, back)).toBe(failed('mismatch'));
    expect(other.asked.slice(asked).filter(({ path }) => path === '/token')).toEqual([]);
  });

  it('that says no is a refusal, and nothing of its words is passed on', async () => {
    const location = await through((answer) => {
      answer.delete('code');
      answer.set('error', 'access_denied');
      answer.set('error_description', '<script>alert(1)</script>');
    });
    expect(location).toBe(failed('denied'));
  });

  it.each([
    ['a code that the provider does not take', { status: 400, error: 'invalid_grant' }, 'refused'],
    ['a provider that can not just now', { status: 503, error: 'temporarily_unavailable' }, 'unavailable'],
  ])('with %s', async (_, refuse, code) => {
    corp.refuse = { authorization_code: refuse };
    expect(await through()).toBe(failed(code));
  });

  it('is not waited for where the provider is away', async () => {
    const gone = await HostileProvider.start();
    const identity = `  oidc:\n    - ${gone.entry('gone')}`;
    const lonely = await IdentityHouse.start({ identity });
    await gone.stop();
    const answer = await fetch(`${lonely.url}/api/identity/sign-in/gone?to=/approvals`, {
      redirect: 'manual',
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, failed('unavailable')]);
    await lonely.stop();
  });

  it('of a provider that there is not', async () => {
    const answer = await fetch(`${house.url}/api/identity/sign-in/evil`, { redirect: 'manual' });
    expect(answer.headers.get('location')).toBe('/sign-in?error=unknown');
  });
});

describe('an ID token in the answer', () => {
  const now = () => Math.floor(Date.now() / 1000);

  it.each<[string, () => void]>([
    ['for another nonce', () => (corp.claims = { nonce: 'other' })],
    ['without the nonce', () => (corp.claims = { nonce: undefined })],
    ['for another client', () => (corp.claims = { aud: 'weir' })],
    ['for nobody', () => (corp.claims = { aud: [] })],
    ['of another issuer', () => (corp.claims = { iss: 'https://evil.example' })],
    ['that has expired', () => (corp.claims = { exp: now() - 60 })],
    ['without an end', () => (corp.claims = { exp: undefined })],
    ['that is not valid yet', () => (corp.claims = { nbf: now() + 600 })],
    ['without a subject', () => (corp.claims = { sub: undefined })],
    ['whose subject would garble a terminal', () => (corp.claims = { sub: 'ann\u001b[2J' })],
    ['that is huge', () => (corp.claims = { groups: Array.from({ length: 2_000 }, (_, i) => `group-${i}`) })],
    ['with alg none', () => (corp.forge = (claims) => `${encoded({ alg: 'none' })}.${encoded(claims)}.`)],
    ['with the public key as an HMAC secret', () => (corp.forge = hmacSigned)],
    ['with a kid that is a path', () => (corp.header = { kid: '../../keys' })],
    ['with a kid that is a query', () => (corp.header = { kid: "k1' OR '1'='1" })],
    ['with a critical header that nobody knows', () => (corp.header = { crit: ['urgent'], urgent: true })],
    ['with a key of its own', () => (corp.forge = withOwnKey)],
    ['with the address of a key', () => (corp.header = { jku: 'http://127.0.0.1:1/keys' })],
    ["with another issuer's key", () => (corp.forge = (claims) => other.sign(claims, {}))],
    ["with another issuer's key under our kid", () => (corp.forge = (c) => corp.sign(c, {}, other.key))],
    [
      'with a broken signature',
      () => (corp.forge = async (c) => `${(await corp.sign(c)).slice(0, -6)}AAAAAA`),
    ],
    ['that is none', () => (corp.forge = () => 'a.b.c')],
  ])('is not taken %s', async (_, lie) => {
    lie();
    expect(['mismatch', 'refused'].map(failed)).toContain(await through());
    corp.forge = undefined;
    corp.header = {};
    corp.claims = { groups: ['approvers'] };
    expect(await through()).toBe('/approvals');
  });

  async function hmacSigned(claims: object): Promise<string> {
    const signed = `${encoded({ alg: 'HS256', kid: corp.jwk.kid })}.${encoded(claims)}`;
    const secret = await exportSPKI(corp.publicKey);
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  }

  function withOwnKey(claims: object): Promise<string> {
    return corp.sign(claims as Record<string, unknown>, { jwk: other.jwk }, other.key);
  }

  it('is verified with a key that the provider has changed to, looked for every 30 s at most', async () => {
    await corp.newKey();
    clock.ahead += 31_000;
    expect(await through()).toBe('/approvals');
    await corp.newKey();
    expect(await through()).toBe(failed('refused'));
    clock.ahead += 31_000;
    expect(await through()).toBe('/approvals');
  });
});
