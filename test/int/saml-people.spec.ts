import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock as clock, type Principal } from '#kernel';
import { TOKEN_VERIFIER, type TokenVerifier } from '#platform';
import { ApprovalModule } from '../../services/approval/index.js';
import { PlainBrowser, type Me } from '../support/browser.js';
import { HostileProvider } from '../support/hostile-provider.js';
import { json } from '../support/json.js';
import { SamlIdp, type Said } from '../support/saml-idp.js';
import { Approvals } from './approval.stage.js';
import { IdentityHouse } from './identity.house.js';
import { approveAt, type PageApprover } from './page.approver.js';
import { SamlWay } from './saml.way.js';

const uid = 'urn:example:uid';
const groups = ['approvers'];

let idp: SamlIdp;
let corp: HostileProvider;
let house: IdentityHouse;
const warned = vi.spyOn(Logger.prototype, 'warn');
beforeAll(async () => {
  [idp, corp] = [await SamlIdp.make(), await HostileProvider.start()];
  house = await houseWith([
    idp.entry('joined', { subjectAttribute: uid, peopleOf: 'corp' }),
    idp.entry('by-name', { peopleOf: 'corp' }),
    idp.entry('attribute', { subjectAttribute: uid }),
    idp.entry('apart'),
    idp.entry('robots', { agents: ['robots'], peopleOf: 'corp' }),
  ]);
});
afterAll(async () => {
  await house.stop();
  await corp.stop();
});

function houseWith(saml: readonly string[]): Promise<IdentityHouse> {
  const oidc = corp.entry('corp', '', ', agents: [agents]');
  const list = saml.map((entry) => `    - ${entry}\n`).join('');
  return IdentityHouse.start({
    modules: [ApprovalModule],
    identity: `  roles: { approver: [approvers] }\n  oidc:\n    - ${oidc}\n  saml:\n${list}`,
  });
}

const attributeOf = (...values: readonly string[]) =>
  `<saml:AttributeStatement><saml:Attribute Name="${uid}">${values
    .map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`)
    .join('')}</saml:Attribute></saml:AttributeStatement>`;

async function byToken(claims: Record<string, unknown>): Promise<Principal> {
  const exp = Math.floor(Date.now() / 1000) + 600;
  const token = await corp.sign({ iss: corp.issuer, aud: 'weir', exp, ...claims });
  return (await house.app.get<TokenVerifier>(TOKEN_VERIFIER, { strict: false }).verify(token)).principal;
}

async function bySaml(name: string, said: Said): Promise<{ browser: PlainBrowser; me: Me }> {
  const browser = new PlainBrowser();
  expect(await new SamlWay(house.url, idp, name).say(said, browser)).toBe('/approvals');
  return { browser, me: await json<Me>(await browser.ask(`${house.url}/api/identity/me`)) };
}

/** As `joined` and `attribute` name them; the NameID is an address. */
const called = (name: string, subject: string, more: Said = {}) =>
  bySaml(name, { nameId: `${subject}@corp.example`, groups, more: attributeOf(subject), ...more });

async function ask(requester: Principal): Promise<string> {
  const { id } = await new Approvals(house.log, clock, { requester, approverGroups: groups }).ask();
  return id;
}
const approve = (id: string, by: PageApprover) => approveAt(house, id, by);

describe('people of SAML who are those of OpenID Connect', () => {
  it('are called as there, and their sessions as their own provider is', async () => {
    const { me } = await called('joined', '1b77-uuid');
    expect(me).toMatchObject({
      ...{ id: 'corp:1b77-uuid', issuer: 'corp', subject: '1b77-uuid', kind: 'person' },
      pageSession: { provider: 'joined' },
    });
    expect((await bySaml('by-name', { nameId: 'ann' })).me.id).toBe('corp:ann');
  });

  it('approve nothing that they asked for with a token; somebody else does', async () => {
    const id = await ask(await byToken({ sub: '1b77-uuid', groups: ['analysts'] }));
    expect(await approve(id, await called('joined', '1b77-uuid'))).toBe('SELF_APPROVAL');
    expect(await approve(id, await called('joined', '2c88-uuid'))).toBe('approved');
  });

  it('nor what an agent asked for in their name', async () => {
    const claims = { sub: '1b77-uuid', groups: ['agents'], act: { sub: 'planner' } };
    const id = await ask(await byToken(claims));
    expect(await approve(id, await called('joined', '1b77-uuid'))).toBe('SELF_APPROVAL');
    expect(await approve(id, await called('joined', '2c88-uuid'))).toBe('approved');
  });

  it('are signed out by the name that their provider has for them, and nobody else is', async () => {
    const [ann, bob] = [await called('joined', 'ann'), await called('joined', 'bob')];
    const url = `${house.url}/api/identity/saml/joined/logout`;
    const request = idp.logoutRequest(url, { nameId: 'ann@corp.example' });
    const answer = await fetch(`${url}?${idp.redirectQuery(request)}`, { redirect: 'manual' });
    expect(answer.status).toBe(303);
    const status = async ({ browser }: typeof ann) =>
      (await browser.ask(`${house.url}/api/identity/me`)).status;
    expect([await status(ann), await status(bob)]).toEqual([401, 200]);
  });
});

describe('the attribute that names people', () => {
  it('does so alone, and without it the NameID does', async () => {
    expect((await called('attribute', '1b77-uuid')).me.id).toBe('attribute:1b77-uuid');
    expect((await called('apart', '1b77-uuid')).me.id).toBe('apart:1b77-uuid@corp.example');
  });

  it.each([
    ['is missing', ''],
    ['has no value', attributeOf()],
    ['has an empty value', attributeOf('')],
    ['has two values', attributeOf('ann', 'bob')],
    ['has one value twice', attributeOf('ann', 'ann')],
    ['stands there twice', attributeOf('ann') + attributeOf('bob')],
    ['stands there twice with one value', attributeOf('ann') + attributeOf('ann')],
    ['holds elements', attributeOf('ann<x xmlns=""/>')],
    ['begins with a space', attributeOf(' ann')],
    ['has what nobody sees', attributeOf('a\u200bnn')],
    ['is too long', attributeOf('x'.repeat(256))],
  ])('signs nobody in where it %s', async (_, more) => {
    for (const name of ['joined', 'attribute'])
      expect(await new SamlWay(house.url, idp, name).say({ nameId: 'ann', more })).toBe(
        '/sign-in?error=refused',
      );
    expect((await bySaml('apart', { nameId: 'ann', more })).me.id).toBe('apart:ann');
  });
});

describe('an agent', () => {
  it.each(['apart', 'joined'])('is one by SAML, too, and approves nothing: %s', async (name) => {
    const requester = await byToken({ sub: '6f0c-uuid', groups: ['agents', 'approvers'] });
    const id = await ask({ ...requester, groups: [] });
    const agent = await called(name, 'ci-bot', { groups: ['approvers', 'agents'] });
    expect(agent.me).toMatchObject({ kind: 'agent', roles: [] });
    expect(await approve(id, agent)).toBe('FORBIDDEN');
    expect(await approve(id, await called(name, '2c88-uuid'))).toBe('approved');
  });

  it('is who is in the groups of that provider’s own list, where it has one', async () => {
    const robot = await bySaml('robots', { nameId: 'r2', groups: ['robots', 'approvers'] });
    expect(robot.me).toMatchObject({ kind: 'agent', roles: [] });
    expect((await bySaml('robots', { nameId: 'ann', groups })).me).toMatchObject({
      ...{ kind: 'person', roles: ['approver'] },
    });
  });
});

it('the start warns once of the providers whose people have two names, and of no others', async () => {
  const warnings = () =>
    warned.mock.calls.map(([said]) => said as { message?: string; providers?: string[] }).filter(isOurs);
  const isOurs = ({ message }: { message?: string }) => message?.startsWith('four eyes') === true;
  expect(warnings()).toMatchObject([{ providers: ['attribute', 'apart'] }]);
  await (await houseWith([idp.entry('joined', { peopleOf: 'corp' })])).stop();
  expect(warnings()).toHaveLength(1);
});
