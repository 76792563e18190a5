import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseMasking } from '#masking';
import { configSchema, parseConfig, type WeirConfig } from '#platform';
import { root } from '../support/house.js';

const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
const blocks = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = '']) => text);
const parse = (text: string): WeirConfig =>
  parseConfig(text, '/etc/weirkeeper/weir.yaml', '/var/lib/weirkeeper');

describe('docs/configuration.md', () => {
  it('has its examples', () => expect(blocks.length).toBeGreaterThan(5));

  it.each(blocks.map((text) => [text.split('\n')[0]!, text] as const))('is taken: %s', (head, text) => {
    if (head.startsWith('# masking.yaml')) expect(parseMasking(text, 'masking.yaml').rules).not.toEqual([]);
    else expect(parse(text).file).toBe('/etc/weirkeeper/weir.yaml');
  });

  it('shows the errors that come', () => {
    const [, errors = ''] = /^```text\n([^]*?)^```$/m.exec(page) ?? [];
    const wrong = [
      'demo: true\n\nidentity:\n  oidcs: []\n',
      `${'\n'.repeat(4)}connections:\n  - name: a\n    protocol: postgres\n    host: h\n    port: "5432"\n    database: d\n    user: u\n`,
    ];
    const problems = wrong.map((text) => {
      try {
        parse(text);
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(problems).toEqual(errors.trimEnd().split('\n'));
  });

  it('names every key, and no other', () => {
    expect(
      documented()
        .map(([key]) => key)
        .toSorted(),
    ).toEqual(leaves(configSchema as unknown as SchemaNode, '').toSorted());
  });

  it('names the defaults that hold', () => {
    const issuer = '{ name: a, issuer: "https://idp.example", audience: weir, signIn: { clientId: weir } }';
    const connection = '{ name: a, protocol: postgres, host: h, database: d, user: u }';
    const saml = '{ name: b, idpEntityId: b, ssoUrl: "https://idp.example/sso", idpCerts: ["file:idp.pem"] }';
    const hook = '{ name: a, url: "https://hook.example", secret: env:HOOK }';
    const filled = parse(
      `identity: { oidc: [${issuer}], saml: [${saml}] }\nconnections: [${connection}]\nwebhooks: [${hook}]`,
    );
    const empty = parse('');
    for (const [key, stated] of documented()) {
      // What a list's item must say has no default; the sample above says it.
      if (stated === '' && key.includes('[].')) continue;
      const value = valueAt(key.includes('[].') ? filled : empty, key);
      expect([key, value === undefined ? '' : asText(key, value)]).toEqual([key, stated.replaceAll('`', '')]);
    }
  });
});

/** `connections[].port`: of the first. */
function valueAt(config: WeirConfig, key: string): unknown {
  return key.split('.').reduce<unknown>((value, part, i, parts) => {
    const found = (value as Record<string, unknown> | undefined)?.[part.replace('[]', '')];
    return part.endsWith('[]') && i < parts.length - 1 ? (found as unknown[])[0] : found;
  }, config);
}

function asText(key: string, value: unknown): string {
  if (key === 'policies') return String(value).replace('/etc/weirkeeper/', '').concat('/');
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
}

/** Key and default of each row of the first table; a row may name two keys. */
function documented(): [key: string, stated: string][] {
  const [, section = ''] = /## Every key\n([^]*?)\n## /.exec(page) ?? [];
  return [...section.matchAll(/^\| (`.*?) \| (.*?)\|/gm)].flatMap(([, keys = '', stated = '']) =>
    keys.split(', ').map((key): [string, string] => [key.replaceAll('`', ''), stated.trim()]),
  );
}

/** The parts of a zod schema that are read here. */
interface SchemaNode {
  readonly def: { readonly innerType?: SchemaNode; readonly element?: SchemaNode };
  readonly shape?: Readonly<Record<string, SchemaNode>>;
}

function leaves(schema: SchemaNode, path: string): string[] {
  if (schema.def.innerType) return leaves(schema.def.innerType, path);
  if (schema.def.element?.shape) return [`${path}[]`, ...leaves(schema.def.element, `${path}[]`)];
  if (!schema.shape) return [path];
  return Object.entries(schema.shape).flatMap(([key, child]) =>
    leaves(child, path === '' ? key : `${path}.${key}`),
  );
}
