import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { leave, post } from '../int/saml.way.js';
import { Apart } from '../support/apart.js';
import { PlainBrowser, type Me } from '../support/browser.js';
import { HostileProvider } from '../support/hostile-provider.js';
import { eventually } from '../support/house.js';
import { json } from '../support/json.js';
import { findKafka, TestKafka } from '../support/kafka.js';
import { SamlIdp } from '../support/saml-idp.js';

const kafkaPeer = await findKafka();
/** From the answer to a change at one service until it holds at the other. Milliseconds. */
const promised = 1_000;

describe.skipIf(!kafkaPeer)('pages behind two identity services', { timeout: 120_000 }, () => {
  let kafka: TestKafka;
  let corp: HostileProvider;
  let saml: SamlIdp;
  let apart: Apart;
  let browser: PlainBrowser;
  beforeAll(async () => {
    [kafka, corp, saml] = await Promise.all([
      TestKafka.start(kafkaPeer!),
      HostileProvider.start(),
      SamlIdp.make(),
    ]);
    const brokers = kafka.brokers().map((broker) => `"${broker}"`);
    apart = await Apart.build({
      eventLog: `{ kind: kafka, brokers: [${brokers.join(', ')}], partitions: 3, replication: 1, minInSync: 1 }`,
      publicUrl: 'https://weir.example', // where a front would be, which deals requests out
      identity: [
        '  roles: { approver: [approvers] }',
        `  oidc:\n    - ${corp.entry('corp')}`,
        `  saml:\n    - ${saml.entry('staff')}`,
      ].join('\n'),
    });
    await apart.start('identity', 'identity-2');
  }, 240_000);
  afterAll(async () => {
    await apart?.down();
    await Promise.all([kafka?.dispose(), corp?.stop()]);
  });
  beforeEach(() => void (browser = new PlainBrowser()));

  const ways = [
    ['identity', 'identity-2'],
    ['identity-2', 'identity'],
  ] as const;
  const at = (name: string, path: string) => `${apart.of(name).url}${path}`;
  const me = (name: string) => browser.ask(at(name, '/api/identity/me'));

  /** Leaves from one service and comes back to another: to where that leads. */
  async function signIn(from: string, to: string): Promise<string | null> {
    const there = await browser.ask(at(from, '/api/identity/sign-in/corp?to=/approvals'));
    const back = new URL(corp.answerTo(there.headers.get('location')!));
    const landed = await browser.ask(at(to, back.pathname + back.search));
    return landed.headers.get('location');
  }

  it.each(ways)('know a person who signed in at %s at %s, too, within a second', async (here, there) => {
    expect(await signIn(here, here)).toBe('/approvals');
    expect((await me(here)).status).toBe(200);
    await eventually(async () => (await me(there)).status === 200, promised);
    const seen = await Promise.all(
      [here, there].map(async (name) => {
        const { id, groups, roles, pageSession } = await json<Me>(await me(name));
        return { id, groups, roles, csrf: pageSession!.csrf };
      }),
    );
    expect(seen[0]).toMatchObject({ id: 'corp:ann', roles: ['approver'] });
    expect(seen[1]).toEqual(seen[0]);
  });

  it.each(ways)('take at %s the sign-in that began at %s, once', async (here, there) => {
    const asked = await browser.ask(at(there, '/api/identity/sign-in/corp?to=/approvals'));
    const back = new URL(corp.answerTo(asked.headers.get('location')!));
    const landed = await browser.ask(at(here, back.pathname + back.search));
    expect(landed.headers.get('location')).toBe('/approvals');
    expect((await me(here)).status).toBe(200);
    // Another browser, which does not have the cookie that the first one left with, gets nowhere at either.
    const stranger = new PlainBrowser();
    for (const name of [here, there]) {
      const refused = await stranger.ask(at(name, back.pathname + back.search));
      expect(refused.headers.get('location')).toMatch(/^\/sign-in\?/);
      expect((await stranger.ask(at(name, '/api/identity/me'))).status).toBe(401);
    }
  });

  it.each(ways)('end at %s, within a second, what was signed out at %s', async (here, there) => {
    expect(await signIn(here, there)).toBe('/approvals');
    await eventually(async () => (await me(here)).status === 200, promised);
    const { csrf } = (await json<Me>(await me(here))).pageSession!;
    const cookie = browser.cookies(apart.of(here).url);
    const stolen = (name: string) => fetch(at(name, '/api/identity/me'), { headers: { cookie } });
    expect((await stolen(here)).status).toBe(200);
    const out = await browser.ask(at(there, '/api/identity/sign-out'), {
      method: 'POST',
      headers: { 'x-weir-csrf': csrf },
    });
    expect(out.status).toBe(200);
    expect((await stolen(there)).status).toBe(401);
    await eventually(async () => (await stolen(here)).status === 401, promised);
  });

  it.each(ways)('finish at %s what a SAML provider answered to %s, and take it once', async (here, there) => {
    const asked = await leave(browser, apart.of(here).url, 'staff');
    const answer = saml.signedResponse(asked);
    const kept = await post(apart.of(there).url, 'staff', answer);
    expect(kept).toMatch(/^\/api\//);
    const done = await browser.ask(at(here, kept));
    expect(done.headers.get('location')).toBe('/approvals');
    await eventually(async () => (await me(there)).status === 200, promised);
    for (const name of [here, there]) {
      const again = new PlainBrowser();
      const next = await post(apart.of(name).url, 'staff', answer);
      const landed = next.startsWith('/api/')
        ? (await again.ask(at(name, next))).headers.get('location')
        : next;
      expect(landed).toMatch(/^\/sign-in\?/);
    }
  });
});
