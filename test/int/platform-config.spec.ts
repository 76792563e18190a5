import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig, resolveSecret } from '#platform';

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

describe('a secret in a file', () => {
  it('is read from beside the file that names it, without its last newline', () => {
    file('pw', 's3cret\n');
    file('pw2', 's3cret\n\n');
    expect(resolveSecret('file:pw', join(folder, 'weir.yaml'))).toBe('s3cret');
    expect(resolveSecret('file:pw2', join(folder, 'weir.yaml'))).toBe('s3cret\n');
  });
});
