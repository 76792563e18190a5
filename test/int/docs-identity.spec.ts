import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '#platform';
import { root } from '../support/house.js';

const page = readFileSync(join(root, 'docs/identity.md'), 'utf8');
const example = readFileSync(join(root, 'docs/examples/keycloak-realm.json'), 'utf8');

/** Each provider's section, without what stands before the first. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split('\n')[0]!, section] as const),
);
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
    expect(rows.map(([, name]) => name)).toEqual([...sections.keys()]);
    for (const [, name = '', how = '', file] of rows) {
      expect(sections.get(name)).toMatch(how === 'run' ? /^Run, with/m : /^Documented only\./m);
      if (how === 'run') expect(readFileSync(join(root, file!), 'utf8')).toContain('describe');
    }
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
