import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './house.js';
import type { Keycloak } from './keycloak.js';

/** What is read and written here of Keycloak's realm representation. */
export interface RealmFile {
  readonly realm: string;
  readonly [key: string]: unknown;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

export const password = 'correct horse 3 battery';

/** Who is in which group: a person each. */
const people = { ana: 'approvers', sec: 'security', aud: 'auditors', ops: 'platform', dev: '' };
export type Person = keyof typeof people;

/**
 * The realm file of docs/examples, for a gate at `publicUrl`, with people in it. It is what the documentation tells
 * to import: so a test of it is a test of that.
 */
export function documentedRealm(name: string, publicUrl: string, secret: string): RealmFile {
  const text = readFileSync(join(root, 'docs/examples/keycloak-realm.json'), 'utf8')
    .replaceAll('https://weir.example', publicUrl)
    .replaceAll('CHANGE-ME', secret);
  const file = JSON.parse(text) as RealmFile & { readonly users: readonly unknown[] };
  const users = Object.entries(people).map(([username, group]) => ({
    username,
    ...{ enabled: true, emailVerified: true, email: `${username}@corp.example` },
    ...{ firstName: username, lastName: 'Corp', groups: group === '' ? [] : [`/${group}`] },
    credentials: [{ type: 'password', value: password, temporary: false }],
  }));
  return { ...file, realm: name, sslRequired: 'none', users: [...file.users, ...users] };
}

/** One realm: what an administrator does with it, and tokens of its clients. */
export class KeycloakRealm {
  readonly issuer: string;

  constructor(
    private readonly keycloak: Keycloak,
    readonly name: string,
  ) {
    this.issuer = `${keycloak.url}/realms/${name}`;
  }

  call<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.keycloak.call(method, `/admin/realms/${this.name}${path}`, body) as Promise<T>;
  }

  /** Changes settings of the realm itself. */
  async set(settings: Readonly<Record<string, unknown>>): Promise<void> {
    await this.call('PUT', '', settings);
  }

  /** What it signs SAML with, as PEM. */
  async certificate(): Promise<string> {
    const xml = await (await fetch(`${this.issuer}/protocol/saml/descriptor`)).text();
    const [, base64] = /X509Certificate>([^<]+)</.exec(xml) ?? [];
    if (base64 === undefined) throw new Error(`no certificate in ${xml}`);
    return `-----BEGIN CERTIFICATE-----\n${base64.trim()}\n-----END CERTIFICATE-----\n`;
  }

  /** A client's own token, by its secret. */
  async clientToken(id: string, secret: string): Promise<string> {
    const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    return this.#token({ grant_type: 'client_credentials' }, { authorization });
  }

  async leave(person: Person, group: string): Promise<void> {
    await this.call('DELETE', `/users/${await this.user(person)}/groups/${await this.#group(group)}`);
  }

  async join(person: Person, group: string): Promise<void> {
    await this.call('PUT', `/users/${await this.user(person)}/groups/${await this.#group(group)}`);
  }

  async enable(person: Person, enabled: boolean): Promise<void> {
    await this.call('PUT', `/users/${await this.user(person)}`, { enabled });
  }

  /** Ends the person's sessions at Keycloak, as an administrator does. */
  async signOut(person: Person): Promise<void> {
    await this.call('POST', `/users/${await this.user(person)}/logout`);
  }

  async sessions(person: Person): Promise<number> {
    return (await this.call<unknown[]>('GET', `/users/${await this.user(person)}/sessions`)).length;
  }

  async user(username: string): Promise<string> {
    const found = await this.call<{ id: string }[]>('GET', `/users?exact=true&username=${username}`);
    return one(found, username).id;
  }

  async client(clientId: string): Promise<string> {
    const found = await this.call<{ id: string }[]>(
      'GET',
      `/clients?clientId=${encodeURIComponent(clientId)}`,
    );
    return one(found, clientId).id;
  }

  /** Takes a claim from a client's tokens; resolves to what puts it back. */
  async dropMapper(clientId: string, name: string): Promise<() => Promise<void>> {
    const mappers = `/clients/${await this.client(clientId)}/protocol-mappers/models`;
    const found = (await this.call<Named[]>('GET', mappers)).filter((mapper) => mapper.name === name);
    const { id, ...mapper } = one(found, name);
    await this.call('DELETE', `${mappers}/${id}`);
    return () => this.call('POST', mappers, mapper);
  }

  /** A new signing key, in use from now on; resolves to its provider's name, for `dropKeys`. */
  async rotate(name: string, priority: number): Promise<void> {
    const { id } = await this.call<{ id: string }>('GET', '');
    const one = (value: string) => [value];
    const config = { priority: one(`${priority}`), keySize: one('2048'), enabled: one('true') };
    await this.call('POST', '/components', {
      ...{ name, providerId: 'rsa-generated', providerType: 'org.keycloak.keys.KeyProvider', parentId: id },
      config: { ...config, active: one('true') },
    });
  }

  /** Withdraws a signing key: its public half is served no more. */
  async dropKey(name: string): Promise<void> {
    const found = await this.call<Named[]>('GET', '/components?type=org.keycloak.keys.KeyProvider');
    const known = found.filter((component) => component.name === name);
    await this.call('DELETE', `/components/${one(known, name).id}`);
  }

  async drop(): Promise<void> {
    await this.call('DELETE', '');
  }

  async #group(name: string): Promise<string> {
    const found = await this.call<Named[]>('GET', `/groups?exact=true&search=${name}`);
    return one(found, name).id;
  }

  async #token(form: Record<string, string>, headers: Record<string, string>): Promise<string> {
    const url = `${this.issuer}/protocol/openid-connect/token`;
    const answer = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) });
    if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { access_token: string }).access_token;
  }
}

function one<T>(found: readonly T[], name: string): T {
  if (found.length !== 1) throw new Error(`${name}: there are ${found.length}`);
  return found[0]!;
}
