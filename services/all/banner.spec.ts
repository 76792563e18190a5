import { describe, expect, it } from 'vitest';
import { parseConfig } from '#platform';
import { bannerOf, bannerOfSome } from './banner.js';

const config = (yaml: string) => parseConfig(yaml, '/etc/weirkeeper/weir.yaml', '/var/lib/weirkeeper');
const banner = (yaml: string) => bannerOf(config(yaml), { postgres: { host: '0.0.0.0', port: 15432 } });
const open = 'listen: { http: 0.0.0.0:8080, postgres: 0.0.0.0:15432 }\n';
const corp = '{ name: corp, issuer: https://idp.example/realms/corp, audience: weir }';

describe('the banner', () => {
  it('has lines to paste while the development provider runs', () => {
    expect(banner('demo: true')).toContain('PGPASSWORD=$(./weir token agent) psql');
  });

  it('says what ./weir goes by where that is another address or folder, and nothing where it is not', () => {
    const lines = (yaml: string, dataDir: string) =>
      bannerOf(parseConfig(yaml, '/home/ana/weir/weir.yaml', dataDir), {
        postgres: undefined,
        cwd: '/home/ana/weir',
      });
    expect(lines('demo: true', '/home/ana/weir/.weir')).not.toMatch(/WEIR_URL|WEIR_DATA/);
    const other = 'demo: true\nlisten: { http: 127.0.0.1:9090 }';
    expect(lines(other, '/home/ana/weir/.weir')).toContain('\n  export WEIR_URL=http://127.0.0.1:9090\n');
    expect(lines(other, "/tmp/it's here")).toContain(
      "\n  export WEIR_URL=http://127.0.0.1:9090 WEIR_DATA='/tmp/it'\\''s here'\n",
    );
  });

  it('warns of files that are not in force, and only then', () => {
    expect(banner('demo: true')).not.toContain('WARNING');
    const stale = 'agents.cedar:3:1: unexpected token';
    expect(bannerOf(config('demo: true'), { postgres: undefined, stale })).toMatch(
      /WARNING: what was last published is in force.*\n {2}agents\.cedar:3:1: unexpected token\n/,
    );
  });

  it('says where auditors ask in SQL, unless they do not', () => {
    expect(banner('demo: true')).toContain("Auditors' SQL for ClickHouse clients 127.0.0.1:8123\n");
    expect(banner('demo: true\nlisten: { sql: off }')).not.toContain('ClickHouse');
  });

  it('of some names what they listen on, and nothing that others do', () => {
    const some = (...names: string[]) => bannerOfSome(config(''), names);
    expect(some('proxy')).toContain(
      'Weirkeeper is up: proxy.  API 127.0.0.1:8080   PostgreSQL 127.0.0.1:15432   State: /var/lib/weirkeeper\n',
    );
    expect(some('audit')).toContain("auditors' SQL 127.0.0.1:8123");
    expect(some('audit', 'identity')).not.toContain('PostgreSQL');
    expect(bannerOfSome(config('listen: { sql: off }'), ['audit'])).not.toContain('SQL');
  });

  it('names the token of the issuer that is configured', () => {
    const text = banner(`${open}identity: { oidc: [${corp}] }`);
    expect(text).toContain('a token of the configured issuer');
    expect(text).not.toContain('Nobody can connect');
  });

  it('says what to configure where there is no issuer, and the settings that it shows are taken', () => {
    const text = banner(open);
    expect(text).toContain('Nobody can connect yet');
    expect(text).toContain('listen.http is 0.0.0.0:8080, which is not loopback');
    expect(text).toContain('/etc/weirkeeper/weir.yaml');
    expect(text).not.toContain('the configured issuer');
    const shown = /^ {2}identity:\n(?: {4,}.*\n)+/m.exec(text)![0].replaceAll(/^ {2}/gm, '');
    expect(banner(open + shown)).toContain('a token of the configured issuer');
  });
});

describe('the banner of some services', () => {
  it('says whose log it is, where that is a folder', () => {
    const own =
      'The event log is the one in /var/lib/weirkeeper: only services with the same WEIR_DATA read it';
    expect(bannerOfSome(config(''), ['identity'])).toContain(own);
    const kafka = 'eventLog: { kind: kafka, brokers: ["127.0.0.1:9092"] }';
    expect(bannerOfSome(config(kafka), ['identity', 'policy'])).toBe(
      'Weirkeeper is up: identity, policy.  API 127.0.0.1:8080   State: /var/lib/weirkeeper\n',
    );
  });
});
