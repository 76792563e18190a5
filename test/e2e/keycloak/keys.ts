import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { IdentityHouse, MovingClock } from '../../int/identity.house.js';
import type { KeycloakRealm } from '../../support/keycloak.js';
import { documentedRealm } from '../../support/keycloak.realm.js';
import { secret, type Stage } from './stage.js';

/** In a realm of its own, and at a gate whose clock can be moved: what is kept there is kept for minutes. */
export function changesKeys(stage: () => Stage): void {
  const clock = new MovingClock();
  let realm: KeycloakRealm, house: IdentityHouse, old: string, fresh: string;
  beforeAll(async () => {
    realm = await stage().keycloak.realm(documentedRealm(`keys-${process.pid}`, 'http://127.0.0.1', secret));
    await realm.set({ accessTokenLifespan: 3600 });
    const identity = `  oidc: [{ name: corp, issuer: ${realm.issuer}, audience: weir, agents: [agents] }]`;
    house = await IdentityHouse.start({ identity, clock });
    old = await realm.clientToken('ci-agent', secret);
  }, 60_000);
  afterAll(async () => {
    await house?.stop();
    await realm?.drop();
  });
  const taken = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${house.url}/api/identity/me`, { headers })).status;
  };

  it("takes a new key's tokens, and the old one's while that is served", async () => {
    expect(await taken(old)).toBe(200);
    await realm.rotate('next', 200);
    fresh = await realm.clientToken('ci-agent', secret);
    expect(decodeProtectedHeader(fresh).kid).not.toBe(decodeProtectedHeader(old).kid);
    // An unknown key is looked for at most twice a minute.
    clock.ahead += 31_000;
    expect([await taken(fresh), await taken(old)]).toEqual([200, 200]);
  });

  it("refuses a withdrawn key's tokens, once what is kept here is ten minutes old", async () => {
    await realm.dropKey('rsa-generated');
    expect(await taken(old)).toBe(200);
    clock.ahead += 10 * 60_000;
    expect([await taken(fresh), await taken(old)]).toEqual([200, 401]);
    // A token that was never seen here, too.
    expect(await taken(await realm.clientToken('ci-agent', secret))).toBe(200);
  });
}
