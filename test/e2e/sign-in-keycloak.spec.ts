import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKeycloak } from '../support/keycloak.js';
import { secret, setStage, type Stage } from './keycloak/stage.js';

const keycloak = await findKeycloak();

describe.skipIf(!keycloak)('Keycloak, with the realm that the documentation gives', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage(keycloak!);
  }, 240_000);
  afterAll(() => stage?.stop());

  it("its service account's token is an agent's", async () => {
    const authorization = `Bearer ${await stage.realm.clientToken('ci-agent', secret)}`;
    const answer = await fetch(`${stage.house.url}/api/identity/me`, { headers: { authorization } });
    expect(await answer.json()).toMatchObject({ groups: ['agents'], kind: 'agent' });
  });
});
