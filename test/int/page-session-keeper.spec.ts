import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { PageSessionEndedSchema, payload } from '#events';
import { newId, type Principal } from '#kernel';
import { IdentityLog } from '#platform';
import { PageSessionKeeper } from '../../services/identity/index.js';
import { PageSessionDesk } from '../../services/identity/pages/page-session.desk.js';
import { HostileProvider } from '../support/hostile-provider.js';
import { eventually } from '../support/house.js';
import { IdentityHouse, MovingClock } from './identity.house.js';

const minute = 60_000;
const pages = '  pages: { idle: 600, maxAge: 7200, refresh: 100 }';
const clock = new MovingClock();
let corp: HostileProvider;
let other: HostileProvider;
let identity: string;
let house: IdentityHouse;
beforeAll(async () => {
  [corp, other] = [await HostileProvider.start(), await HostileProvider.start()];
  identity = `${pages}\n  oidc:\n    - ${corp.entry('corp')}\n    - ${other.entry('other')}`;
  house = await IdentityHouse.start({ identity, clock });
});
afterAll(async () => {
  await house.stop();
  await Promise.all([corp.stop(), other.stop()]);
});
beforeEach(() => {
  Object.assign(corp, { claims: { groups: ['first'] }, held: undefined, rotates: false });
});

const keeperOf = ({ app }: IdentityHouse) => app.get(PageSessionKeeper, { strict: false });
const sessionsOf = ({ app }: IdentityHouse) => app.get(IdentityLog, { strict: false }).sessions;
const folder = () => join(house.config.dataDir, 'page-sessions');

async function keep(...at: IdentityHouse[]): Promise<void> {
  for (const each of at) keeperOf(each).tick();
  await Promise.all(at.map((each) => keeperOf(each).settled()));
}

/** As signing in leaves it; resolves to the page session's id. */
async function begin(provider: HostileProvider, name: string, subject: string): Promise<string> {
  const principal: Principal = {
    ...{ id: `${name}:${subject}`, issuer: name, subject, kind: 'person', groups: ['first'] },
  };
  provider.claims = { ...provider.claims, sub: subject };
  const idToken = await provider.idToken(undefined);
  const kept = { refreshToken: `first-${newId('tok')}`, idToken };
  const person = { principal, kept, isReadAgain: true };
  await house.app.get(PageSessionDesk, { strict: false }).start({ name, kind: 'oidc' }, person, '127.0.0.1');
  const found = sessionsOf(house)
    .all()
    .filter((session) => session.principal.id === principal.id);
  return found.at(-1)!.id;
}

const groupsOf = (id: string, at = house) => sessionsOf(at).get(id)?.principal.groups;
const endOf = (id: string, at = house) => sessionsOf(at).get(id)?.ended;

describe('a provider that does not answer', () => {
  it('holds up its own people alone, and they are asked about once it does', async () => {
    const slow: string[] = [];
    for (let i = 0; i < 40; i++) slow.push(await begin(corp, 'corp', 'ann'));
    // Of one person sixteen are left.
    const open = slow.filter((id) => endOf(id) === undefined);
    for (let i = 0; i < 40; i++) open.push(await begin(corp, 'corp', `p${i}`));
    const quick = await begin(other, 'other', 'bob');
    let answer = () => {};
    corp.held = new Promise((resolve) => (answer = resolve));
    corp.claims = { groups: ['second'] };
    other.claims = { groups: ['second'], sub: 'bob' };
    const before = corp.asked.length;
    clock.ahead += 101_000;
    keeperOf(house).tick();
    await eventually(() => groupsOf(quick)?.includes('second') === true, 3_000);
    const asked = () => corp.asked.slice(before).filter(({ path }) => path === '/token').length;
    await eventually(() => asked() === 32);
    // What is over is written down all the same.
    const idle = await begin(other, 'other', 'carl');
    clock.ahead += 10 * minute;
    keeperOf(house).tick();
    await eventually(() => endOf(idle) === 'idle', 3_000);
    expect(asked()).toBe(32);
    answer();
    await keeperOf(house).settled();
  }, 30_000);
});

describe('two processes on one state', () => {
  it('spend a refresh token once: whoever is quicker asks, both know', async () => {
    const replica = await IdentityHouse.start({ identity, clock, beside: house });
    corp.rotates = true;
    for (let round = 0; round < 3; round++) {
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) ids.push(await begin(corp, 'corp', 'ann'));
      corp.claims = { groups: [`round ${round}`], sub: 'ann' };
      clock.ahead += 101_000;
      const before = corp.asked.length;
      await keep(house, replica);
      await keep(replica, house);
      expect(corp.asked.slice(before).filter(({ path }) => path === '/token')).toHaveLength(5);
      for (const id of ids) {
        expect([endOf(id), groupsOf(id)]).toEqual([undefined, [`round ${round}`]]);
        await eventually(() => groupsOf(id, replica)?.includes(`round ${round}`) === true);
      }
      // The new token is there for the next question, whoever asks it.
      corp.claims = { groups: ['again'], sub: 'ann' };
      clock.ahead += 101_000;
      await keep(replica);
      await eventually(() => ids.every((id) => groupsOf(id)?.includes('again') === true));
      const desk = house.app.get(PageSessionDesk, { strict: false });
      for (const id of ids) await desk.end(sessionsOf(house).get(id)!, 'signed out');
    }
    await replica.stop();
    expect(readdirSync(folder()).filter((file) => file.includes('.'))).toEqual([]);
  }, 30_000);

  it('read what the other was told before they ask', async () => {
    let isHeld = false;
    let goOn = () => {};
    const real = house.log.tail.bind(house.log);
    const tail = vi.spyOn(house.log, 'tail').mockImplementation((options, handle) =>
      real(options, async (batch) => {
        if (isHeld) await new Promise<void>((resolve) => (goOn = resolve));
        await handle(batch);
      }),
    );
    const replica = await IdentityHouse.start({ identity, clock, beside: house });
    tail.mockRestore();
    const id = await begin(corp, 'corp', 'ann');
    await eventually(() => sessionsOf(replica).get(id) !== undefined);
    isHeld = true;
    corp.claims = { groups: ['second'], sub: 'ann' };
    clock.ahead += 101_000;
    const before = corp.asked.length;
    await keep(house);
    const late = keep(replica);
    await new Promise((resolve) => setTimeout(resolve, 300));
    isHeld = false;
    goOn();
    await late;
    expect(corp.asked.slice(before).filter(({ path }) => path === '/token')).toHaveLength(1);
    expect(groupsOf(id, replica)).toEqual(['second']);
    await replica.stop();
  });

  it('wait for the one that asks, but not for one that died at it', async () => {
    const id = await begin(corp, 'corp', 'ann');
    const path = join(folder(), `${id}.claim`);
    corp.claims = { groups: ['second'], sub: 'ann' };
    clock.ahead += 101_000;
    writeFileSync(path, 'another');
    await keep(house);
    expect(groupsOf(id)).toEqual(['first']);
    const longAgo = new Date(Date.now() - 10 * minute);
    utimesSync(path, longAgo, longAgo);
    clock.ahead += 30_000;
    await keep(house);
    expect([groupsOf(id), existsSync(path)]).toEqual([['second'], false]);
  });

  it('believe no clock but the log’s: one that is ahead signs nobody out', async () => {
    const ahead = new MovingClock();
    ahead.ahead = clock.ahead + 15 * minute;
    const replica = await IdentityHouse.start({ identity, clock: ahead, beside: house });
    const id = await begin(corp, 'corp', 'ann');
    await eventually(() => sessionsOf(replica).get(id) !== undefined);
    await keep(replica);
    const said = (await house.events()).flatMap(
      ({ envelope }) => payload(PageSessionEndedSchema, envelope) ?? [],
    );
    expect(said.find(({ pageSessionId }) => pageSessionId === id)?.reason).toBe('idle');
    expect([endOf(id), existsSync(join(folder(), id))]).toEqual([undefined, true]);
    await replica.stop();
    clock.ahead += 10 * minute;
    await keep(house);
    expect([endOf(id), existsSync(join(folder(), id))]).toEqual(['idle', false]);
  });
});

it('what a crash left is swept, and nothing that is being written', async () => {
  const id = await begin(corp, 'corp', 'ann');
  const file = (name: string, age: number) => {
    writeFileSync(join(folder(), name), 'x');
    const at = new Date(Date.now() - age);
    utimesSync(join(folder(), name), at, at);
    return name;
  };
  const stay = [
    id,
    file(`${newId('pgs', clock.now())}`, 0), // its session is about to begin
    file(`${id}.new`, 0),
    file(`${id}.claim`, 1_000),
    file('not-ours', 10 * minute),
  ];
  const left = newId('pgs', clock.now() - 10 * minute);
  const go = [
    file(left, 0), // of no session
    file(`${left}.new`, 10 * minute),
    file(`${newId('pgs', clock.now())}.new`, 10 * minute),
    file(`${left}.claim`, 10 * minute),
    file(`${left}.claim.1b4e28ba`, 10 * minute),
  ];
  await keeperOf(house).sweep();
  const files = readdirSync(folder());
  expect([stay.filter((name) => !files.includes(name)), go.filter((name) => files.includes(name))]).toEqual([
    [],
    [],
  ]);
});
