import { Controller, Get } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { approval, toApprovalEnvelope, type RequestApproval } from '#domain';
import { encodeEnvelope, topics } from '#events';
import { newId, type Principal } from '#kernel';
import { Roles } from '#platform';
import { ApprovalHousekeeping, ApprovalModule } from '../../services/approval/index.js';
import { PageSessionKeeper } from '../../services/identity/index.js';
import { PlainBrowser, type Me } from '../support/browser.js';
import { HostileProvider } from '../support/hostile-provider.js';
import { eventually } from '../support/house.js';
import { json } from '../support/json.js';
import { IdentityHouse, MovingClock } from './identity.house.js';

@Controller('things')
class ThingsController {
  @Roles('auditor')
  @Get('auditor')
  auditor() {
    return {};
  }
}

const clock = new MovingClock();
const agent: Principal = {
  ...{ id: 'corp:asks', issuer: 'corp', subject: 'asks', kind: 'agent', groups: ['agents'] },
};
let corp: HostileProvider;
let house: IdentityHouse;
beforeAll(async () => {
  corp = await HostileProvider.start();
  const entry = corp.entry('corp').replace('clockSkew: 0', 'clockSkew: 0, agents: [agents]');
  const identity = `  roles: { approver: [approvers], auditor: [auditors] }\n  pages: { idle: 600, maxAge: 7200, refresh: 100 }\n  oidc:\n    - ${entry}`;
  house = await IdentityHouse.start({
    ...{ identity, clock, more: [ThingsController], modules: [ApprovalModule] },
  });
});
afterAll(async () => {
  await house.stop();
  await corp.stop();
});
let sub: string;
beforeEach(() => (sub = newId('sub')));
afterEach(() => (corp.claims = { groups: [] }));

async function signIn(...groups: string[]) {
  corp.claims = { sub, groups };
  const browser = new PlainBrowser();
  const there = await browser.ask(`${house.url}/api/identity/sign-in/corp`);
  const back = await browser.ask(corp.answerTo(there.headers.get('location')!));
  expect(back.headers.get('location')).toBe('/');
  const { pageSession } = await json<Me>(await browser.ask(`${house.url}/api/identity/me`));
  return { cookie: `weir=${browser.cookie(house.url, 'weir')}`, csrf: pageSession!.csrf };
}

/** Issued a second ago, or so many seconds later. */
async function token(groups: string[], later = 0, header = {}): Promise<string> {
  const iat = Math.floor(clock.now() / 1000) - 1 + later;
  return corp.sign({ iss: corp.issuer, aud: 'weir', sub, groups, iat, exp: iat + 3_600 }, header);
}

const by = (bearer: string) => ({ authorization: `Bearer ${bearer}` });
const get = (path: string, headers: Record<string, string>) => fetch(house.url + path, { headers });
const status = async (path: string, headers: Record<string, string>) => (await get(path, headers)).status;

async function keep(): Promise<void> {
  const keeper = house.app.get(PageSessionKeeper, { strict: false });
  keeper.tick();
  await keeper.settled();
}

it('one reader of weir.identity.v1 serves all folds of a process', async () => {
  const tail = vi.spyOn(house.log, 'tail');
  const identity = `  oidc:\n    - ${corp.entry('corp')}`;
  const other = await IdentityHouse.start({ identity, clock, beside: house, modules: [ApprovalModule] });
  const read = tail.mock.calls.flatMap(([{ topics: read }]) => read);
  expect(read.filter((topic) => topic === topics.identity)).toHaveLength(1);
  tail.mockRestore();
  await other.stop();
});

describe('a bearer token', () => {
  const auditor = '/api/things/auditor';

  it('keeps no group that a newer sign-in took away; one that is newer still has what it says', async () => {
    const old = await token(['auditors']);
    expect(await status(auditor, by(old))).toBe(200);
    await signIn();
    expect(await status(auditor, by(old))).toBe(403);
    expect((await json<Me>(await get('/api/identity/me', by(old)))).groups).toEqual([]);
    clock.ahead += 3_000;
    expect(await status(auditor, by(old))).toBe(403);
    expect(await status(auditor, by(await token(['auditors'])))).toBe(200);
    expect(await status(auditor, by(await token(['auditors'], 1_000)))).toBe(403);
  });

  it('of an agent likewise, and nobody else’s', async () => {
    const old = await token(['agents', 'auditors']);
    const mine = sub;
    sub = newId('sub');
    const others = await token(['agents', 'auditors']);
    sub = mine;
    expect(await status(auditor, by(old))).toBe(200);
    await signIn('agents');
    expect(await status(auditor, by(old))).toBe(403);
    expect(await status(auditor, by(others))).toBe(200);
    clock.ahead += 3_000;
    expect(await status(auditor, by(await token(['agents', 'auditors'])))).toBe(200);
  });

  it('gains nothing by a page session that has more', async () => {
    const old = await token([]);
    await signIn('auditors');
    expect(await status(auditor, by(old))).toBe(403);
  });

  it('that was made to sign somebody out is none', async () => {
    for (const typ of ['logout+jwt', 'Logout+JWT', 'application/logout+jwt'])
      expect([typ, await status(auditor, by(await token(['auditors'], 0, { typ })))]).toEqual([typ, 401]);
    for (const typ of ['JWT', 'at+jwt', 'application/at+jwt', undefined])
      expect([typ, await status(auditor, by(await token(['auditors'], 0, { typ })))]).toEqual([typ, 200]);
  });
});

it('a page session keeps no group that a newer one of the same person lacks', async () => {
  const first = await signIn('auditors');
  expect(await status('/api/things/auditor', first)).toBe(200);
  const second = await signIn();
  expect(await status('/api/things/auditor', { cookie: first.cookie })).toBe(403);
  clock.ahead += 101_000;
  corp.claims = { sub, groups: ['auditors'] };
  await keep();
  for (const { cookie } of [first, second]) expect(await status('/api/things/auditor', { cookie })).toBe(200);
});

describe('deciding', () => {
  async function ask(quorum: number): Promise<string> {
    const id = newId('apr', clock.now());
    const request: RequestApproval['request'] = {
      ...{ id, sessionId: 'ses_1', statementId: 'stm_1', requester: agent, connection: 'orders', quorum },
      ...{ binding: Buffer.from('b'), sealed: Buffer.of(), text: '…', tables: [], kind: 'delete' },
      ...{ reason: '', approverGroups: ['dba'], mode: 'wait', expiresAt: clock.now() + 600_000 },
      ...{ policyIds: [], classes: [], source: { address: '', program: '' } },
    };
    const command = { type: 'RequestApproval', eventId: newId('evt'), at: clock.now(), request } as const;
    const events = approval.decide(command, approval.initialState());
    const envelopes = events.map((event) => toApprovalEnvelope(event, { source: 'proxy/spec', clock }));
    await house.log.append(topics.approval, envelopes.map(encodeEnvelope));
    return id;
  }
  const approve = (id: string, headers: Record<string, string>) =>
    fetch(`${house.url}/api/approvals/${id}/decision`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"decision":"approve"}',
    });
  const housekeeping = () => house.app.get(ApprovalHousekeeping, { strict: false }).tick();
  const decided = async (id: string, headers: Record<string, string>) =>
    json<{ status: string; approvals: { by: string }[] }>(await get(`/api/approvals/${id}`, headers));

  it('a token that is newer than the last sign-in decides, and its yes stands', async () => {
    const id = await ask(2);
    await signIn('approvers');
    const old = await token(['approvers', 'dba']);
    expect((await approve(id, by(old))).status).toBe(403);
    clock.ahead += 3_000;
    const fresh = by(await token(['approvers', 'dba']));
    expect((await approve(id, fresh)).status).toBe(200);
    await housekeeping();
    expect((await decided(id, fresh)).approvals).toHaveLength(1);
  });

  it('and is void by what is read after the token was issued', async () => {
    const id = await ask(2);
    const fresh = by(await token(['approvers', 'dba']));
    expect((await approve(id, fresh)).status).toBe(200);
    clock.ahead += 3_000;
    await signIn('approvers');
    await housekeeping();
    sub = newId('sub');
    const other = by(await token(['approvers', 'dba']));
    await eventually(async () => (await decided(id, other)).approvals.length === 0, 2_000);
  });

  describe('the stream', () => {
    const listen = async (headers: Record<string, string>) => {
      const abort = new AbortController();
      const answer = await fetch(`${house.url}/api/approvals/stream`, { headers, signal: abort.signal });
      expect(answer.status).toBe(200);
      let hasEnded = false;
      const read = async () => {
        for await (const _ of answer.body ?? []);
        hasEnded = true;
      };
      read().catch(() => undefined);
      return { hasEnded: () => hasEnded, leave: () => abort.abort() };
    };
    const signOut = ({ cookie, csrf }: { cookie: string; csrf: string }) =>
      fetch(`${house.url}/api/identity/sign-out`, {
        method: 'POST',
        headers: { cookie, 'x-weir-csrf': csrf },
      });
    const atOnce = 1_000;

    it('ends with signing out, and no other does', async () => {
      const [here, there] = [await signIn('approvers'), await signIn('approvers')];
      const bearer = by(await token(['approvers']));
      const streams = await Promise.all(
        [{ cookie: here.cookie }, { cookie: there.cookie }, bearer].map(listen),
      );
      expect((await signOut(here)).status).toBe(200);
      await eventually(() => streams[0]!.hasEnded(), atOnce);
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(streams.map((stream) => stream.hasEnded())).toEqual([true, false, false]);
      for (const stream of streams) stream.leave();
    });

    it('ends when the provider is asked and names the group no longer, of every kind', async () => {
      const mine = await signIn('approvers');
      const streams = [await listen({ cookie: mine.cookie }), await listen(by(await token(['approvers'])))];
      const me = sub;
      sub = newId('sub');
      const others = await listen(by(await token(['approvers'])));
      clock.ahead += 101_000;
      corp.claims = { sub: me, groups: ['approvers', 'dba'] };
      await keep();
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(streams.map((stream) => stream.hasEnded())).toEqual([false, false]);
      clock.ahead += 101_000;
      corp.claims = { sub: me, groups: [] };
      await keep();
      await eventually(() => streams.every((stream) => stream.hasEnded()), atOnce);
      expect(others.hasEnded()).toBe(false);
      others.leave();
    });

    it('ends when nobody has used the page for too long', async () => {
      const { cookie } = await signIn('approvers');
      const stream = await listen({ cookie });
      clock.ahead += 601_000;
      await keep();
      await eventually(() => stream.hasEnded(), atOnce);
    });
  });
});
