import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PageSessionEndedSchema, PageSessionStartedSchema } from '#events';
import { IdentityLog } from '#platform';
import { mostOfOnePerson } from '../../services/identity/pages/page-session.desk.js';
import { PlainBrowser } from '../support/browser.js';
import { HostileProvider } from '../support/hostile-provider.js';
import { eventually } from '../support/house.js';
import { IdentityHouse } from './identity.house.js';

let corp: HostileProvider;
let house: IdentityHouse;
beforeAll(async () => {
  corp = await HostileProvider.start();
  house = await IdentityHouse.start({ identity: `  oidc:\n    - ${corp.entry('corp')}` });
});
afterAll(async () => {
  await house.stop();
  await corp.stop();
});
afterEach(() => vi.restoreAllMocks());

async function signIn(browser = new PlainBrowser(), at = house) {
  const there = await browser.ask(`${at.url}/api/identity/sign-in/corp`);
  const back = await browser.ask(corp.answerTo(there.headers.get('location')!));
  return { browser, to: back.headers.get('location') };
}
const status = async (browser: PlainBrowser, at = house) =>
  (await browser.ask(`${at.url}/api/identity/me`)).status;

/** The log fails for events of this type, before or after they are durable. */
function failFor({ typeName }: { readonly typeName: string }, isDurable: boolean): void {
  vi.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
  const real = house.log.append.bind(house.log);
  vi.spyOn(house.log, 'append').mockImplementation(async (topic, events) => {
    const isMeant = events.some((event) => Buffer.from(event).includes(typeName));
    const positions = isMeant && !isDurable ? [] : await real(topic, events);
    if (isMeant) throw new Error('the log is away');
    return positions;
  });
}

describe('a session that is durable is handed over', () => {
  it('though the former one of that browser could not be ended', async () => {
    const { browser } = await signIn();
    failFor(PageSessionEndedSchema, false);
    expect((await signIn(browser)).to).toBe('/');
    expect(await status(browser)).toBe(200);
  });

  it('though the oldest one of that person could not be ended', async () => {
    corp.claims = { groups: [], sub: 'cap' };
    for (let i = 0; i < mostOfOnePerson; i++) await signIn();
    failFor(PageSessionEndedSchema, false);
    const { browser, to } = await signIn();
    expect([to, await status(browser)]).toEqual(['/', 200]);
  });

  it('though this process has not read it yet', async () => {
    let isHeld = false;
    let goOn = () => {};
    const real = house.log.tail.bind(house.log);
    const tail = vi.spyOn(house.log, 'tail').mockImplementation((options, handle) =>
      real(options, async (batch) => {
        if (isHeld) await new Promise<void>((resolve) => (goOn = resolve));
        await handle(batch);
      }),
    );
    const identity = `  oidc:\n    - ${corp.entry('corp')}`;
    const slow = await IdentityHouse.start({ identity, beside: house });
    tail.mockRestore();
    isHeld = true;
    const { browser, to } = await signIn(new PlainBrowser(), slow);
    isHeld = false;
    goOn();
    expect([to, await status(browser, slow)]).toEqual(['/', 200]);
    await slow.stop();
  }, 15_000);
});

it('a session that was not handed over is ended, though it is durable', async () => {
  const before = readdirSync(join(house.config.dataDir, 'page-sessions'));
  const { sessions } = house.app.get(IdentityLog, { strict: false });
  const known = sessions.all().length;
  failFor(PageSessionStartedSchema, true);
  const { browser, to } = await signIn();
  expect([to, browser.cookie(house.url, 'weir')]).toEqual(['/sign-in?error=unavailable', undefined]);
  await eventually(() => sessions.all()[known]?.ended === 'not handed over');
  await eventually(() => readdirSync(join(house.config.dataDir, 'page-sessions')).length === before.length);
});
