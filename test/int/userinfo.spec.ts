import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PageSessionKeeper } from '../../services/identity/index.js';
import { PlainBrowser, type Me } from '../support/browser.js';
import { HostileProvider } from '../support/hostile-provider.js';
import { json } from '../support/json.js';
import { IdentityHouse, MovingClock } from './identity.house.js';

const clock = new MovingClock();
const said: unknown[] = [];
let corp: HostileProvider;
let house: IdentityHouse;
beforeAll(async () => {
  vi.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => void said.push(line));
  corp = await HostileProvider.start();
  corp.userinfo = { sub: 'ann', groups: ['dba'] };
  const identity = `  pages: { refresh: 100 }\n  oidc:\n    - ${corp.entry('corp')}`;
  house = await IdentityHouse.start({ identity, clock });
});
afterAll(async () => {
  await house.stop();
  await corp.stop();
  vi.restoreAllMocks();
});
afterEach(() => {
  said.length = 0;
  Object.assign(corp, { claims: { groups: ['approvers'] }, idTokenOnRefresh: true, ...answering });
});
const answering = {
  userinfo: { sub: 'ann', groups: ['dba'] },
  userinfoAway: false,
  userinfoRefuses: undefined,
};

async function signIn(): Promise<{ to: string | null; browser: PlainBrowser }> {
  const browser = new PlainBrowser();
  const there = await browser.ask(`${house.url}/api/identity/sign-in/corp`);
  const back = await browser.ask(corp.answerTo(there.headers.get('location')!));
  return { to: back.headers.get('location'), browser };
}
const groupsOf = async (browser: PlainBrowser) =>
  (await json<Me>(await browser.ask(`${house.url}/api/identity/me`))).groups;

async function refresh(): Promise<void> {
  clock.ahead += 101_000;
  const keeper = house.app.get(PageSessionKeeper, { strict: false });
  keeper.tick();
  await keeper.settled();
}

const failures: readonly [string, object][] = [
  ['is away', { userinfoAway: true }],
  ['does not take the access token', { userinfoRefuses: 401 }],
  ['forbids it', { userinfoRefuses: 403 }],
  ['answers with what is no object', { userinfo: 'none' }],
];

describe('where the ID token names no groups, and userinfo', () => {
  it('answers, they are its', async () => {
    corp.claims = {};
    const { to, browser } = await signIn();
    expect([to, await groupsOf(browser)]).toEqual(['/', ['dba']]);
    expect(said).toEqual([]);
  });

  it.each(failures)('%s, one is signed in without any, and the log says why', async (_, failing) => {
    corp.claims = {};
    Object.assign(corp, failing);
    const { to, browser } = await signIn();
    expect([to, await groupsOf(browser)]).toEqual(['/', []]);
    const why = /^corp:ann has no groups: the ID token has no groups, and userinfo fails: ./;
    expect(said).toEqual([{ message: expect.stringMatching(why) as string, provider: 'corp' }]);
  });

  it.each(failures)(
    '%s when it is asked again, the old ones are gone and the session is not',
    async (_, failing) => {
      corp.claims = {};
      const { browser } = await signIn();
      expect(await groupsOf(browser)).toEqual(['dba']);
      Object.assign(corp, failing);
      await refresh();
      expect(await groupsOf(browser)).toEqual([]);
      Object.assign(corp, answering);
      await refresh();
      expect(await groupsOf(browser)).toEqual(['dba']);
    },
  );

  it('speaks of somebody else, nobody is signed in, or stays so', async () => {
    corp.claims = {};
    const { browser } = await signIn();
    corp.userinfo = { sub: 'eve', groups: ['dba'] };
    expect((await signIn()).to).toMatch(/^\/sign-in\?error=(refused|mismatch)$/);
    await refresh();
    expect((await browser.ask(`${house.url}/api/identity/me`)).status).toBe(401);
  });
});

describe('where there is no new ID token', () => {
  it('userinfo alone says who it is: its no ends the session', async () => {
    corp.claims = {};
    const { browser } = await signIn();
    Object.assign(corp, { idTokenOnRefresh: false, userinfoRefuses: 401 });
    await refresh();
    expect((await browser.ask(`${house.url}/api/identity/me`)).status).toBe(401);
  });
});
