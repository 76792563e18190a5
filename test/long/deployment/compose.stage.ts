import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ClickHouseStandIn, users } from '../../support/clickhouse.http.js';
import { eventually, freePort, root, run } from '../../support/house.js';
import { TestKafka, type KafkaPeer } from '../../support/kafka.js';
import { Keycloak, KeycloakRealm } from '../../support/keycloak.js';
import { requirePeer, startPostgres, type PostgresServer } from '../../support/peers.js';

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      { readonly command?: readonly string[]; readonly environment?: Readonly<Record<string, string>> }
    >
  >;
}

const cluster = join(root, 'deploy/docker/cluster');
const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as Compose;
const targets = ['identity', 'policy', 'approval', 'audit', 'proxy'];
/** What stands for a `.env`. */
const secrets: Readonly<Record<string, string>> = {
  ...{
    WEIR_PAGES_SECRET: 'pages-secret',
    WEIR_AGENT_SECRET: 'agent-secret',
    WEIR_DEMO_PASSWORD: 'demo-password',
  },
  ...{
    CLICKHOUSE_PASSWORD: users['weir']!,
    CLICKHOUSE_READER_PASSWORD: users['reader']!,
    SHOP_PASSWORD: 'shop-password',
  },
};
const { nginxConf } = (await import(join(root, 'deploy/dev/nginx-conf.mjs'))) as {
  nginxConf: (routes: object, addresses: object, options: object) => string;
};
const { routes } = (await import(join(root, 'deploy/dev/deployment.mjs'))) as { routes: () => object };

/**
 * docker-compose.yml without containers: its commands, environments and files, with other addresses. Kafka, Keycloak,
 * PostgreSQL and nginx are real; ClickHouse's engine is, its server is a stand-in.
 */
export class ComposeStage {
  readonly dir = mkdtempSync(join(tmpdir(), 'weir-compose-'));
  readonly services = new Map<string, ChildProcess>();
  readonly #logs = new Map<string, string>();
  readonly #stops: (() => Promise<unknown>)[] = [];
  realm!: KeycloakRealm;
  url = '';
  postgresPort = 0;

  static async set(kafkaPeer: KafkaPeer, keycloakPeer: { readonly home: string }): Promise<ComposeStage> {
    const stage = new ComposeStage();
    try {
      await stage.#up(kafkaPeer, keycloakPeer);
      return stage;
    } catch (error) {
      await stage.stop();
      throw new Error(`${String(error)}\n${stage.log}`, { cause: error });
    }
  }

  get log(): string {
    return [...this.#logs].map(([name, text]) => `${name}:\n${text}`).join('\n');
  }

  /** With SIGTERM; resolves to their exit codes. */
  async leave(): Promise<(number | null)[]> {
    for (const child of this.services.values()) child.kill('SIGTERM');
    return Promise.all([...this.services.values()].map((child) => over(child)));
  }

  async stop(): Promise<void> {
    for (const child of this.services.values()) child.kill('SIGKILL');
    await Promise.all([...this.services.values()].map((child) => over(child)));
    for (const stop of this.#stops.toReversed()) await stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #up(kafkaPeer: KafkaPeer, keycloakPeer: { readonly home: string }): Promise<void> {
    const front = await freePort();
    this.url = `http://127.0.0.1:${front}`;
    const keycloak = await Keycloak.importing(
      keycloakPeer,
      here(read('keycloak-realm.json'), this.url),
      secrets,
    );
    this.#stops.push(() => keycloak.stop());
    this.realm = new KeycloakRealm(keycloak, 'weir');
    const kafka = await TestKafka.start(kafkaPeer);
    this.#stops.push(() => kafka.dispose());
    const shop = await startPostgres();
    this.#stops.push(() => shop.stop());
    await this.#fillShop(shop);
    const store = await ClickHouseStandIn.start();
    this.#stops.push(() => store.away());
    this.#configure(keycloak.url, kafka.brokers()[0]!, store.url, shop.port);
    const ports = Object.fromEntries(
      await Promise.all(targets.map(async (name) => [name, await freePort()] as const)),
    );
    this.postgresPort = await freePort();
    for (const name of targets) this.#begin(name, ports[name]!);
    await this.#front(front, ports);
    for (const name of targets) await this.#ready(name, ports[name]!);
  }

  /** By the script that the database's container runs at its first start. */
  async #fillShop(shop: PostgresServer): Promise<void> {
    const { host, port, superuser, password } = shop;
    const server = {
      PGHOST: host,
      PGPORT: `${port}`,
      PGUSER: superuser,
      PGPASSWORD: password,
      PGDATABASE: 'postgres',
    };
    const env = { ...process.env, ...secrets, ...server };
    const { code, stderr } = await run('sh', [join(root, 'deploy/docker/init-shop.sh')], { env });
    if (code !== 0) throw new Error(stderr);
  }

  #configure(keycloak: string, broker: string, store: string, shopPort: number): void {
    cpSync(cluster, this.dir, { recursive: true });
    const text = here(read('weir.yaml'), this.url)
      .replace('http://localhost:8081', keycloak)
      .replace('kafka:9092', broker)
      .replace('http://clickhouse:8123', store)
      .replace('user: weir_reader', 'user: reader')
      .replace('host: shop\n', `host: 127.0.0.1\n    port: ${shopPort}\n`)
      .replace('/app/policies', join(root, 'policies'))
      .replace('/var/lib/weirkeeper-sink', this.dir);
    writeFileSync(join(this.dir, 'weir.yaml'), text);
  }

  /** As its container is: nothing of this process's own environment. */
  #begin(name: string, port: number): void {
    const { command = [], environment = {} } = compose.services[name]!;
    const given = Object.keys(environment).flatMap((key) => (key in secrets ? [[key, secrets[key]!]] : []));
    const args = command.map((arg) =>
      arg
        .replace(/^http=.*/, `http=127.0.0.1:${port}`)
        .replace(/^postgres=.*/, `postgres=127.0.0.1:${this.postgresPort}`),
    );
    const child = spawn(process.execPath, [join(root, 'dist/services/all/main.js'), ...args], {
      cwd: this.dir,
      env: {
        ...(Object.fromEntries(given) as Record<string, string>),
        WEIR_CONFIG: join(this.dir, 'weir.yaml'),
        WEIR_DATA: join(this.dir, 'state', name),
        WEIR_SHARED: join(this.dir, 'state/shared'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.services.set(name, child);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) =>
        this.#logs.set(name, (this.#logs.get(name) ?? '') + data.toString()),
      );
  }

  async #front(port: number, ports: Readonly<Record<string, number>>): Promise<void> {
    const addresses = Object.fromEntries(
      Object.entries(ports).map(([name, own]) => [name, `127.0.0.1:${own}`]),
    );
    const conf = join(this.dir, 'nginx.conf');
    writeFileSync(conf, nginxConf(routes(), addresses, { listen: `127.0.0.1:${port}`, folder: this.dir }));
    const child = spawn(requirePeer('nginx').program, ['-c', conf, '-e', 'stderr'], { stdio: 'ignore' });
    this.#stops.push(async () => {
      child.kill('SIGTERM');
      await over(child);
    });
    await eventually(async () => (await fetch(`${this.url}/healthz`)).ok);
  }

  /** By the health check of the image. */
  async #ready(name: string, port: number): Promise<void> {
    const child = this.services.get(name)!;
    const check = [join(root, 'deploy/docker/ready.mjs'), `${port}`];
    await eventually(
      async () => child.exitCode !== null || (await run(process.execPath, check)).code === 0,
      180_000,
    );
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
  }
}

const read = (name: string): string => readFileSync(join(cluster, name), 'utf8');
const here = (text: string, url: string): string => text.replaceAll('http://127.0.0.1:8080', url);

function over(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((done) => child.once('exit', done));
}
