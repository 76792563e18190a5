import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseConfig } from '#platform';
import { openEndpoints } from '../../services/notify/webhook.endpoints.js';
import { specFolder } from './approval.house.js';
import { secret } from './webhooks.stage.js';

const folder = specFolder();
const file = join(folder.path, 'weir.yaml');
afterAll(() => folder.remove());

const env = {
  HOOK: secret,
  SLACK: 'https://hooks.slack.example/T0/B0/s3cret',
  SHORT: 'whsec_c2hvcnQ=',
  BARE: secret.slice(6),
  THREE: `${secret} ${secret} ${secret}`,
};

function open(...items: string[]) {
  const text = `demo: true\nwebhooks:\n${items.map((item) => `  - { ${item} }\n`).join('')}`;
  writeFileSync(file, text);
  return openEndpoints(parseConfig(text, file, join(folder.path, 'state')), env);
}

function problem(...items: string[]): string {
  try {
    open(...items);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const signed = 'secret: env:HOOK';

describe('the configuration of webhooks', () => {
  it('takes references, for the secret and for a URL that is one', () => {
    mkdirSync(join(folder.path, 'secrets'));
    writeFileSync(join(folder.path, 'secrets/hook'), `${secret}\n`);
    const endpoints = open(
      'name: a, url: "https://hook.example/x?y=z", secret: file:secrets/hook',
      'name: b, url: env:SLACK, format: slack',
      'name: c, url: "http://Relay.Internal:9000/", secret: env:HOOK, allowPrivate: [Relay.internal]',
      'name: d, url: "https://[fd00::1]/", secret: env:HOOK, allowPrivate: ["fd00::1"]',
    );
    expect(endpoints.map(({ url }) => url.href)).toEqual([
      'https://hook.example/x?y=z',
      ...[env.SLACK, 'http://relay.internal:9000/', 'https://[fd00::1]/'],
    ]);
    expect(endpoints.map(({ signers }) => signers.length)).toEqual([1, 0, 1, 1]);
  });

  it.each([
    ['url: "ftp://hook.example/"', 'url: expected an https:// URL (http:// for hosts of allowPrivate)'],
    ['url: "hook.example"', 'url: expected an http(s) URL'],
    ['url: "https://user:pw@hook.example/"', 'url: a URL carries no credentials here'],
    [
      'url: "http://hook.example/"',
      "url: http:// is for private hosts; to allow this one: allowPrivate: ['hook.example']",
    ],
    [
      'url: "https://127.1/"',
      "url: 127.0.0.1 is a private address; to allow it: allowPrivate: ['127.0.0.1']",
    ],
    [
      'url: "https://localhost/"',
      "url: localhost is a private address; to allow it: allowPrivate: ['localhost']",
    ],
    ['url: "https://[::ffff:10.0.0.1]/"', 'url: ::ffff:a00:1 is a private address'],
    [
      'url: "https://169.254.169.254/", allowPrivate: ["169.254.169.254"]',
      'url: 169.254.169.254 is no address that',
    ],
    ['url: "https://0/", allowPrivate: ["0.0.0.0"]', 'url: 0.0.0.0 is no address that a webhook may go to'],
    ['url: env:NOWHERE', 'url: env:NOWHERE: the environment variable NOWHERE is not set'],
  ])('refuses %s', (url, message) => {
    expect(problem(`name: a, ${signed}, ${url}`)).toContain(`weir.yaml:3: webhooks[0].${message}`);
  });

  it.each([
    ['', 'a webhook of this format is signed: name a secret, env:NAME or file:PATH'],
    [`, secret: "${secret}"`, 'expected env:NAME or file:PATH, not the secret itself'],
    [', secret: env:NOWHERE', 'env:NOWHERE: the environment variable NOWHERE is not set'],
    [', secret: file:nowhere', `file:${folder.path}/nowhere: the file does not exist`],
    [', secret: env:THREE', 'what it names is not whsec_ and 24 to 64 bytes in base64'],
    [', secret: env:SHORT', 'what it names is not whsec_ and 24 to 64 bytes in base64'],
    [', secret: env:BARE', 'what it names is not whsec_ and 24 to 64 bytes in base64'],
  ])('refuses a secret%s', (given, message) => {
    const said = problem(
      'name: ok, url: "https://a.example", secret: env:HOOK',
      `name: a, url: "https://b.example"${given}`,
    );
    expect(said).toBe(`weir.yaml:4: webhooks[1].secret: ${message}`);
    for (const value of [secret, secret.slice(6), env.SHORT]) expect(said).not.toContain(value);
  });

  it('names all that is wrong at once, unknown keys and names used twice too', () => {
    expect(
      problem('name: a, url: x, secret: env:HOOK', 'name: b, url: "https://b.example"').split('\n').length,
    ).toBe(2);
    expect(problem(`name: a, ${signed}, url: "https://a.example", event: []`)).toContain(
      'did you mean "events"?',
    );
    const twice = problem(...Array<string>(2).fill(`name: a, ${signed}, url: "https://a.example"`));
    expect(twice).toContain('weir.yaml:4: webhooks[1].name: "a" is used twice');
  });
});
