import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectReferences, parseConfig } from '#platform';
import { root } from '../support/house.js';

const page = readFileSync(join(root, 'docs/identity.md'), 'utf8');
const source = ['libs/platform', 'libs/domain', 'services/identity', 'services/cli']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
  .filter(({ name }) => name.endsWith('.ts'))
  .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
  .join('\n');
const example = readFileSync(join(root, 'docs/examples/keycloak-realm.json'), 'utf8');

/** Each provider's section, without what stands before the first. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split('\n')[0]!, section] as const),
);
/** What is said of no provider, behind them. */
const general = ['Where secrets go', 'What a token gives', 'When it does not work'];
const blocks = (section = '') =>
  [...section.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = '']) => text);
const parse = (text = '') => parseConfig(text, '/etc/weirkeeper/weir.yaml', '/var/lib/weirkeeper');

describe('docs/identity.md', () => {
  it.each(['Keycloak', 'Okta', 'Entra ID', 'Google'])(
    '%s: says if it was run, and its weir.yaml is taken',
    (name) => {
      const section = sections.get(name);
      expect(section).toMatch(/^(Run, with|Documented only\.)/m);
      expect(blocks(section)).toHaveLength(1);
      const { identity, publicUrl } = parse(blocks(section)[0]);
      const [issuer] = identity.oidc;
      expect(issuer?.signIn?.clientId).toBeTruthy();
      expect(example + section).toContain(`${publicUrl}/api/identity/callback/${issuer!.name}`);
    },
  );

  it('marks a provider as run where the table does, and names a test that there is', () => {
    const rows = [...page.matchAll(/^\| \[(.+?)\].*\| (run|documented only)(?:: `(.+?)`.*)? \|$/gm)];
    expect(rows.map(([, name]) => name)).toEqual(
      [...sections.keys()].filter((name) => !general.includes(name)),
    );
    for (const [, name = '', how = '', file] of rows) {
      expect(sections.get(name)).toMatch(how === 'run' ? /^Run, with/m : /^Documented only\./m);
      if (how === 'run') expect(readFileSync(join(root, file!), 'utf8')).toContain('describe');
    }
  });

  it('shows how an agent gets a token, where it was run and where it was not', () => {
    for (const name of ['Keycloak', 'Okta', 'Entra ID'])
      expect(sections.get(name)).toMatch(
        /export PGPASSWORD=\$\(curl [^]*grant_type=client_credentials[^]*psql "/,
      );
    expect(parse(blocks(sections.get('Entra ID'))[0]).identity.oidc[0]?.subjectClaim).toBe('oid');
  });

  it('quotes what is said, word by word, where it does not work', () => {
    const rows = [...sections.get('When it does not work')!.matchAll(/^\| (.+?) \| /gm)].slice(2);
    expect(rows.length).toBeGreaterThan(15);
    const said = rows
      .flatMap(([, symptom = '']) => [...symptom.matchAll(/`([^`]*)`/g)])
      .map(([, words = '']) => words)
      .filter((words) => words.includes(' '));
    expect(said.length).toBeGreaterThan(10);
    for (const words of said) expect([words, source.includes(words)]).toEqual([words, true]);
  });

  it('shows the errors that come, and the fields that there are', () => {
    const messages = [...sections.get('Where secrets go')!.matchAll(/^weir\.yaml:\d+: (\S+): (.*)$/gm)];
    const config = parse(blocks(sections.get('Keycloak'))[0]);
    let missing = '';
    try {
      expectReferences(config, {});
    } catch (error) {
      missing = (error as Error).message.replace(/^\S+ /gm, '');
    }
    expect(missing).toBe(messages.map(([, key, what]) => `${key}: ${what}`).join('\n'));
    const [, shown = ''] = /```json\n([^]*?)```/.exec(sections.get('What a token gives')!) ?? [];
    const me = readFileSync(join(root, 'services/identity/me.controller.ts'), 'utf8');
    for (const name of Object.keys(JSON.parse(shown) as object)) expect(me).toContain(`  ${name}: z.`);
  });

  it("names Keycloak's clients as the realm file and weir.yaml have them", () => {
    const { clients } = JSON.parse(example) as { clients: { clientId: string }[] };
    const { identity, publicUrl } = parse(blocks(sections.get('Keycloak'))[0]);
    const [issuer] = identity.oidc;
    const saml = `${publicUrl}/api/identity/saml/${identity.saml[0]!.name}/metadata`;
    const named = [issuer!.signIn!.clientId, issuer!.signIn!.cliClientId, 'ci-agent', saml];
    expect(clients.map(({ clientId }) => clientId)).toEqual(named);
    for (const { clientId } of clients)
      expect(sections.get('Keycloak')).toContain(`\`${clientId.replace(`${publicUrl}/api/identity`, '…')}\``);
  });
});
