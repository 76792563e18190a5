import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newSignerKey } from '#proof';
import { describe, expect, it } from 'vitest';
import { startHouse } from '../../services/all/house.js';
import { targetNames, type TargetName } from '../../services/all/targets.js';

it('a start without two secrets names both, before it begins anything', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-start-'));
  const issuer = (name: string) =>
    `{ name: ${name}, issuer: "https://${name}.example", audience: weir, signIn: { clientId: a, clientSecret: env:${name.toUpperCase()}_SECRET } }`;
  const text = `identity:\n  oidc:\n    - ${issuer('one')}\n    - ${issuer('two')}\n`;
  writeFileSync(join(folder, 'weir.yaml'), text);
  await expect(startHouse({}, folder)).rejects.toThrow(
    /^weir\.yaml:3: .*ONE_SECRET is not set\nweir\.yaml:4: .*TWO_SECRET is not set$/,
  );
  expect(readdirSync(folder)).toEqual(['weir.yaml']);
  rmSync(folder, { recursive: true });
});

describe("audit's own", () => {
  const startWith = async (proof: string, store = '', env: NodeJS.ProcessEnv = {}) => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-start-'));
    writeFileSync(join(folder, 'weir.yaml'), `policies: api\naudit:\n  proof: { ${proof} }\n${store}`);
    try {
      await expectStart(env, folder);
    } finally {
      expect(readdirSync(folder)).toEqual(['weir.yaml']);
      rmSync(folder, { recursive: true });
    }
  };
  /** What holds of the configuration before anything begins; the folder of state is then the first that can't be. */
  const expectStart = (env: NodeJS.ProcessEnv, folder: string) =>
    startHouse({ ...env, WEIR_DATA: '/dev/null/state' }, folder, ['audit', 'policy']);
  const begins = /the state directory \/dev\/null\/state cannot be made/;

  it('is checked before its process and its store are there', async () => {
    await expect(startWith('key: env:NOPE')).rejects.toThrow(
      /^weir\.yaml:3: audit\.proof\.key: env:NOPE: the environment variable NOPE is not set$/,
    );
    const reader =
      'auditStore: { kind: clickhouse, url: "http://a", reader: { user: a, password: env:PW } }\n';
    await expect(startWith('', reader)).rejects.toThrow(
      /^weir\.yaml:4: auditStore\.reader\.password: env:PW/,
    );
  });

  it('is a key that signs, and a wrong one is not told', async () => {
    const wrong = startWith('key: env:KEY', '', { KEY: 's3cret' });
    await expect(wrong).rejects.toThrow(/^weir\.yaml:3: audit\.proof\.key: /);
    await expect(wrong).rejects.not.toThrow('s3cret');
    await expect(startWith('key: env:KEY', '', { KEY: newSignerKey('log.example/weir') })).rejects.toThrow(
      begins,
    );
  });

  it('sink is no reference: what it names is made', async () => {
    await expect(startWith('sink: file:checkpoints')).rejects.toThrow(begins);
  });
});

describe('services apart', () => {
  const kafka = 'eventLog: { kind: kafka, brokers: ["127.0.0.1:9"] }\n';
  const open = 'listen: { postgres: 0.0.0.0:15432 }\n';
  const corp = 'identity: { oidc: [{ name: corp, issuer: "https://idp.example", audience: weir }] }\n';
  const begins = /the state directory \/dev\/null\/state cannot be made/;

  const startOf = async (names: readonly TargetName[], yaml: string, env: NodeJS.ProcessEnv = {}) => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-start-'));
    writeFileSync(join(folder, 'weir.yaml'), `policies: api\n${yaml}`);
    try {
      return await startHouse({ WEIR_DATA: '/dev/null/state', ...env }, folder, names);
    } finally {
      expect(readdirSync(folder)).toEqual(['weir.yaml']);
      rmSync(folder, { recursive: true });
    }
  };

  it.each(targetNames)('over Kafka, %s says that it needs WEIR_SHARED', async (name) => {
    const yaml = kafka + corp;
    await expect(startOf([name], yaml)).rejects.toMatchObject({
      ...{ code: 'CONFIG_INVALID', message: expect.stringContaining('WEIR_SHARED') as string },
      hint: expect.stringContaining('WEIR_DATA') as string,
    });
    for (const WEIR_SHARED of ['/dev/null/state', '/dev/null/shared'])
      await expect(startOf([name], yaml, { WEIR_SHARED })).rejects.toThrow(begins);
  });

  it('in one process, all of them, or with a log in a folder, do not', async () => {
    await expect(startOf(targetNames, kafka)).rejects.toThrow(begins);
    await expect(startOf(['identity'], '')).rejects.toThrow(begins);
  });

  it('a proxy says that nobody signs the tokens that it would take', async () => {
    await expect(startOf(['proxy'], open)).rejects.toThrow(
      /^a proxy needs an issuer of tokens: .*listen\.postgres is 0\.0\.0\.0:15432, which is not loopback/,
    );
    await expect(startOf(['policy', 'proxy'], open)).rejects.toThrow('a proxy needs an issuer');
    for (const [names, yaml] of [
      [['proxy'], ''],
      [['proxy'], open + corp],
      [['policy'], open],
      [targetNames, open],
    ] as const)
      await expect(startOf(names, yaml)).rejects.toThrow(begins);
  });
});
