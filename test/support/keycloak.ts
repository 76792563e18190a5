import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyOfHome, type KeycloakPeer } from './keycloak.dist.js';
import { admin as shipped, KeycloakProcess } from './keycloak.process.js';
import { KeycloakRealm, type RealmFile } from './keycloak.realm.js';

export { findKeycloak, type KeycloakPeer } from './keycloak.dist.js';
export { KeycloakRealm, type RealmFile } from './keycloak.realm.js';

/** A running Keycloak, by its admin API. */
export class Keycloak {
  #token: { readonly value: string; readonly until: number } | undefined;

  private constructor(
    readonly url: string,
    private readonly admin: { readonly user: string; readonly password: string },
    private readonly end: () => Promise<void>,
  ) {}

  /** Takes some ten seconds where it isn't running yet. */
  static async start(peer: KeycloakPeer): Promise<Keycloak> {
    if ('address' in peer) {
      const { origin, username, password } = new URL(peer.address);
      const admin = { user: decodeURIComponent(username), password: decodeURIComponent(password) };
      return new Keycloak(origin, admin, () => Promise.resolve());
    }
    const home = await copyOfHome(peer.home);
    const server = await KeycloakProcess.start(home);
    return new Keycloak(server.url, shipped, async () => {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    });
  }

  /** One that makes a realm at its start, from a file that may name variables of its environment. Takes longer. */
  static async importing(
    peer: { readonly home: string },
    realm: string,
    env: NodeJS.ProcessEnv,
  ): Promise<Keycloak> {
    const home = await copyOfHome(peer.home);
    await mkdir(join(home, 'data/import'), { recursive: true });
    await writeFile(join(home, 'data/import/realm.json'), realm);
    const server = await KeycloakProcess.start(home, { args: ['--import-realm'], env });
    return new Keycloak(server.url, shipped, async () => {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    });
  }

  /** A realm of the test's own, from a realm file as Keycloak imports it. */
  async realm(file: RealmFile): Promise<KeycloakRealm> {
    await this.call('POST', '/admin/realms', file);
    return new KeycloakRealm(this, file.realm);
  }

  async stop(): Promise<void> {
    await this.end();
  }

  /** The admin API; resolves to what it answers, undefined where that is empty. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${await this.#login()}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }

  /** Its tokens last a minute. */
  async #login(): Promise<string> {
    if (this.#token && Date.now() < this.#token.until) return this.#token.value;
    const answer = await fetch(`${this.url}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: 'admin-cli',
        username: this.admin.user,
        password: this.admin.password,
      }),
    });
    if (!answer.ok) throw new Error(`the admin can't sign in: ${answer.status} ${await answer.text()}`);
    const { access_token: value } = (await answer.json()) as { access_token: string };
    this.#token = { value, until: Date.now() + 30_000 };
    return value;
  }
}
