import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { IdentityLog } from '#platform';
import { PageSessionKeeper } from '../../services/identity/index.js';
import { KEPT_SECRETS } from '../../services/identity/identity.tokens.js';
import type { KeptSecretsFiles } from '../../services/identity/pages/kept-secrets.file.js';
import { PlainBrowser } from '../support/browser.js';
import { HostileProvider } from '../support/hostile-provider.js';
import { eventually } from '../support/house.js';
import { IdentityHouse, MovingClock } from './identity.house.js';

const clock = new MovingClock();
let corp: HostileProvider;
let identity: string;
let house: IdentityHouse;
beforeAll(async () => {
  corp = await HostileProvider.start();
  corp.userinfo = { sub: 'ann' };
  identity = `  pages: { idle: 600, maxAge: 7200, refresh: 100 }\n  oidc:\n    - ${corp.entry('corp')}`;
  house = await IdentityHouse.start({ identity, clock });
  // Of the two it is the other that asks.
  await house.app.get(PageSessionKeeper, { strict: false }).onModuleDestroy();
});
afterAll(async () => {
  await house.stop();
  await corp.stop();
});
beforeEach(() => void Object.assign(corp, { claims: { groups: ['first'] }, held: undefined, heldAt: {} }));

const sessionsOf = ({ app }: IdentityHouse) => app.get(IdentityLog, { strict: false }).sessions;
const isClaimed = (id: string) => existsSync(join(house.config.dataDir, 'page-sessions', `${id}.claim`));

/** Signs in; resolves to the page session's id. */
async function begin(): Promise<string> {
  const browser = new PlainBrowser();
  const there = await browser.ask(`${house.url}/api/identity/sign-in/corp`);
  await browser.ask(corp.answerTo(there.headers.get('location')!));
  return sessionsOf(house).all().at(-1)!.id;
}

/** A process beside the house's, and a page session that both know. */
async function beside(): Promise<{ replica: IdentityHouse; id: string }> {
  const replica = await IdentityHouse.start({ identity, clock, beside: house });
  const id = await begin();
  await eventually(() => sessionsOf(replica).get(id) !== undefined);
  return { replica, id };
}

describe('a process that stops', () => {
  const never = () => new Promise<void>((resolve) => (goOn = resolve));
  let goOn: () => void;
  const kept = (id: string) => house.app.get<KeptSecretsFiles>(KEPT_SECRETS, { strict: false }).get(id);

  it('waits so long for a provider, and leaves its claim to the next', async () => {
    const { replica, id } = await beside();
    corp.held = never();
    clock.ahead += 101_000;
    replica.app.get(PageSessionKeeper, { strict: false }).tick();
    await eventually(() => isClaimed(id));
    const began = performance.now();
    await replica.stop();
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(isClaimed(id)).toBe(true);
    goOn();
  }, 30_000);

  it('keeps the refresh token that it was given before the provider hung', async () => {
    const { replica, id } = await beside();
    const before = (await kept(id))?.['refreshToken'];
    corp.claims = { sub: 'ann' };
    corp.heldAt = { '/userinfo': never() };
    clock.ahead += 101_000;
    const asked = corp.asked.length;
    replica.app.get(PageSessionKeeper, { strict: false }).tick();
    await eventually(() => corp.asked.slice(asked).some(({ path }) => path === '/userinfo'));
    const began = performance.now();
    await replica.stop();
    expect(performance.now() - began).toBeLessThan(8_000);
    expect((await kept(id))?.['refreshToken']).not.toBe(before);
    expect(sessionsOf(house).get(id)?.ended).toBeUndefined();
    goOn();
  }, 30_000);

  it('gives the claim back where the provider answers in time', async () => {
    const { replica, id } = await beside();
    corp.held = never();
    clock.ahead += 101_000;
    replica.app.get(PageSessionKeeper, { strict: false }).tick();
    await eventually(() => isClaimed(id));
    const stopped = replica.stop();
    goOn();
    await stopped;
    expect(isClaimed(id)).toBe(false);
  });
});
