import { expect, it } from 'vitest';
import { PlainBrowser, type Me } from '../support/browser.js';
import { HostileProvider } from '../support/hostile-provider.js';
import { json } from '../support/json.js';
import { IdentityHouse } from './identity.house.js';

it.each([
  ['as it should be', undefined, expect.stringContaining('/end?') as unknown],
  ['no address', 'nonsense', null],
])('signing out ends the session here where the end-session endpoint is %s', async (_, endpoint, next) => {
  const corp = await HostileProvider.start();
  if (endpoint !== undefined) corp.discovery['end_session_endpoint'] = endpoint;
  const house = await IdentityHouse.start({ identity: `  oidc:\n    - ${corp.entry('corp')}` });
  const browser = new PlainBrowser();
  const there = await browser.ask(`${house.url}/api/identity/sign-in/corp`);
  await browser.ask(corp.answerTo(there.headers.get('location')!));
  const { pageSession } = await json<Me>(await browser.ask(`${house.url}/api/identity/me`));
  const cookie = browser.cookies(house.url);
  const headers = { 'x-weir-csrf': pageSession!.csrf };
  const out = await browser.ask(`${house.url}/api/identity/sign-out`, { method: 'POST', headers });
  expect([out.status, await out.json()]).toEqual([200, { continue: next }]);
  expect(browser.cookie(house.url, 'weir')).toBeUndefined();
  expect((await fetch(`${house.url}/api/identity/me`, { headers: { cookie } })).status).toBe(401);
  await house.stop();
  await corp.stop();
});
