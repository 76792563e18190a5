import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { publicTables, searchTables } from '#audit-store';
import { parseMasking } from '#masking';
import { parseConfig } from '#platform';
import { readPolicies } from '../../services/policy/file-sets.js';
import { root, run } from '../support/house.js';

interface Deployment {
  readonly generated: () => Record<string, string>;
  readonly routes: () => readonly { readonly target: string }[];
  readonly composePorts: Record<string, number>;
}
interface ComposeService {
  readonly image?: string;
  readonly build?: { readonly dockerfile: string; readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly network_mode?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly [key: string]: unknown;
}
interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}
interface Values {
  readonly config: Readonly<Record<string, unknown>>;
  readonly services: Readonly<Record<string, { readonly replicas: number }>>;
  readonly secretEnv: readonly { readonly name: string; readonly services: readonly string[] }[];
}

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { generated, routes, composePorts } = (await import(
  join(root, 'deploy/dev/deployment.mjs')
)) as Deployment;
const targets = ['identity', 'policy', 'approval', 'audit', 'proxy'];
const composeText = read('docker-compose.yml');
const compose = parse(composeText, { merge: true }) as Compose;
const services = Object.entries(compose.services);
const ours = services.filter(([, { build }]) => build !== undefined);
const references = (text: string) => [...text.matchAll(/\benv:([A-Z_]+)/g)].map(([, name = '']) => name);

describe('generated deployment files', () => {
  it.each(Object.entries(generated()))('are those of their sources: %s', (path, text) => {
    expect(read(path), 'node deploy/dev/deployment.mjs writes it anew').toBe(text);
  });

  it('holds no policy that is none of ours', () => {
    const shipped = readdirSync(join(root, 'policies')).filter((name) => name.endsWith('.cedar'));
    const folder = join(root, 'deploy/helm/weirkeeper/files/policies');
    expect(readdirSync(folder).toSorted()).toEqual(shipped.toSorted());
    expect(readPolicies(folder).warnings).toEqual([]);
  });

  it('has the shipped policies of agents for the tour, without their comments', () => {
    const bare = (folder: string) => read(`${folder}/agents.cedar`).replace(/^\s*\/\/.*$/gm, '');
    const [shipped, tour] = ['policies', 'test/e2e/demo/policies'].map((each) => bare(each).split(/\n+/));
    expect(tour).toEqual(shipped);
  });
});

describe('docker-compose.yml', () => {
  it('has each target once, where the front looks for it', () => {
    for (const target of targets) {
      const found = ours.filter(([, { command }]) => command?.includes(`--target=${target}`));
      expect(found.map(([name]) => name)).toEqual([target]);
      const [[, { command, healthcheck, network_mode }] = ['', {}]] = found;
      expect(command).toContain(`http=127.0.0.1:${composePorts[target]}`);
      expect(healthcheck?.test.at(-1)).toBe(`${composePorts[target]}`);
      expect(network_mode).toBe('service:pod');
    }
    expect(ours).toHaveLength(targets.length);
    for (const { target } of routes()) expect(targets).toContain(target);
  });

  it('pins each image, and builds what is there', () => {
    for (const [name, { image, build }] of services) {
      if (build) expect(read(build.dockerfile)).toContain(` AS ${build.target}\n`);
      else expect([name, image]).toEqual([name, expect.stringMatching(/:v?\d+(\.\d+)*(-alpine)?$/)]);
    }
  });

  it('gives our services no right that they do not need', () => {
    const hardened = {
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      init: true,
    };
    for (const [name, service] of ours)
      expect([name, service]).toEqual([name, expect.objectContaining(hardened)]);
    for (const [name, service] of services) {
      expect([name, service['privileged'], service['mem_limit']]).toEqual([
        name,
        undefined,
        expect.any(String),
      ]);
      if (name !== 'pod') expect([name, service.healthcheck]).toEqual([name, expect.anything()]);
    }
  });

  it('publishes on loopback only, and no database', () => {
    const published = services.flatMap(([, { ports = [] }]) => ports);
    expect(published.length).toBeGreaterThan(3);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(compose.services['shop']).not.toHaveProperty('ports');
  });

  it('mounts what is there, and declares its volumes', () => {
    const mounts = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0]!));
    for (const source of mounts)
      expect([
        source,
        source.startsWith('./') ? existsSync(join(root, source)) : source in compose.volumes,
      ]).toEqual([source, true]);
    const named = new Set(mounts.filter((source) => !source.startsWith('./')));
    expect([...named].toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
  });

  it('has in .env.example the variables that it uses, and no other', () => {
    const used = [...composeText.matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name);
    const documented = [...read('.env.example').matchAll(/^([A-Z_]+)=$/gm)].map(([, name = '']) => name);
    expect(
      [...new Set(composeText.replaceAll(/^\s*#.*$/gm, '').match(/(?<=\$\{)[A-Z_]+/g))].toSorted(),
    ).toEqual(documented.toSorted());
    expect(used.length).toBeGreaterThan(documented.length);
  });

  it('gives each secret to whom a file asks for it', () => {
    const environment = (name: string) => Object.keys(compose.services[name]?.environment ?? {});
    const given = ours.flatMap(([name]) => environment(name));
    for (const name of references(read('deploy/docker/cluster/weir.yaml'))) expect(given).toContain(name);
    const realm = read('deploy/docker/cluster/keycloak-realm.json');
    for (const [, name] of realm.matchAll(/\$\{([A-Z_]+)\}/g))
      expect(environment('keycloak')).toContain(name);
    const users = read('deploy/docker/cluster/clickhouse-users.xml');
    for (const [, name] of users.matchAll(/from_env="([A-Z_]+)"/g))
      expect(environment('clickhouse')).toContain(name);
    const source = read('deploy/docker/cluster/grafana-datasource.yaml');
    for (const [, name] of source.matchAll(/\$([A-Z_]+)/g)) expect(environment('grafana')).toContain(name);
  });

  it.each(['weir_reader', 'grafana'])('lets %s read the views, and nothing else', (user) => {
    const users = read('deploy/docker/cluster/clickhouse-users.xml');
    const [, own = ''] = new RegExp(`<users>[^]*<${user}>([^]*?)</${user}>`).exec(users) ?? [];
    const grants = [...own.matchAll(/<query>(.*)<\/query>/g)].map(([, grant]) => grant);
    const views = [...publicTables, ...searchTables];
    expect(grants.toSorted()).toEqual(views.map((view) => `GRANT SELECT ON weir.${view}`).toSorted());
  });

  it('has a configuration that is taken', () => {
    const config = parseConfig(
      read('deploy/docker/cluster/weir.yaml'),
      '/etc/weirkeeper/weir.yaml',
      '/state',
    );
    expect(config.identity.oidc[0]).toMatchObject({ issuer: 'http://localhost:8081/realms/weir' });
    expect(config.publicUrl).toBe('http://127.0.0.1:8080');
    expect(config.eventLog).toMatchObject({ kind: 'kafka', replication: 1, minInSync: 1 });
    expect(parseMasking(read('deploy/docker/cluster/masking.yaml'), 'masking.yaml').rules).not.toEqual([]);
  });
});

describe('the chart', () => {
  const values = parse(read('deploy/helm/weirkeeper/values.yaml')) as Values;

  it('has each target', () => {
    expect(Object.keys(values.services).toSorted()).toEqual(targets.toSorted());
    for (const [name, { replicas }] of Object.entries(values.services))
      expect([name, replicas]).toEqual([name, 2]);
  });

  it('has a configuration that is taken', () => {
    const text = JSON.stringify(values.config);
    expect(parseConfig(text, '/etc/weirkeeper/weir.yaml', '/state').eventLog.kind).toBe('kafka');
  });

  it('has a secret for each variable that its configuration names', () => {
    const named = values.secretEnv.map(({ name }) => name);
    expect(named.toSorted()).toEqual(references(JSON.stringify(values.config)).toSorted());
  });
});

describe('the image', { timeout: 60_000 }, () => {
  const text = read('deploy/docker/Dockerfile');

  it('is of pinned bases, runs node itself, and not as root', () => {
    const bases = [...text.matchAll(/^FROM (\S+)/gm)].map(([, base = '']) => base);
    const stages = [...text.matchAll(/ AS (\S+)$/gm)].map(([, stage = '']) => stage);
    for (const base of bases.filter((each) => !stages.includes(each)))
      expect(base).toMatch(/^node:\d+\.\d+\.\d+-/);
    expect(text).toMatch(/^USER node$/m);
    expect(text).toMatch(/^ENTRYPOINT \["node", "dist\/services\/all\/main.js"\]$/m);
  });

  it('leaves the embedded engine out, which the audit service does not load before it opens one', async () => {
    expect(text).toMatch(/^RUN rm -rf node_modules\/@chdb$/m);
    const service = pathToFileURL(join(root, 'dist/services/audit/index.js')).href;
    const loads = `await import(${JSON.stringify(service)});
      const { default: { _cache } } = await import('node:module');
      console.log(JSON.stringify(Object.keys(_cache)));`;
    const { code, stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', loads]);
    expect([code, stderr]).toEqual([0, '']);
    const loaded = JSON.parse(stdout) as string[];
    expect(loaded.filter((path) => /node_modules\/@?chdb\//.test(path))).toEqual([]);
    expect(loaded.some((path) => path.includes('@clickhouse'))).toBe(true);
  });

  it('copies what is there', () => {
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    );
    expect(copied.length).toBeGreaterThan(8);
    for (const path of copied) expect([path, existsSync(join(root, path))]).toEqual([path, true]);
  });
});
