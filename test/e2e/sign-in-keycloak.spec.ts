import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKeycloak } from '../support/keycloak.js';
import { peer } from '../support/peer.js';
import { signsInToPages } from './keycloak/pages.js';
import { secret, Stage } from './keycloak/stage.js';

const chromium = peer('chromium');
const keycloak = await findKeycloak();

describe.skipIf(!keycloak || !chromium)('Keycloak, with the realm that the documentation gives', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.set(keycloak!);
  }, 240_000);
  afterAll(() => stage?.stop());

  it("its service account's token is an agent's", async () => {
    const authorization = `Bearer ${await stage.realm.clientToken('ci-agent', secret)}`;
    const answer = await fetch(`${stage.house.url}/api/identity/me`, { headers: { authorization } });
    expect(await answer.json()).toMatchObject({ groups: ['agents'], kind: 'agent' });
  });

  describe('as OpenID provider of pages', () => signsInToPages(() => stage));
});
