import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/house.js';
import type { Person } from '../../support/keycloak.realm.js';
import { refresh, typePassword, type Stage } from './stage.js';

/** What counts must count within the refresh, a tick, and Keycloak's own time. Milliseconds. */
const soon = (refresh + 15) * 1000;

export function signsInToPages(stage: () => Stage): void {
  it.each([
    ['ana', ['approvers'], ['approver']],
    ['sec', ['security'], ['security']],
    ['aud', ['auditors'], ['auditor']],
    ['ops', ['platform'], ['operator']],
    ['dev', [], []],
  ] as const)('lets %s in, with groups and roles', async (person, groups, roles) => {
    const page = await stage().signIn(person);
    expect(await stage().me(page)).toMatchObject({
      ...{ displayName: `${person} Corp`, kind: 'person', groups, roles },
      pageSession: { provider: 'corp' },
    });
    await page.context().close();
  });

  it('lets nobody in with a wrong password', async () => {
    const page = await stage().chromium.person();
    await page.goto(`${stage().house.url}/api/identity/sign-in/corp`);
    await page.fill('input[name=username]', 'ana');
    await page.fill('input[name=password]', 'wrong');
    await page.click('#kc-login');
    await page.waitForSelector('text=Invalid username or password');
    expect(await stage().me(page)).toBeUndefined();
    await page.context().close();
  });

  it('ends its session with ours, and asks for a password again', async () => {
    const page = await stage().signIn('sec');
    const before = await stage().realm.sessions('sec');
    expect(await stage().signOut(page)).toBe(`${stage().house.url}/sign-in`);
    expect(await stage().me(page)).toBeUndefined();
    expect(await stage().realm.sessions('sec')).toBe(before - 1);
    await stage().signIn('sec', 'corp', page);
    await page.context().close();
  });

  it('signs in again without a password while its own session lasts', async () => {
    const page = await stage().signIn('aud');
    await page.context().clearCookies({ name: 'weir' });
    expect(await stage().me(page)).toBeUndefined();
    await page.goto(`${stage().house.url}/api/identity/sign-in/corp?to=/api/identity/me`);
    expect(await stage().me(page)).toMatchObject({ groups: ['auditors'] });
    await page.context().close();
  });

  it('ends our sessions with its own (back-channel logout)', async () => {
    const [page, other] = [await stage().signIn('ops'), await stage().signIn('aud')];
    await stage().realm.signOut('ops');
    await eventually(async () => (await stage().me(page)) === undefined);
    expect(await stage().me(other)).toMatchObject({ groups: ['auditors'] });
    await eventually(async () => (await stage().endReasons('ops')).includes('signed out at the provider'));
    await page.context().close();
    await other.context().close();
  });

  followsChanges(stage);
}

/** One wait for all: what is changed at Keycloak counts here by the next refresh. */
function followsChanges(stage: () => Stage): void {
  describe('what an administrator changes there', () => {
    const pages = new Map<Person, Page>();
    const roles = async (person: Person) => (await stage().me(pages.get(person)!))?.roles;
    beforeAll(async () => {
      for (const person of ['ana', 'sec', 'aud', 'dev'] as const)
        pages.set(person, await stage().signIn(person));
      expect(await roles('ana')).toEqual(['approver']);
      await stage().realm.leave('ana', 'approvers');
      await stage().realm.join('dev', 'approvers');
      await stage().realm.enable('sec', false);
    }, 120_000);
    afterAll(async () => {
      await stage().realm.join('ana', 'approvers');
      await stage().realm.leave('dev', 'approvers');
      await stage().realm.enable('sec', true);
      for (const page of pages.values()) await page.context().close();
    });

    it('takes a role with the group', async () => {
      await eventually(async () => (await roles('ana'))?.length === 0, soon);
      expect(await stage().me(pages.get('ana')!)).toMatchObject({ groups: [] });
    }, 60_000);

    it('gives a role with the group', async () => {
      await eventually(async () => (await roles('dev'))?.[0] === 'approver', soon);
    }, 60_000);

    it('ends the session of who is disabled', async () => {
      await eventually(async () => (await roles('sec')) === undefined, soon);
      const page = await stage().chromium.person();
      await page.goto(`${stage().house.url}/api/identity/sign-in/corp`);
      await typePassword(page, 'sec');
      await page.waitForSelector('text=Account is disabled');
      await page.context().close();
    }, 60_000);

    it('leaves everybody else alone', async () => expect(await roles('aud')).toEqual(['auditor']));

    it('takes all groups with the claim: not the old ones, none', async () => {
      const restore = await stage().realm.dropMapper('weir-pages', 'groups');
      try {
        await eventually(async () => (await roles('aud'))?.length === 0, soon);
        const page = await stage().signIn('ops');
        expect(await stage().me(page)).toMatchObject({ groups: [], roles: [] });
        await page.context().close();
      } finally {
        await restore();
      }
    }, 120_000);
  });
}
