import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import type { Me } from '../../support/browser.js';
import { TestBrowser } from '../../support/chromium.js';
import { freePort, TestHouse } from '../../support/house.js';
import { documentedRealm, password, type Person } from '../../support/keycloak.realm.js';
import { Keycloak, type KeycloakPeer, type KeycloakRealm } from '../../support/keycloak.js';

export const secret = randomBytes(24).toString('base64url');
/** Seconds: the shortest that there is. */
export const refresh = 10;

/** A Keycloak with the documented realm, a gate that is configured for it as documented, and a browser. */
export class Stage {
  private constructor(
    readonly keycloak: Keycloak,
    readonly realm: KeycloakRealm,
    readonly house: TestHouse,
    readonly chromium: TestBrowser,
  ) {}

  static async set(peer: KeycloakPeer, env: NodeJS.ProcessEnv = {}): Promise<Stage> {
    const port = await freePort();
    const keycloak = await Keycloak.start(peer);
    const realm = await keycloak.realm(documentedRealm(`corp-${port}`, `http://127.0.0.1:${port}`, secret));
    const chromium = TestBrowser.open();
    const house = await TestHouse.start({
      httpPort: port,
      identity: await identity(realm),
      yaml: 'demo: true',
      env: { ...env, WEIR_CLIENT_SECRET: secret },
      tokens: () => realm.clientToken('ci-agent', secret),
      restless: true,
    });
    return new Stage(keycloak, realm, house, chromium);
  }

  async stop(): Promise<void> {
    await Promise.all([this.chromium.close(), this.house.stop(), this.#stopKeycloak()]);
  }

  async #stopKeycloak(): Promise<void> {
    await this.realm.drop();
    await this.keycloak.stop();
  }

  /** Signs in to pages, in a browser of that person's own. */
  async signIn(person: Person, provider = 'corp', page?: Page): Promise<Page> {
    const own = page ?? (await this.chromium.person());
    await own.goto(`${this.house.url}/api/identity/sign-in/${provider}?to=/api/identity/me`);
    await typePassword(own, person);
    await own.waitForURL(`${this.house.url}/api/identity/me`);
    return own;
  }

  /** What the page session says of its owner; undefined where it has ended. */
  async me(page: Page): Promise<Me | undefined> {
    const answer = await page.request.get(`${this.house.url}/api/identity/me`);
    return answer.ok() ? ((await answer.json()) as Me) : undefined;
  }

  /** Why that person's page sessions have ended so far, as the audit store has it. */
  async endReasons(person: Person, provider = 'corp'): Promise<unknown[]> {
    const who = `${provider}:${await this.realm.user(person)}`;
    const rows = await this.house.sql(
      `SELECT reason, payload FROM weir.control_events WHERE type = 'PageSessionEnded' AND subject = '${who}'`,
    );
    return rows.map(({ reason }) => reason);
  }

  /** As the pages do it; resolves to where the browser has ended. */
  async signOut(page: Page): Promise<string> {
    const csrf = (await this.me(page))!.pageSession!.csrf;
    const url = `${this.house.url}/api/identity/sign-out`;
    const answer = await page.request.post(url, { headers: { 'x-weir-csrf': csrf } });
    const { continue: next } = (await answer.json()) as { continue: string };
    await page.goto(next);
    return page.url();
  }
}

/** Keycloak's own page. */
export async function typePassword(page: Page, person: Person): Promise<void> {
  await page.fill('input[name=username]', person);
  await page.fill('input[name=password]', password);
  await page.click('#kc-login');
}

async function identity(realm: KeycloakRealm): Promise<string> {
  return `  oidc:
    - name: corp
      issuer: ${realm.issuer}
      audience: weir
      agents: [agents]
      # One machine, one clock: a group that was given back counts for a token of the next second.
      clockSkew: 0
      signIn: { clientId: weir-pages, clientSecret: env:WEIR_CLIENT_SECRET, cliClientId: weir-cli, label: Corp }
  saml:
    - name: corp-saml
      idpEntityId: ${realm.issuer}
      ssoUrl: ${realm.issuer}/protocol/saml
      sloUrl: ${realm.issuer}/protocol/saml
      idpCerts: [${JSON.stringify(await realm.certificate())}]
  pages: { refresh: ${refresh} }
  # The agent is an auditor as well: the stage itself asks as that.
  roles: { approver: [approvers], security: [security], auditor: [auditors, agents], operator: [platform] }`;
}
