import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#kernel';
import { createTokenVerifier, parseConfig } from '#platform';
import { root } from '../support/house.js';
import { findKeycloak, Keycloak, KeycloakRealm } from '../support/keycloak.js';

const peer = await findKeycloak();
const folder = join(root, 'deploy/docker/cluster');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const secrets = {
  WEIR_PAGES_SECRET: 'p'.repeat(24),
  WEIR_AGENT_SECRET: 'a'.repeat(24),
  WEIR_DEMO_PASSWORD: 'd'.repeat(24),
};

const issuer = parseConfig(read('weir.yaml'), join(folder, 'weir.yaml'), '/state').identity.oidc[0]!;

// One that runs already imports nothing at its start.
describe.skipIf(!peer || !('home' in peer))('the Keycloak of docker-compose.yml', { timeout: 60_000 }, () => {
  let keycloak: Keycloak;
  let realm: KeycloakRealm;
  beforeAll(async () => {
    keycloak = await Keycloak.importing(peer as { home: string }, read('keycloak-realm.json'), secrets);
    realm = new KeycloakRealm(keycloak, 'weir');
  }, 240_000);
  afterAll(() => keycloak?.stop());

  /** As the services do, but for the issuer's port. */
  function verify(token: string) {
    const issuers = [{ ...issuer, issuer: realm.issuer }];
    return createTokenVerifier({ issuers, clock: systemClock }).verify(token);
  }

  it('gives the agent a token that the services take, for the secret of the environment', async () => {
    const token = await realm.clientToken('ci-agent', secrets.WEIR_AGENT_SECRET);
    expect(await verify(token)).toMatchObject({ principal: { kind: 'agent', groups: ['agents'] } });
    await expect(realm.clientToken('ci-agent', '${WEIR_AGENT_SECRET}')).rejects.toThrow('401');
  });

  it.each([
    ['ana', ['approvers']],
    ['sec', ['security']],
    ['aud', ['auditors']],
    ['ops', ['platform']],
    ['dev', []],
  ])('knows %s, by the password of the environment', async (username, groups) => {
    const id = await realm.user(username);
    const found = await realm.call<{ name: string }[]>('GET', `/users/${id}/groups`);
    expect(found.map(({ name }) => name)).toEqual(groups);
    const login = (password: string) =>
      fetch(`${realm.issuer}/protocol/openid-connect/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username, password }),
      });
    expect((await login(secrets.WEIR_DEMO_PASSWORD)).status).toBe(200);
    expect((await login('${WEIR_DEMO_PASSWORD}')).status).toBe(401);
  });

  it('has the clients that the services sign people in with', async () => {
    expect(issuer.signIn).toMatchObject({ clientId: 'weir-pages', cliClientId: 'weir-cli' });
    const pages = await realm.call<Record<string, unknown>>(
      'GET',
      `/clients/${await realm.client('weir-pages')}`,
    );
    expect(pages).toMatchObject({
      redirectUris: ['http://127.0.0.1:8080/api/identity/callback/weir'],
      secret: secrets.WEIR_PAGES_SECRET,
      publicClient: false,
    });
    const cli = await realm.call<Record<string, unknown>>(
      'GET',
      `/clients/${await realm.client('weir-cli')}`,
    );
    expect(cli).toMatchObject({ publicClient: true });
  });
});
