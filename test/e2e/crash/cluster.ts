import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventually, freePort, root, run, type Ran } from '../../support/house.js';
import { HostileProvider } from '../../support/hostile-provider.js';
import { TestKafka, type KafkaPeer } from '../../support/kafka.js';
import { Supervised, SupervisedBroker, type Victim } from './supervised.js';
import { policies, role, startTarget, targetLine, type Target } from './target.js';

const dist = process.env['WEIR_TEST_DIST'] ?? join(root, 'dist');

const idle = pathToFileURL(join(dist, 'test/support/idle-machine.js')).href;

/** Each a process of its own: what people and policies need once, the data plane twice. */
const services = [
  { name: 'control', target: 'identity,policy,approval' },
  { name: 'proxy-1', target: 'proxy' },
  { name: 'proxy-2', target: 'proxy' },
  { name: 'audit', target: 'audit' },
] as const;

/** Where agents connect. */
export interface Door {
  readonly name: string;
  readonly port: number;
}

type Who = 'agent' | 'auditor' | 'operator';

export interface ClusterOptions {
  /** Further lines of weir.yaml. */
  readonly yaml?: string;
}

/** Services in processes of their own over one Kafka, before one PostgreSQL, all of them kept running. */
export class Cluster {
  private constructor(
    readonly dir: string,
    readonly kafka: TestKafka,
    readonly broker: SupervisedBroker,
    readonly target: Target,
    readonly provider: HostileProvider,
    readonly doors: readonly Door[],
    readonly processes: ReadonlyMap<string, Supervised>,
    private readonly urls: ReadonlyMap<string, string>,
  ) {}

  static async start(peer: KafkaPeer, options: ClusterOptions = {}): Promise<Cluster> {
    const dir = mkdtempSync(join(tmpdir(), 'weir-cluster-'));
    const [kafka, target, provider] = await Promise.all([
      TestKafka.start(peer),
      startTarget(),
      HostileProvider.start(),
    ]);
    mkdirSync(join(dir, 'policies'));
    for (const [name, text] of Object.entries(policies())) writeFileSync(join(dir, 'policies', name), text);
    const ports = await Promise.all(services.map(async () => [await freePort(), await freePort()] as const));
    const config = join(dir, 'weir.yaml');
    writeFileSync(config, configText({ target, provider, kafka }, options));
    const processes = new Map<string, Supervised>();
    const doors: Door[] = [];
    const urls = new Map<string, string>();
    for (const [i, { name, target: own }] of services.entries()) {
      const [http, postgres] = ports[i]!;
      processes.set(name, service({ name, target: own, http, postgres, dir, config }));
      if (own === 'proxy') doors.push({ name, port: postgres });
      urls.set(name, `http://127.0.0.1:${http}`);
    }
    const broker = new SupervisedBroker(kafka.nodes[0]!);
    const cluster = new Cluster(dir, kafka, broker, target, provider, doors, processes, urls);
    try {
      await Promise.all([...processes.values()].map((each) => each.start()));
      return cluster;
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
  }

  /** Where checkpoints go that nobody here can take back. */
  get sink(): string {
    return join(this.dir, 'outside/checkpoints');
  }

  get victims(): ReadonlyMap<string, Victim> {
    return new Map<string, Victim>([...this.processes, [this.broker.name, this.broker]]);
  }

  /** A token of the provider that the cluster trusts, in the role's group. */
  token(who: Who): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const { issuer } = this.provider;
    const claims = { iss: issuer, aud: 'weir', sub: who, iat: now, exp: now + 3600, groups: [`${who}s`] };
    return this.provider.sign(claims);
  }

  /** What one service's API answers. */
  async json<T>(service: string, path: string, who: Who, body?: unknown): Promise<T> {
    const authorization = `Bearer ${await this.token(who)}`;
    const answer = await fetch(this.urls.get(service)! + path, {
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** Rows of the audit store, as an auditor reads them. */
  async sql<T>(query: string): Promise<T[]> {
    type Answer = { columns: { name: string }[]; rows: unknown[][] };
    const { columns, rows } = await this.json<Answer>('audit', '/api/sql', 'auditor', { query });
    return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i]])) as T);
  }

  /** `./weir …` as an auditor. */
  async weir(...args: string[]): Promise<Ran> {
    const env = {
      ...process.env,
      WEIR_URL: this.urls.get('audit'),
      WEIR_TOKEN: await this.token('auditor'),
      NO_COLOR: '1',
    };
    return run(process.execPath, [join(dist, 'services/cli/main.js'), ...args], { env });
  }

  /** Against the checkpoints outside, with the key that was pinned. */
  verify(...args: string[]): Promise<Ran> {
    const keys = join(this.dir, 'audit/proof/keys');
    return this.weir('verify', ...args, '--against', this.sink, '--key', keys);
  }

  /** Once no event is younger than the last checkpoint. */
  async verifyCovered(timeoutMs: number): Promise<Ran> {
    let ran: Ran | undefined;
    await eventually(async () => {
      ran = await this.verify();
      return ran.code !== 0 || !ran.stdout.includes('younger');
    }, timeoutMs);
    return ran!;
  }

  /** The last words of each, for whoever looks into a failure. */
  get said(): string {
    const tail = (text: string) => text.split('\n').slice(-60).join('\n');
    return [...this.processes.values()].map((each) => `--- ${each.name}\n${tail(each.output)}`).join('\n');
  }

  /** All of it is up, and says so. */
  allUp(timeoutMs = 120_000): Promise<void> {
    return eventually(() => [...this.victims.values()].every(({ isUp }) => isUp), timeoutMs);
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.processes.values()].map((each) => each.stop()));
    await this.kafka.dispose();
    await this.target.admin.end();
    await this.target.server.stop();
    await this.provider.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

interface Place {
  readonly name: string;
  readonly target: string;
  readonly http: number;
  readonly postgres: number;
  readonly dir: string;
  readonly config: string;
}

function service({ name, target, http, postgres, dir, config }: Place): Supervised {
  const env = {
    ...process.env,
    WEIR_CONFIG: config,
    WEIR_DATA: join(dir, name),
    WEIR_SHARED: join(dir, 'shared'),
    WEIR_SPEC_TARGET: role.password,
    NO_COLOR: '1',
  };
  const listen = `http=127.0.0.1:${http},postgres=127.0.0.1:${postgres},sql=off`;
  const args = [
    '--import',
    idle,
    join(dist, 'services/all/main.js'),
    `--target=${target}`,
    '--listen',
    listen,
  ];
  const launch = () => spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const url = `http://127.0.0.1:${http}/readyz`;
  return new Supervised(name, launch, async () => (await fetch(url)).status === 200);
}

interface Around {
  readonly target: Target;
  readonly provider: HostileProvider;
  readonly kafka: TestKafka;
}

function configText({ target, provider, kafka }: Around, options: ClusterOptions): string {
  const brokers = kafka.brokers().map((broker) => `"${broker}"`);
  return [
    'identity:',
    `  oidc: [{ name: corp, issuer: "${provider.issuer}", audience: weir, algorithms: [ES256], agents: [agents] }]`,
    '  roles: { approver: [approvers], security: [security], auditor: [auditors], operator: [operators] }',
    'policies: policies',
    `connections: [${targetLine(target.server)}]`,
    `eventLog: { kind: kafka, brokers: [${brokers.join(', ')}], partitions: 3, replication: 1, minInSync: 1 }`,
    `audit: { proof: { interval: 5, sink: "file:outside/checkpoints" } }`,
    options.yaml ?? '',
    '',
  ].join('\n');
}
