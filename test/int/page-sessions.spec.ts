import { request as rawRequest } from 'node:http';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Body, Controller, Get, Post } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PageSessionEndedSchema, PageSessionStartedSchema, payload } from '#events';
import { Authenticated, Roles } from '#platform';
import { PageSessionKeeper } from '../../services/identity/index.js';
import { PlainBrowser, type Me } from '../support/browser.js';
import { HostileProvider } from '../support/hostile-provider.js';
import { eventually } from '../support/house.js';
import { json } from '../support/json.js';
import { IdentityHouse, MovingClock } from './identity.house.js';

@Controller('things')
class ThingsController {
  @Authenticated()
  @Get()
  get() {
    return {};
  }

  @Authenticated()
  @Post()
  post(@Body() body: unknown) {
    return { body };
  }

  @Roles('approver')
  @Get('approver')
  approver() {
    return {};
  }
}

const clock = new MovingClock();
let corp: HostileProvider;
let house: IdentityHouse;
const roles = '  roles: { approver: [approvers] }\n  pages: { idle: 600, maxAge: 7200, refresh: 100 }';
beforeAll(async () => {
  corp = await HostileProvider.start();
  const identity = `${roles}\n  oidc:\n    - ${corp.entry('corp')}`;
  house = await IdentityHouse.start({ identity, clock, more: [ThingsController] });
});
afterAll(async () => {
  await house.stop();
  await corp.stop();
});
afterEach(() => {
  Object.assign(corp, { claims: { groups: ['approvers'] }, refuse: {}, away: false });
  Object.assign(corp, { refreshTokens: true, idTokenOnRefresh: true });
});

interface SignedIn {
  readonly browser: PlainBrowser;
  readonly cookie: string;
  readonly csrf: string;
}

async function signIn(at = house, browser = new PlainBrowser(), headers = {}): Promise<SignedIn> {
  const there = await browser.ask(`${at.url}/api/identity/sign-in/corp`);
  const back = await browser.ask(corp.answerTo(there.headers.get('location')!), { headers });
  expect(back.headers.get('location')).toBe('/');
  const { pageSession } = await json<Me>(await browser.ask(`${at.url}/api/identity/me`));
  return { browser, cookie: `weir=${browser.cookie(at.url, 'weir')}`, csrf: pageSession!.csrf };
}

const get = (cookie: string, path = '/api/things', at = house) =>
  fetch(at.url + path, { headers: { cookie } });
const post = (headers: Record<string, string>, body = '{}') =>
  fetch(`${house.url}/api/things`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
const me = async (cookie: string, at = house) => json<Me>(await get(cookie, '/api/identity/me', at));

async function keep(at = house): Promise<void> {
  const keeper = at.app.get(PageSessionKeeper, { strict: false });
  keeper.tick();
  await keeper.settled();
}

describe('the cookie', () => {
  it('is of 256 bits, for this host and no script, and only its digest is in the log', async () => {
    const browser = new PlainBrowser();
    const there = await browser.ask(`${house.url}/api/identity/sign-in/corp`);
    const back = await browser.ask(corp.answerTo(there.headers.get('location')!));
    const [session, transaction] = back.headers.getSetCookie();
    expect(session).toMatch(/^weir=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(transaction).toBe('weir-signin=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0');
    expect(there.headers.getSetCookie()[0]).toMatch(
      /^weir-signin=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/,
    );
    const secret = browser.cookie(house.url, 'weir')!;
    for (const { raw } of await house.events()) expect(Buffer.from(raw).includes(secret)).toBe(false);
  });

  it('is Secure and bound to the host over https', async () => {
    const identity = `${roles}\n  oidc:\n    - ${corp.entry('corp')}`;
    const far = await IdentityHouse.start({ identity, publicUrl: 'https://weir.example' });
    const answer = await fetch(`${far.url}/api/identity/sign-in/corp`, { redirect: 'manual' });
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-weir-signin=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/,
    );
    const there = new URL(answer.headers.get('location')!);
    expect(there.searchParams.get('redirect_uri')).toBe('https://weir.example/api/identity/callback/corp');
    await far.stop();
  });

  it('that was there before signing in is not adopted (fixation), and a former session ends', async () => {
    const browser = new PlainBrowser();
    const planted = 'A'.repeat(43);
    browser.plant(house.url, 'weir', planted);
    const first = await signIn(house, browser);
    expect(first.cookie).not.toBe(`weir=${planted}`);
    expect((await get(`weir=${planted}`)).status).toBe(401);
    const second = await signIn(house, browser);
    expect(second.cookie).not.toBe(first.cookie);
    expect((await get(first.cookie)).status).toBe(401);
    expect((await get(second.cookie)).status).toBe(200);
  });

  it('is not taken twice over, garbled, or beside a bearer token that is wrong', async () => {
    const { cookie } = await signIn();
    expect((await get(`a=b; ${cookie}; c=d`)).status).toBe(200);
    for (const wrong of [
      `${cookie}; ${cookie}`,
      `${cookie}x`,
      cookie.slice(0, -1),
      'weir=',
      'weir=__proto__',
    ])
      expect([wrong, (await get(wrong)).status]).toEqual([wrong, 401]);
    const both = await fetch(`${house.url}/api/things`, {
      headers: { cookie, authorization: 'Bearer a.b.c' },
    });
    expect(both.status).toBe(401);
  });
});

describe('a change by cookie', () => {
  it('needs its token in the header, from our own pages', async () => {
    const { cookie, csrf } = await signIn();
    const good = { cookie, 'x-weir-csrf': csrf };
    const other = (await signIn()).csrf;
    expect((await post(good)).status).toBe(201);
    expect((await post({ ...good, origin: house.url, 'sec-fetch-site': 'same-origin' })).status).toBe(201);
    const refused: Record<string, string>[] = [
      { cookie },
      { cookie, 'x-weir-csrf': '' },
      { cookie, 'x-weir-csrf': other },
      { cookie, 'x-weir-csrf': cookie.slice('weir='.length) },
      { cookie, 'content-type': 'text/plain' },
      { cookie, 'content-type': 'application/x-www-form-urlencoded' },
      { ...good, origin: 'https://evil.example' },
      { ...good, origin: 'null' },
      { ...good, origin: house.url.replace('http:', 'https:') },
      { ...good, 'sec-fetch-site': 'cross-site' },
      { ...good, 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of refused) expect([headers, (await post(headers)).status]).toEqual([headers, 403]);
  });

  it('needs none of that for reading, or with a bearer token', async () => {
    const { cookie } = await signIn();
    const from = { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    const read = await fetch(`${house.url}/api/things`, { headers: from });
    // A link from a chat is cross-site, too; what it shows no other site's script can read.
    expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([200, null]);
    const now = Math.floor(clock.now() / 1000);
    const token = await corp.sign({ iss: corp.issuer, aud: 'weir', sub: 'bot', exp: now + 60 });
    expect((await post({ authorization: `Bearer ${token}`, cookie })).status).toBe(201);
  });
});

describe('where to go afterwards', () => {
  const goesTo = async (to: string) => {
    const browser = new PlainBrowser();
    const there = await browser.ask(`${house.url}/api/identity/sign-in/corp?to=${to}`);
    return (await browser.ask(corp.answerTo(there.headers.get('location')!))).headers.get('location');
  };

  it.each([
    ['/approvals/apr_1', '/approvals/apr_1'],
    ['/sessions%3Ftable%3Dpublic.orders%26since%3D1h', '/sessions?table=public.orders&since=1h'],
    ['/decisions/a%20b', '/'],
    ['//evil.example', '/'],
    ['///evil.example', '/'],
    ['/%5Cevil.example', '/'],
    ['%5C%5Cevil.example', '/'],
    ['/%252fevil.example', '/'],
    ['/%255cevil.example', '/'],
    ['/.%2F%2Fevil.example', '/'],
    ['/a/..%2F%2Fevil.example', '/'],
    ['https:%2F%2Fevil.example', '/'],
    ['https:evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['%2F%09%2Fevil.example', '/'],
    ['/%0D%0Aset-cookie:%20weir=x', '/'],
    ['/%00', '/'],
    ['%20//evil.example', '/'],
    ['@evil.example', '/'],
    ['/a&to=/b', '/'],
    ['', '/'],
    [`/${'a'.repeat(2000)}`, '/'],
  ])('%s: %s', async (to, expected) => {
    expect(await goesTo(to)).toBe(expected);
  });
});

describe('a page session', () => {
  it('ends with signing out: a stolen cookie is worth nothing, and what was kept is gone', async () => {
    const { browser, cookie, csrf } = await signIn();
    const answer = await browser.ask(`${house.url}/api/identity/sign-out`, {
      method: 'POST',
      headers: { 'x-weir-csrf': csrf },
    });
    const { continue: next } = await json<{ continue: string }>(answer);
    const { origin, pathname, searchParams } = new URL(next);
    expect(origin + pathname).toBe(`${corp.issuer}/end`);
    expect(searchParams.get('post_logout_redirect_uri')).toBe(`${house.url}/sign-in`);
    expect(searchParams.get('client_id')).toBe('pages');
    expect(searchParams.get('id_token_hint')).toMatch(/^ey/);
    expect(browser.cookie(house.url, 'weir')).toBeUndefined();
    expect((await get(cookie)).status).toBe(401);
    await eventually(() => corp.asked.some(({ path }) => path === '/revoke'));
  });

  it('keeps what the provider gave sealed, for its owner alone', async () => {
    await signIn();
    const dir = join(house.config.dataDir, 'page-sessions');
    const files = readdirSync(dir);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(dir, file)).includes('refresh')).toBe(false);
    }
    expect(statSync(join(house.config.dataDir, 'keys/pages.key')).mode & 0o777).toBe(0o600);
  });

  it('ends without requests, and lasts with them until its own end', async () => {
    const [idle, busy] = [await signIn(), await signIn()];
    for (let minutes = 0; minutes < 110; minutes += 5) {
      clock.ahead += 5 * 60_000;
      await keep();
      expect([minutes, (await get(busy.cookie)).status]).toEqual([minutes, 200]);
      await eventually(
        async () => Date.parse((await me(busy.cookie)).pageSession!.idleUntil) > clock.now() + 400_000,
      );
      expect([minutes, (await get(idle.cookie)).status]).toEqual([minutes, minutes < 5 ? 200 : 401]);
    }
    clock.ahead += 15 * 60_000;
    expect((await get(busy.cookie)).status).toBe(401);
    await keep();
    const reasons = (await house.events()).map(
      ({ envelope }) => payload(PageSessionEndedSchema, envelope)?.reason,
    );
    expect(reasons).toContain('idle');
  }, 60_000);

  it('is one of sixteen of the same person: with one more the oldest ends, and that is on record', async () => {
    corp.claims = { groups: [], sub: 'cap' };
    const all: SignedIn[] = [];
    for (let i = 0; i < 16; i++) all.push(await signIn());
    for (const { cookie } of all) expect((await get(cookie)).status).toBe(200);
    corp.claims = { groups: [], sub: 'other' };
    const other = await signIn();
    corp.claims = { groups: [], sub: 'cap' };
    // Who signs out in one browser has room for another.
    const { cookie, csrf } = all.pop()!;
    const headers = { cookie, 'x-weir-csrf': csrf };
    await fetch(`${house.url}/api/identity/sign-out`, { method: 'POST', headers });
    all.push(await signIn());
    expect((await get(all[0]!.cookie)).status).toBe(200);
    all.push(await signIn());
    const states = await Promise.all([...all, other].map(async (each) => (await get(each.cookie)).status));
    expect(states).toEqual([401, ...Array.from({ length: 17 }, () => 200)]);
    const ended = (await house.events()).filter(({ envelope }) => envelope.subject === 'corp:cap');
    const reasons = ended.flatMap(({ envelope }) => payload(PageSessionEndedSchema, envelope)?.reason ?? []);
    expect(reasons).toEqual(['signed out', 'too many']);
  });

  it('is known to other processes, and over for them, too', async () => {
    const identity = `${roles}\n  oidc:\n    - ${corp.entry('corp')}`;
    const replica = await IdentityHouse.start({ identity, clock, beside: house, more: [ThingsController] });
    const { cookie, csrf } = await signIn();
    expect((await get(cookie, '/api/things', replica)).status).toBe(200);
    await fetch(`${house.url}/api/identity/sign-out`, {
      method: 'POST',
      headers: { cookie, 'x-weir-csrf': csrf },
    });
    await eventually(async () => (await get(cookie, '/api/things', replica)).status === 401, 1_000);
    await replica.stop();
  });
});

describe('groups', () => {
  const groupsOf = async (cookie: string) => (await me(cookie)).groups;
  const later = async (seconds: number) => {
    clock.ahead += seconds * 1000;
    await keep();
  };

  it('are read again at the provider, and the rights go with them', async () => {
    const { cookie } = await signIn();
    expect((await get(cookie, '/api/things/approver')).status).toBe(200);
    corp.claims = { groups: ['nobodies'] };
    await later(50);
    expect(await groupsOf(cookie)).toEqual(['approvers']);
    await later(51);
    expect(await groupsOf(cookie)).toEqual(['nobodies']);
    expect((await get(cookie, '/api/things/approver')).status).toBe(403);
  });

  it('are none where the claim is missing now', async () => {
    const { cookie } = await signIn();
    corp.claims = {};
    await later(101);
    expect(await groupsOf(cookie)).toEqual([]);
  });

  it('are asked for with the newest refresh token', async () => {
    await signIn();
    await later(101);
    await later(101);
    const used = corp.asked.flatMap(({ body }) => body.get('refresh_token') ?? []);
    expect(new Set(used).size).toBe(used.length);
  });

  it('end with the session where the provider refuses', async () => {
    const { cookie } = await signIn();
    corp.refuse = { refresh_token: { status: 400, error: 'invalid_grant' } };
    await later(101);
    expect((await get(cookie)).status).toBe(401);
  });

  it('end with the session where the provider names somebody else', async () => {
    const { cookie } = await signIn();
    corp.claims = { sub: 'eve', groups: ['approvers'] };
    await later(101);
    expect((await get(cookie)).status).toBe(401);
  });

  it.each([
    ['does not answer', () => (corp.away = true)],
    ['can not just now', () => (corp.refuse = { refresh_token: { status: 503, error: 'server_error' } })],
  ])('count for a while where the provider %s, then none, until it answers', async (_, fail) => {
    const { cookie } = await signIn();
    fail();
    await later(150);
    expect(await groupsOf(cookie)).toEqual(['approvers']);
    await later(51);
    expect(await groupsOf(cookie)).toEqual([]);
    expect((await get(cookie, '/api/things/approver')).status).toBe(403);
    Object.assign(corp, { away: false, refuse: {} });
    await later(30);
    expect(await groupsOf(cookie)).toEqual(['approvers']);
  });

  it("are userinfo's where the ID token names none, at sign-in and later", async () => {
    corp.userinfo = { sub: 'ann', groups: ['approvers'], act: { sub: 'bot' } };
    corp.claims = {};
    clock.ahead += 600_000; // its endpoints are looked up again
    const { cookie } = await signIn();
    expect(await me(cookie)).toMatchObject({ id: 'corp:ann', groups: ['approvers'] });
    corp.userinfo = { sub: 'ann', groups: ['dba'] };
    corp.idTokenOnRefresh = false;
    await later(101);
    expect(await groupsOf(cookie)).toEqual(['dba']);
    Object.assign(corp, { rotates: true, userinfoAway: true });
    await later(101);
    corp.userinfoAway = false;
    await later(30);
    expect(await groupsOf(cookie)).toEqual(['dba']);
    corp.userinfo = { sub: 'eve', groups: ['approvers'] };
    await later(101);
    expect((await get(cookie)).status).toBe(401);
    Object.assign(corp, { userinfo: undefined, rotates: false });
    clock.ahead += 600_000;
  });

  it('stand without a refresh token, for a shorter session', async () => {
    corp.refreshTokens = false;
    const { cookie } = await signIn();
    const { pageSession } = await me(cookie);
    expect(Date.parse(pageSession!.endsAt) - clock.now()).toBeLessThanOrEqual(12 * 100_000);
    await later(500);
    expect(await groupsOf(cookie)).toEqual(['approvers']);
  });
});

describe("the provider's back channel", () => {
  const event = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  const send = async (claims: Record<string, unknown>, name = 'corp', at = house) => {
    const iat = Math.floor(clock.now() / 1000);
    const usual = { iss: corp.issuer, aud: 'pages', iat, jti: 'j1', events: event };
    const token = await corp.sign(
      JSON.parse(JSON.stringify({ ...usual, ...claims })) as Record<string, unknown>,
    );
    return fetch(`${at.url}/api/identity/back-channel-logout/${name}`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
    });
  };

  it('ends the session that it names, or all of a person', async () => {
    corp.claims = { groups: [], sid: 's1' };
    const one = await signIn();
    corp.claims = { groups: [], sid: 's2' };
    const two = await signIn();
    corp.claims = { groups: [], sid: 's3', sub: 'bob' };
    const bob = await signIn();
    clock.ahead += 1_000;
    expect((await send({ sub: 'ann', sid: 's1' })).status).toBe(200);
    expect((await get(one.cookie)).status).toBe(401);
    expect((await get(two.cookie)).status).toBe(200);
    expect((await send({ sub: 'ann' })).status).toBe(200);
    expect((await get(two.cookie)).status).toBe(401);
    expect((await get(bob.cookie)).status).toBe(200);
  });

  it('ends the session that it names in whichever process it arrives, on whatever machine', async () => {
    const identity = `${roles}\n  oidc:\n    - ${corp.entry('corp')}`;
    const far = await IdentityHouse.start({ identity, clock, beside: house, isElsewhere: true });
    corp.claims = { groups: [], sid: 'first-of-far', sub: 'far' };
    const one = await signIn();
    corp.claims = { groups: [], sid: 'second-of-far', sub: 'far' };
    const two = await signIn();
    clock.ahead += 1_000;
    expect((await send({ sid: 'first-of-far' }, 'corp', far)).status).toBe(200);
    await eventually(async () => (await get(one.cookie)).status === 401, 1_000);
    expect((await get(two.cookie)).status).toBe(200);
    // Only its digest is in the log.
    for (const { raw } of await house.events()) expect(Buffer.from(raw).includes('-of-far')).toBe(false);
    await far.stop();
  });

  it.each<[string, Record<string, unknown>]>([
    ['for another client', { aud: 'weir' }],
    ['of another issuer', { iss: 'https://evil.example' }],
    ['with a nonce: an ID token', { nonce: 'n' }],
    ['without the event', { events: {} }],
    ['about nobody', { sub: undefined }],
    ['from long ago', { iat: 1_700_000_000 }],
    ['without a name of its own', { jti: undefined }],
  ])('is not heard with a token %s', async (_, claims) => {
    const { cookie } = await signIn();
    clock.ahead += 1_000;
    expect((await send({ sub: 'ann', ...claims })).status).toBe(400);
    expect((await get(cookie)).status).toBe(200);
  });

  it('is not heard for a provider that there is not', async () => {
    expect((await send({ sub: 'ann' }, 'evil')).status).toBe(404);
  });
});

describe('headers that anyone can send', () => {
  const addressOf = async (at: IdentityHouse, forwarded: string) => {
    await signIn(at, new PlainBrowser(), { 'x-forwarded-for': forwarded, 'x-real-ip': '9.9.9.9' });
    const started = (await at.events()).flatMap(
      ({ envelope }) => payload(PageSessionStartedSchema, envelope) ?? [],
    );
    return started.at(-1)?.sourceAddress;
  };

  it('say nothing about who calls', async () => {
    const headers = {
      'x-forwarded-user': 'ann',
      'x-auth-request-user': 'ann',
      'x-remote-user': 'ann',
      'remote-user': 'ann',
      'x-forwarded-groups': 'approvers',
      forwarded: 'for=127.0.0.1',
    };
    expect((await fetch(`${house.url}/api/identity/me`, { headers })).status).toBe(401);
  });

  it('say where it comes from only if a trusted proxy sent them', async () => {
    expect(await addressOf(house, '203.0.113.7')).toBe('127.0.0.1');
    const identity = `${roles}\n  oidc:\n    - ${corp.entry('corp')}\n  trustedProxies: [127.0.0.1, 10.0.0.0/8]`;
    const behind = await IdentityHouse.start({ identity, clock });
    expect(await addressOf(behind, '203.0.113.7')).toBe('203.0.113.7');
    expect(await addressOf(behind, '1.2.3.4, 203.0.113.7, 10.1.1.1')).toBe('203.0.113.7');
    await behind.stop();
  });

  it('do not choose where a sign-in comes back to', async () => {
    const location = await new Promise<string>((resolve, reject) => {
      const headers = {
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
      };
      const asked = rawRequest(`${house.url}/api/identity/sign-in/corp`, { headers }, (answer) => {
        answer.resume();
        resolve(answer.headers.location ?? '');
      });
      asked.once('error', reject).end();
    });
    const back = new URL(location).searchParams.get('redirect_uri');
    expect(back).toBe(`${house.url}/api/identity/callback/corp`);
  });
});
