import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock as clock, type Principal } from '#kernel';
import { TOKEN_VERIFIER, type TokenVerifier } from '#platform';
import { ApprovalModule } from '../../services/approval/index.js';
import { PageSessionKeeper } from '../../services/identity/index.js';
import { PlainBrowser, type Me } from '../support/browser.js';
import { HostileProvider } from '../support/hostile-provider.js';
import { eventually } from '../support/house.js';
import { json } from '../support/json.js';
import { Approvals } from './approval.stage.js';
import { IdentityHouse, MovingClock } from './identity.house.js';
import { approveAt, type PageApprover } from './page.approver.js';

let corp: HostileProvider;
let house: IdentityHouse;
let identity: string;
beforeAll(async () => {
  corp = await HostileProvider.start();
  identity = `  roles: { approver: [approvers] }\n  oidc:\n    - ${corp.entry('corp', '', ', subjectClaim: oid, agents: [agents]')}`;
  house = await IdentityHouse.start({ identity, modules: [ApprovalModule] });
});
afterAll(async () => {
  await house.stop();
  await corp.stop();
});
afterEach(() => void (corp.claims = { groups: ['approvers'] }));

/** Who has a token of this provider's: for the gate, with the subject that it has for that client. */
async function byToken(claims: Record<string, unknown>): Promise<Principal> {
  const exp = Math.floor(Date.now() / 1000) + 600;
  const token = await corp.sign({ iss: corp.issuer, aud: 'weir', exp, ...claims });
  return (await house.app.get<TokenVerifier>(TOKEN_VERIFIER, { strict: false }).verify(token)).principal;
}

/** Who signs in at the pages, with the subject that it has there. */
async function byPage(claims: Record<string, unknown>): Promise<{ browser: PlainBrowser; me: Me }> {
  corp.claims = { groups: ['approvers'], ...claims };
  const browser = new PlainBrowser();
  const there = await browser.ask(`${house.url}/api/identity/sign-in/corp`);
  const back = await browser.ask(corp.answerTo(there.headers.get('location')!));
  expect(back.headers.get('location')).toBe('/');
  return { browser, me: await json<Me>(await browser.ask(`${house.url}/api/identity/me`)) };
}

async function ask(requester: Principal): Promise<string> {
  const { id } = await new Approvals(house.log, clock, { requester, approverGroups: ['approvers'] }).ask();
  return id;
}
const approve = (id: string, by: PageApprover) => approveAt(house, id, by);

describe('where each client gets another sub of the same person', () => {
  it('the claim that is the same names them, by token and at the pages', async () => {
    const requester = await byToken({ sub: 'ann-at-the-gate', oid: 'ann' });
    const { me } = await byPage({ sub: 'ann-at-the-pages', oid: 'ann' });
    expect([requester.id, requester.subject, me.id]).toEqual(['corp:ann', 'ann', 'corp:ann']);
  });

  it('who asked by token does not decide at the pages; somebody else does', async () => {
    const id = await ask(await byToken({ sub: 'ann-at-the-gate', oid: 'ann' }));
    expect(await approve(id, await byPage({ sub: 'ann-at-the-pages', oid: 'ann' }))).toBe('SELF_APPROVAL');
    expect(await approve(id, await byPage({ sub: 'bob-at-the-pages', oid: 'bob' }))).toBe('approved');
  });

  it('nor does the person in whose name an agent asked', async () => {
    const act = { sub: 'planner-at-the-gate', oid: 'planner' };
    const agent = await byToken({ sub: 'ann-at-the-gate', oid: 'ann', act });
    expect(agent).toMatchObject({ id: 'corp:planner', kind: 'agent', onBehalfOf: 'corp:ann' });
    const id = await ask(agent);
    expect(await approve(id, await byPage({ sub: 'ann-at-the-pages', oid: 'ann' }))).toBe('SELF_APPROVAL');
    expect(await approve(id, await byPage({ sub: 'bob-at-the-pages', oid: 'bob' }))).toBe('approved');
  });

  it('a token without that claim names nobody: sub does not stand in for it', async () => {
    await expect(byToken({ sub: 'ann' })).rejects.toThrow('its oid is missing');
    await expect(byToken({ sub: 'x', oid: 'ann', act: { sub: 'planner' } })).rejects.toThrow('act.oid');
  });

  it('it is read from what is signed, later too, and not from userinfo', async () => {
    const provider = await HostileProvider.start();
    Object.assign(provider, { userinfo: { sub: 'ann-here', oid: 'bob' }, idTokenOnRefresh: false });
    const clock = new MovingClock();
    const identity = `  pages: { refresh: 100 }\n  oidc:\n    - ${provider.entry('corp', '', ', subjectClaim: oid')}`;
    const second = await IdentityHouse.start({ identity, clock });
    const signIn = async (claims: Record<string, unknown>) => {
      provider.claims = { sub: 'ann-here', ...claims };
      const browser = new PlainBrowser();
      const there = await browser.ask(`${second.url}/api/identity/sign-in/corp`);
      const back = await browser.ask(provider.answerTo(there.headers.get('location')!));
      return { browser, to: back.headers.get('location') };
    };
    expect((await signIn({})).to).toBe('/sign-in?error=refused');
    const { browser, to } = await signIn({ oid: 'ann' });
    expect(to).toBe('/');
    provider.userinfo = { sub: 'ann-here', oid: 'bob', groups: ['dba'] };
    clock.ahead += 101_000;
    const keeper = second.app.get(PageSessionKeeper, { strict: false });
    keeper.tick();
    await keeper.settled();
    const me = await json<Me>(await browser.ask(`${second.url}/api/identity/me`));
    expect(me).toMatchObject({ id: 'corp:ann', groups: ['dba'] });
    await second.stop();
    await provider.stop();
  });

  it("the provider's word that somebody signed out there names them as it calls them, on whatever machine", async () => {
    const far = await IdentityHouse.start({ identity, beside: house, isElsewhere: true });
    const ann = await byPage({ sub: 'ann-at-the-pages', oid: 'ann' });
    const bob = await byPage({ sub: 'bob-at-the-pages', oid: 'bob' });
    const iat = Math.floor(Date.now() / 1000) + 1;
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const about = { iss: corp.issuer, aud: 'pages', iat, jti: 'j1', events, sub: 'ann-at-the-pages' };
    const said = await fetch(`${far.url}/api/identity/back-channel-logout/corp`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: await corp.sign(about) }),
    });
    expect(said.status).toBe(200);
    const status = async ({ browser }: typeof ann) =>
      (await browser.ask(`${house.url}/api/identity/me`)).status;
    await eventually(async () => (await status(ann)) === 401, 2_000);
    expect(await status(bob)).toBe(200);
    await far.stop();
  });
});

describe('a provider that has only subs of each client’s own', () => {
  it.each([
    ['two clients and no other claim', '', '', '/sign-in?error=refused'],
    ['two clients and another claim', '', ', subjectClaim: oid', undefined],
    ['one client for everything', ', cliClientId: weir', '', undefined],
    ['a client of its own for the command', ', cliClientId: weir-cli', '', '/sign-in?error=refused'],
  ])('with %s', async (_, more, own, error) => {
    const provider = await HostileProvider.start();
    provider.discovery['subject_types_supported'] = ['pairwise'];
    const entry = provider.entry('corp', more, own);
    const identity = `  oidc:\n    - ${more.includes(': weir') ? entry.replace('clientId: pages', 'clientId: weir') : entry}`;
    const strict = await IdentityHouse.start({ identity });
    const answer = await new PlainBrowser().ask(`${strict.url}/api/identity/sign-in/corp`);
    const location = answer.headers.get('location')!;
    if (error === undefined) expect(location).toContain(`${provider.issuer}/authorize?`);
    else expect(location).toBe(error);
    await strict.stop();
    await provider.stop();
  });
});
