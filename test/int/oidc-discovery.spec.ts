import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { HostileProvider } from '../support/hostile-provider.js';
import { eventually } from '../support/house.js';
import { IdentityHouse, MovingClock } from './identity.house.js';

const path = '/.well-known/openid-configuration';
const clock = new MovingClock();
let corp: HostileProvider;
let house: IdentityHouse;
beforeAll(async () => {
  corp = await HostileProvider.start();
  house = await IdentityHouse.start({ identity: `  oidc:\n    - ${corp.entry('corp')}`, clock });
});
afterAll(async () => {
  await house.stop();
  await corp.stop();
});
beforeEach(async () => {
  await leave();
  clock.ahead += 11 * 60_000;
});

/** Resolves to where the browser is sent. */
async function leave(): Promise<string> {
  const answer = await fetch(`${house.url}/api/identity/sign-in/corp`, { redirect: 'manual' });
  return answer.headers.get('location')!;
}
const asked = () => corp.asked.filter((each) => each.path === path).length;
const there = () => expect.stringContaining(`${corp.issuer}/authorize`) as string;

it('a provider that hangs holds nobody up whom it was known to', async () => {
  let goOn = () => {};
  corp.heldAt = { [path]: new Promise((resolve) => (goOn = resolve)) };
  const began = performance.now();
  expect([await leave(), await leave()]).toEqual([there(), there()]);
  expect(performance.now() - began).toBeLessThan(3_000);
  goOn();
  corp.heldAt = {};
});

it('one that answers wrongly is asked again twice a minute at most', async () => {
  corp.discovery['issuer'] = 'https://evil.example';
  const before = asked();
  for (let n = 0; n < 5; n++) expect(await leave()).toEqual(there());
  await eventually(() => asked() === before + 1);
  clock.ahead += 30_000;
  for (let n = 0; n < 5; n++) expect(await leave()).toEqual(there());
  await eventually(() => asked() === before + 2);
  delete corp.discovery['issuer'];
});

it('what is found anew counts from then on', async () => {
  corp.discovery['authorization_endpoint'] = `${corp.issuer}/elsewhere`;
  clock.ahead += 11 * 60_000;
  await eventually(async () => (await leave()).includes('/elsewhere?'));
  delete corp.discovery['authorization_endpoint'];
});
