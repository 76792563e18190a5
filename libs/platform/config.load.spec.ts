import { describe, expect, it } from 'vitest';
import { AppError } from '#kernel';
import { parseConfig } from './config.load.js';
import { resolveSecret } from './config.secret.js';

const parse = (text: string) => parseConfig(text, '/etc/weir/weir.yaml', '/var/lib/weir');

function problems(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof AppError && error.code === 'CONFIG_INVALID') return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('a configuration', () => {
  it('has a default for everything', () => {
    const config = parse('');
    expect(config.listen.postgres).toBe('127.0.0.1:15432');
    expect(config.statements.maxBytes).toBe(1048576);
    expect(config.dataDir).toBe('/var/lib/weir');
  });

  it('names its paths from the folder of the file', () => {
    const config = parse('policies: rules/\nmasking: ../masking.yaml');
    expect([config.policies, config.masking]).toEqual(['/etc/weir/rules', '/etc/masking.yaml']);
    expect(parse('').masking).toBeUndefined();
  });

  it('is found where it listens, unless it says otherwise', () => {
    expect(parse('listen: { http: 127.0.0.1:9000 }').publicUrl).toBe('http://127.0.0.1:9000');
    expect(parse('publicUrl: https://weir.example/\nlisten: { http: 0.0.0.0:80 }').publicUrl).toBe(
      'https://weir.example',
    );
  });
});

describe('a wrong configuration', () => {
  it('names line, path and the key that was meant', () => {
    expect(problems('publicUrl: http://127.0.0.1:8080\n\nidentity:\n  oidcs: []\n')).toEqual([
      'weir.yaml:4: identity.oidcs: unknown key; did you mean "oidc"?',
    ]);
  });

  it('tells what a log on Kafka must say, and what is of such a log only', () => {
    const kafka =
      'eventLog: { kind: kafka, brokers: ["kafka:9092"], sasl: { user: weir, password: env:PW } }';
    expect(parse(kafka).eventLog).toMatchObject({ partitions: 6, sasl: { mechanism: 'scram-sha-512' } });
    expect(problems('eventLog: { kind: kafka }')).toEqual([
      'weir.yaml:1: eventLog.brokers: name at least one broker, host:port',
    ]);
    expect(problems('eventLog: { kind: kafka, brokers: [kafka:9092], replication: 1 }')).toEqual([
      'weir.yaml:1: eventLog.minInSync: is more than replication, 1',
    ]);
    expect(problems('eventLog: { brokers: [kafka:9092], tls: {} }')).toEqual([
      'weir.yaml:1: eventLog.brokers: is of a log with `kind: kafka` only',
      'weir.yaml:1: eventLog.tls: is of a log with `kind: kafka` only',
    ]);
    expect(problems('eventLog: { kind: kafka, brokers: [kafka:9092], tls: { cert: a.pem } }')).toEqual([
      'weir.yaml:1: eventLog.tls: cert and key go together',
    ]);
  });

  it('takes no log that would keep what the audit store erases', () => {
    const kept = (days: number, log: string) =>
      `audit: { retention: { sessions: ${days} } }\neventLog: ${log}`;
    const kafka = '{ kind: kafka, brokers: [kafka:9092], retention: 172800 }';
    expect(problems(kept(1, kafka))).toEqual([
      'weir.yaml:1: audit.retention.sessions: is less than eventLog.retention, 172800 seconds: the log would keep what the store erases',
    ]);
    expect(parse(kept(2, kafka)).audit.retention).toEqual({ sessions: 2 });
    expect(parse(kept(1, '{ kind: embedded }')).audit.retention).toEqual({ sessions: 1 });
    expect(problems('audit: { retention: { sessions: 0 } }')).toHaveLength(1);
  });

  it('asks for what a ClickHouse server needs, and takes it for no other store', () => {
    expect(problems('auditStore: { kind: clickhouse }')).toEqual([
      'weir.yaml:1: auditStore.url: give the address of its HTTP interface',
    ]);
    expect(problems('auditStore: { kind: embedded, cluster: audit }')).toEqual([
      'weir.yaml:1: auditStore.cluster: is of a store with `kind: clickhouse` only',
    ]);
    expect(problems('auditStore: { kind: clickhouse, url: "tcp://ch:9000" }')).toHaveLength(1);
    expect(
      problems("auditStore: { kind: clickhouse, url: 'http://ch:8123', cluster: \"a' b\" }"),
    ).toHaveLength(1);
    const store =
      '{ kind: clickhouse, url: "https://ch:8443", user: weir, password: env:CH, cluster: audit }';
    expect(parse(`auditStore: ${store}`).auditStore).toMatchObject({ user: 'weir', cluster: 'audit' });
  });

  it('refuses a password in the file where other machines read the log', () => {
    const connection = (password: string) =>
      `connections: [{ name: a, protocol: postgres, host: h, database: d, user: u, password: ${password} }]
`;
    const kafka = 'eventLog: { kind: kafka, brokers: [kafka:9092] }';
    expect(problems(connection('secret') + kafka)).toEqual([
      'weir.yaml:1: connections[0].password: with a Kafka log, name it as env:NAME or file:PATH',
    ]);
    expect(parse(connection('env:PW') + kafka).connections).toHaveLength(1);
    expect(parse(connection('secret')).connections).toHaveLength(1);
  });

  it('lists the keys that are known where none is near', () => {
    expect(problems('auditStore: { kind: embedded, zookeeper: x }')).toEqual([
      'weir.yaml:1: auditStore.zookeeper: unknown key; known here: kind, url, user, password, reader, cluster',
    ]);
  });

  it('names every problem, in lists too', () => {
    const text = [
      'connections:',
      '  - name: orders',
      '    protocol: postgres',
      '    host: db',
      '    port: "5432"',
      '    databse: orders',
      '    user: svc',
      'demo: maybe',
    ].join('\n');
    expect(problems(text)).toEqual([
      'weir.yaml:5: connections[0].port: invalid input: expected number, received string',
      'weir.yaml:2: connections[0].database: invalid input: expected string, received undefined',
      'weir.yaml:6: connections[0].databse: unknown key; did you mean "database"?',
      'weir.yaml:8: demo: invalid input: expected boolean, received string',
    ]);
  });

  it('names the line of a YAML error and of a key given twice', () => {
    expect(problems('listen:\n  http: "127.0.0.1:1\n')[0]).toMatch(/^weir\.yaml:[23]: /);
    expect(problems('demo: true\ndemo: false')).toEqual([
      'weir.yaml:2: demo: given twice, first on line 1; keep one of them',
    ]);
    expect(problems('identity:\n  roles: {}\n  pages: {}\n  roles: {}\n')).toEqual([
      'weir.yaml:4: identity.roles: given twice, first on line 2; keep one of them',
    ]);
  });

  it('shows what an address looks like', () => {
    for (const bad of ['weir.example', 'weir.example:8080'])
      expect(problems(`publicUrl: ${bad}`)).toEqual([
        'weir.yaml:1: publicUrl: expected an address such as https://weir.example',
      ]);
    expect(problems('publicUrl: http://127.0.0.1:8080')).toEqual([]);
  });

  it('is not a list or a word', () => {
    expect(problems('[a]')[0]).toMatch(/^weir\.yaml:1: the document: /);
  });

  it('takes an http issuer on loopback only', () => {
    const issuer = (url: string) =>
      `identity:\n  oidc:\n    - { name: corp, audience: weir, issuer: "${url}" }`;
    for (const good of [
      'https://idp.example',
      'http://127.0.0.1:8080/dev-idp',
      'http://localhost',
      'http://[::1]:1',
    ])
      expect(problems(issuer(good))).toEqual([]);
    for (const bad of [
      'http://idp.example',
      'http://127.0.0.1.idp.example',
      'ftp://idp.example',
      'https://a.b/?x=1',
    ])
      expect(problems(issuer(bad))).toEqual([
        expect.stringMatching(/^weir\.yaml:3: identity\.oidc\[0\]\.issuer: /),
      ]);
  });

  it('lets people sign in over https only, or on loopback', () => {
    const text = (url: string) =>
      `publicUrl: ${url}\nidentity:\n  oidc:\n    - { name: corp, audience: weir, issuer: "https://idp.example", signIn: { clientId: a } }`;
    for (const good of ['https://weir.example', 'http://127.0.0.1:8080', 'http://localhost:8080'])
      expect(problems(text(good))).toEqual([]);
    expect(problems(text('http://weir.example'))).toEqual([
      expect.stringMatching(/^weir\.yaml:4: identity\.oidc\[0\]\.signIn: people sign in over https:/),
    ]);
  });

  it('has no two providers of one name, of whatever kind', () => {
    const text = (name: string) =>
      `identity:\n  oidc:\n    - { name: corp, audience: weir, issuer: "https://idp.example" }\n  saml:\n    - { name: ${name}, idpEntityId: a, ssoUrl: "https://idp.example", idpCerts: [x] }`;
    expect(problems(text('other'))).toEqual([]);
    expect(problems(text('corp'))).toEqual(['weir.yaml:5: identity.saml[0].name: "corp" is used twice']);
  });

  it('knows the provider whose people those of another are', () => {
    const text = (name: string) =>
      `identity:\n  oidc:\n    - { name: corp, audience: weir, issuer: "https://idp.example" }\n  saml:\n    - { name: by-saml, idpEntityId: a, ssoUrl: "https://idp.example", idpCerts: [x], peopleOf: ${name} }`;
    expect(problems(text('corp'))).toEqual([]);
    for (const wrong of ['crop', 'by-saml'])
      expect(problems(text(wrong))).toEqual([
        `weir.yaml:5: identity.saml[0].peopleOf: "${wrong}" is no name in identity.oidc`,
      ]);
  });

  it('trusts proxies by address or network', () => {
    expect(problems('identity: { trustedProxies: [10.0.0.0/8, "::1", 192.0.2.1] }')).toEqual([]);
    expect(problems('identity:\n  trustedProxies: [10.0.0.0/8, proxy.example]')).toEqual([
      'weir.yaml:2: identity.trustedProxies[1]: "proxy.example" is neither an address nor a network such as 10.0.0.0/8',
    ]);
  });

  it('has no two connections, or issuers, of one name', () => {
    const connection = '{ name: a, protocol: postgres, host: h, database: d, user: u }';
    expect(problems(`connections:\n  - ${connection}\n  - ${connection}`)).toEqual([
      'weir.yaml:3: connections[1].name: "a" is used twice',
    ]);
  });
});

describe('a secret', () => {
  it('comes from the environment or from a file beside the one that names it', () => {
    expect(resolveSecret('env:PW', '/etc/weir.yaml', { PW: 's3cret' })).toBe('s3cret');
    expect(resolveSecret('plain', '/etc/weir.yaml', {})).toBe('plain');
  });

  it('is named, not shown, where it is missing', () => {
    expect(() => resolveSecret('env:PW', '/etc/weir.yaml', {})).toThrow(
      'env:PW: the environment variable PW is not set',
    );
    expect(() => resolveSecret('file:no/such', '/etc/weir.yaml', {})).toThrow(
      'file:/etc/no/such: the file does not exist',
    );
  });
});
