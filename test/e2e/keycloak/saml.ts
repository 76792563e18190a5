import { expect, it } from 'vitest';
import type { Stage } from './stage.js';

export function signsInBySaml(stage: () => Stage): void {
  it.each([
    ['ana', ['approvers'], ['approver']],
    ['dev', [], []],
  ] as const)('lets %s in, with groups and roles', async (person, groups, roles) => {
    const page = await stage().signIn(person, 'corp-saml');
    expect(await stage().me(page)).toMatchObject({
      ...{ kind: 'person', groups, roles },
      pageSession: { provider: 'corp-saml' },
    });
    await page.context().close();
  });

  it('gives a person the same name each time, and new groups with each sign-in', async () => {
    const page = await stage().signIn('sec', 'corp-saml');
    const first = await stage().me(page);
    await stage().realm.join('sec', 'auditors');
    await page.goto(`${stage().house.url}/api/identity/sign-in/corp-saml?to=/api/identity/me%3Fagain`);
    await page.waitForURL(`${stage().house.url}/api/identity/me?again`);
    const second = await stage().me(page);
    expect(second!.id).toBe(first!.id);
    expect([...second!.groups].sort()).toEqual(['auditors', 'security']);
    await stage().realm.leave('sec', 'auditors');
    await page.context().close();
  });

  it('ends its session with ours (single logout)', async () => {
    const page = await stage().signIn('ops', 'corp-saml');
    const before = await stage().realm.sessions('ops');
    await stage().signOut(page);
    await page.waitForURL(`${stage().house.url}/sign-in`);
    expect(await stage().me(page)).toBeUndefined();
    expect(await stage().realm.sessions('ops')).toBe(before - 1);
    await page.context().close();
  });

  it('ends our session with its own', async () => {
    const [page, other] = [
      await stage().signIn('ops', 'corp-saml'),
      await stage().signIn('aud', 'corp-saml'),
    ];
    await page.goto(`${stage().realm.issuer}/protocol/openid-connect/logout`);
    await page.click('#kc-logout');
    await page.waitForSelector('text=You are logged out');
    expect(await stage().me(page)).toBeUndefined();
    expect(await stage().me(other)).toMatchObject({ groups: ['auditors'] });
    await page.context().close();
    await other.context().close();
  });
}
