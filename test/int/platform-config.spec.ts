import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { expectReferences, loadConfig, resolveSecret } from '#platform';

const folder = mkdtempSync(join(tmpdir(), 'weir-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('the configuration file', () => {
  it('is weir.yaml here, or the one that WEIR_CONFIG names; state is below WEIR_DATA or .weir', () => {
    file('weir.yaml', 'demo: true');
    file('other.yaml', 'demo: false');
    expect(loadConfig({}, folder)).toMatchObject({ demo: true, dataDir: join(folder, '.weir') });
    const elsewhere = loadConfig({ WEIR_CONFIG: 'other.yaml', WEIR_DATA: '/var/lib/weir' }, folder);
    expect(elsewhere).toMatchObject({
      demo: false,
      dataDir: '/var/lib/weir',
      file: join(folder, 'other.yaml'),
    });
  });

  it('is named where it does not exist', () => {
    expect(() => loadConfig({ WEIR_CONFIG: 'no.yaml' }, folder)).toThrow(
      `${folder}/no.yaml: the configuration file does not exist`,
    );
  });

  it('of this repository is valid', () => {
    const config = loadConfig({}, resolve(import.meta.dirname, '../..'));
    expect([config.demo, config.identity.roles.auditor]).toEqual([true, ['auditors']]);
  });
});

describe('references that lead nowhere', () => {
  const text = [
    'identity:',
    '  oidc:',
    '    - name: corp',
    '      issuer: https://idp.example',
    '      audience: weir',
    '      signIn: { clientId: a, clientSecret: env:CORP_SECRET }',
    '  saml:',
    '    - { name: saml, idpEntityId: a, ssoUrl: https://idp.example, idpCerts: [file:there.pem, file:nowhere.pem] }',
    'webhooks:',
    '  - { name: chat, url: env:CHAT_URL, format: slack }',
    '  - { name: own, url: https://hook.example, secret: env:HOOK_SECRET }',
    'connections:',
    '  - { name: a, protocol: postgres, host: h, database: d, user: u, password: env:ORDERS_PW }',
  ].join('\n');
  const problemsWith = (env: NodeJS.ProcessEnv) => {
    file('there.pem', 'PEM');
    file('references.yaml', text);
    const config = loadConfig({ WEIR_CONFIG: 'references.yaml' }, folder);
    try {
      expectReferences(config, env);
      return [];
    } catch (error) {
      return (error as Error).message.split('\n');
    }
  };

  it('are named all at once, with their lines, and no value is', () => {
    const unset = (name: string) => `env:${name}: the environment variable ${name} is not set`;
    const pem = `file:${folder}/nowhere.pem: the file does not exist`;
    expect(problemsWith({ CHAT_URL: 'https://chat.example/s3cret' })).toEqual([
      `references.yaml:6: identity.oidc[0].signIn.clientSecret: ${unset('CORP_SECRET')}`,
      `references.yaml:8: identity.saml[0].idpCerts[1]: ${pem}`,
      `references.yaml:11: webhooks[1].secret: ${unset('HOOK_SECRET')}`,
    ]);
    expect(problemsWith({})).toHaveLength(4);
  });

  it('are none where all of them lead somewhere; a connection may go without its password', () => {
    file('nowhere.pem', 'PEM');
    expect(problemsWith({ CORP_SECRET: 'a', CHAT_URL: 'b', HOOK_SECRET: 'c' })).toEqual([]);
  });
});

describe('a secret in a file', () => {
  it('is read from beside the file that names it, without its last newline', () => {
    file('pw', 's3cret\n');
    file('pw2', 's3cret\n\n');
    expect(resolveSecret('file:pw', join(folder, 'weir.yaml'))).toBe('s3cret');
    expect(resolveSecret('file:pw2', join(folder, 'weir.yaml'))).toBe('s3cret\n');
  });
});
