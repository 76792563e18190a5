import { randomBytes } from 'node:crypto';
import { freePort, TestHouse } from '../../support/house.js';
import { documentedRealm } from '../../support/keycloak.realm.js';
import { Keycloak, type KeycloakPeer, type KeycloakRealm } from '../../support/keycloak.js';

export const secret = randomBytes(24).toString('base64url');

/** A Keycloak with the documented realm, and a gate that is configured for it as documented. */
export interface Stage {
  readonly keycloak: Keycloak;
  readonly realm: KeycloakRealm;
  readonly house: TestHouse;
  stop(): Promise<void>;
}

export async function setStage(peer: KeycloakPeer, env: NodeJS.ProcessEnv = {}): Promise<Stage> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const keycloak = await Keycloak.start(peer);
  const realm = await keycloak.realm(documentedRealm(`corp-${port}`, url, secret));
  const house = await TestHouse.start({
    httpPort: port,
    identity: identity(realm.issuer),
    yaml: 'demo: true',
    env: { ...env, WEIR_CLIENT_SECRET: secret },
    // Whoever it speaks as: the service account is an agent, and an auditor for the stage's own questions.
    tokens: () => realm.clientToken('ci-agent', secret),
  });
  const stop = async () => {
    await house.stop();
    await realm.drop();
    await keycloak.stop();
  };
  return { keycloak, realm, house, stop };
}

function identity(issuer: string): string {
  return `  oidc:
    - name: corp
      issuer: ${issuer}
      audience: weir
      agents: [agents]
      signIn: { clientId: weir-pages, clientSecret: env:WEIR_CLIENT_SECRET, cliClientId: weir-cli, label: Corp }
  pages: { refresh: 10 }
  roles: { approver: [approvers], security: [security], auditor: [auditors, agents], operator: [platform] }`;
}
