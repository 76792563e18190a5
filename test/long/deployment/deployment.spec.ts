import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseConfig } from '#platform';
import { root, run, type Ran } from '../../support/house.js';
import { peer } from '../../support/peers.js';
import { writeKubernetesSchemas } from './kubernetes-schemas.js';

const go = peer('go');
const kubernetes = '1.31.4';
const tools = {
  helm: 'helm.sh/helm/v3/cmd/helm@v3.16.4',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform@v0.6.7',
  cmd: 'github.com/compose-spec/compose-go/v2/cmd@v2.9.0',
};

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}

interface Monitor {
  readonly spec: {
    readonly selector: { readonly matchExpressions: readonly { readonly values: readonly string[] }[] };
    readonly podMetricsEndpoints: readonly unknown[];
  };
}

// Docker's reader of Compose files, Helm, and the schemas that an API server has, as Go modules.
describe.skipIf(!go)('deployment files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-deployment-'));
  const chart = join(root, 'deploy/helm/weirkeeper');
  const everything = join(folder, 'everything.yaml');
  const env = { ...process.env, GOBIN: join(folder, 'bin'), GOFLAGS: '-mod=mod', CGO_ENABLED: '0' };
  const tool = (name: keyof typeof tools, args: string[]): Promise<Ran> =>
    run(join(folder, 'bin', name), args, { cwd: root, env });

  beforeAll(async () => {
    for (const source of Object.values(tools)) {
      const { code, stderr } = await run(go!.program, ['install', source], { cwd: folder, env });
      if (code !== 0) throw new Error(stderr.slice(-2_000));
    }
    const got = await run(go!.program, ['mod', 'download', '-json', `k8s.io/kubernetes@v${kubernetes}`], {
      cwd: folder,
      env,
    });
    const { Dir } = JSON.parse(got.stdout) as { Dir: string };
    const kinds = (await rendered([])).map(({ kind }) => kind);
    writeKubernetesSchemas(join(Dir, 'api/openapi-spec/swagger.json'), join(folder, 'schemas'), kinds);
    writeFileSync(everything, optional);
  }, 20 * 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const template = (args: string[]) =>
    tool('helm', ['template', 'weir', chart, '--kube-version', kubernetes, ...args]);
  async function rendered(args: string[]): Promise<Resource[]> {
    const { code, stdout, stderr } = await template(args);
    if (code !== 0) throw new Error(stderr);
    return parseAllDocuments(stdout).map((document) => document.toJS() as Resource);
  }

  it('docker-compose.yml is one to Compose', async () => {
    const { code, stdout, stderr } = await tool('cmd', ['docker-compose.yml']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('POSTGRES_PASSWORD: only-for-this-compose-file');
    const wrong = join(folder, 'docker-compose.yml');
    writeFileSync(wrong, 'services: { a: { image: "a:1", imige: b } }');
    expect((await tool('cmd', [wrong])).code).not.toBe(0);
  });

  it('the chart passes lint', async () => {
    expect(await tool('helm', ['lint', '--strict', chart])).toMatchObject({ code: 0 });
  });

  it.each([
    ['as it is', []],
    ['with everything that may be given', ['-f', everything]],
  ])('what it makes is what Kubernetes takes: %s', async (_, args) => {
    const made = join(folder, 'made.yaml');
    const { stdout } = await template(args);
    const conform = (text: string) => {
      writeFileSync(made, text);
      const schemas = join(folder, 'schemas/{{.ResourceKind}}{{.KindSuffix}}.json');
      return tool('kubeconform', ['-strict', '-schema-location', schemas, made]);
    };
    expect(await conform(stdout)).toMatchObject({ code: 0, stdout: '' });
    expect(await conform(stdout.replaceAll('readOnlyRootFilesystem', 'readOnlyRoot'))).toMatchObject({
      code: 1,
    });
  });

  it.each([
    'config.listen.http=0.0.0.0:80',
    'config.eventLog.kind=embedded',
    'config.auditStore.kind=embedded',
    'config.publicUrl=http://weir.example',
    'services.prxy.replicas=2',
    'secretEnv[0].services[0]=everyone',
  ])('it refuses %s', async (value) => {
    const { code, stderr } = await template(['--set', value]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("values don't meet the specifications")]);
  });

  it('it refuses to have proxies killed while their sessions drain', async () => {
    const drain = (seconds: number) =>
      template(['--set', `config.sessions.drain=${seconds}`, ...grace(30)].flat());
    const grace = (seconds: number) => ['--set', `services.proxy.terminationGracePeriodSeconds=${seconds}`];
    expect(await drain(20)).toMatchObject({ code: 1, stderr: expect.stringContaining('more than 30') });
    expect(await drain(19)).toMatchObject({ code: 0 });
    // Nobody said how long: 5, as the configuration has it.
    expect(await template(grace(15))).toMatchObject({ code: 1 });
    expect(await template(grace(16))).toMatchObject({ code: 0 });
  });

  it('it has every pod of a service read by Prometheus, and by nobody else', async () => {
    const monitor = ['--set', 'metrics.podMonitor.enabled=true'];
    const refused = await template(monitor);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('metrics.from')]);
    const from = ['--set', 'config.observability.metrics.from={10.0.8.0/24}'];
    const peers = ['--set', 'metrics.from[0].podSelector.matchLabels.app=prometheus'];
    const made = await rendered([...monitor, ...from, ...peers]);
    const [found] = made.filter(({ kind }) => kind === 'PodMonitor') as unknown as Monitor[];
    const [names] = found!.spec.selector.matchExpressions;
    expect(names!.values).toEqual(['approval', 'audit', 'identity', 'policy', 'proxy']);
    expect(found!.spec.podMetricsEndpoints).toEqual([{ port: 'http', path: '/metrics', interval: '30s' }]);
    const lets = made.filter((each) => JSON.stringify(each).includes('{"app":"prometheus"}'));
    expect(lets.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted()).toEqual(
      names!.values.map((name) => `NetworkPolicy weir-weirkeeper-${name}`),
    );
    const kinds = (await rendered([])).map(({ kind }) => kind);
    expect(kinds).not.toContain('PodMonitor');
  });

  it('it hands the services a configuration that they take', async () => {
    for (const args of [[], ['-f', everything]]) {
      const found = (await rendered(args)).find(({ data }) => data?.['weir.yaml'])!.data!;
      const config = parseConfig(found['weir.yaml']!, '/etc/weirkeeper/weir.yaml', '/state');
      expect(config.policies).toBe('/etc/weirkeeper/policies');
      expect(Object.keys(found).some((name) => name.endsWith('.cedar'))).toBe(true);
      if (args.length > 0) expect(config).toMatchObject({ masking: '/etc/weirkeeper/masking.yaml', tls: {} });
    }
  });

  it('brings dashboards to a Grafana that looks for them, with links to its own pages', async () => {
    expect((await rendered([])).filter(({ metadata }) => metadata.name.includes('dashboard'))).toEqual([]);
    const made = await rendered(['-f', everything, '--set', 'config.publicUrl=https://mine.example']);
    const boards = made.filter(({ data }) => Object.keys(data ?? {}).some((name) => name.endsWith('.json')));
    expect(boards).toHaveLength(7);
    for (const { data } of boards)
      for (const [name, text] of Object.entries(data!)) {
        expect(JSON.parse(text)).toMatchObject({ uid: `weir-${name.slice(0, -'.json'.length)}` });
        expect(text).toContain('"https://mine.example"');
        expect(text).not.toContain('127.0.0.1');
      }
    expect(made.filter(({ data }) => data?.['weirkeeper-alerts.yaml'])).toHaveLength(1);
  });

  it('has a front that finds the services of its release', async () => {
    const made = await rendered([]);
    const conf = made.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-front'),
    )!.data!;
    const found = [...conf['nginx.conf']!.matchAll(/server ([a-z-]+):80;/g)].map(([, host]) => host);
    const services = made.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.name);
    expect(found).toHaveLength(5);
    for (const host of found) expect(services).toContain(host);
  });
});

const optional = `
clientTls: { existingSecret: weir-tls }
masking: 'rules: []'
policies: { mine.cedar: 'permit (principal, action, resource);' }
shared: { existingClaim: mine }
postgres: { service: { type: LoadBalancer, annotations: { a: b } } }
ingress: { className: nginx, tlsSecret: weir-tls, annotations: { a: b } }
extraContainers: [{ name: agent, image: 'agent:1' }]
extraVolumes: [{ name: ca, secret: { secretName: ca } }]
extraVolumeMounts: [{ name: ca, mountPath: /ca }]
tolerations: [{ operator: Exists }]
nodeSelector: { disk: fast }
podAnnotations: { a: b }
image: { pullSecrets: [{ name: registry }] }
metrics: { from: [{ namespaceSelector: {} }] }
dashboards: { enabled: true, annotations: { grafana_folder: Weirkeeper }, alerts: { enabled: true, labels: { a: b } } }
networkPolicy: { targets: { to: [], ports: [5432] } }
`;
