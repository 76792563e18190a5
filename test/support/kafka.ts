import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureServerCertificate } from '#wire';
import { freePort } from './house.js';
import type { KafkaPeer } from './kafka.dist.js';
import { KafkaNode } from './kafka.node.js';

export { findKafka, type KafkaPeer } from './kafka.dist.js';

/** What a broker offers, each on a port of its own. */
export const listeners = {
  plain: 'PLAINTEXT',
  sasl: 'SASL_PLAINTEXT',
  tls: 'SSL',
  saslTls: 'SASL_SSL',
} as const;
export type ListenerName = keyof typeof listeners;

export const user = { name: 'weir', password: 'correct horse 9 battery' };

export interface KafkaOptions {
  /** Default 1. */
  readonly nodes?: number;
  /** A port that the first broker names as its own, for what stands before it. Its listener: `proxied`. */
  readonly advertised?: number;
}

interface Ports {
  readonly controller: number;
  readonly proxied: number;
  readonly client: Readonly<Record<ListenerName, number>>;
}

/** A real Kafka in KRaft mode on loopback: brokers that are controllers, too, with data in a folder of their own. */
export class TestKafka {
  private constructor(
    readonly nodes: readonly KafkaNode[],
    private readonly ports: readonly Ports[],
    private readonly folder: string,
    /** PEM, of the brokers. */
    readonly certificate: string,
  ) {}

  static async start(peer: KafkaPeer, options: KafkaOptions = {}): Promise<TestKafka> {
    const folder = await mkdtemp(join(tmpdir(), 'weir-kafka-'));
    const tls = await ensureServerCertificate(join(folder, 'tls'));
    const ports = await Promise.all(Array.from({ length: options.nodes ?? 1 }, () => freePorts()));
    const nodes = await Promise.all(
      ports.map(async (own, index) => {
        const file = join(folder, `server-${index}.properties`);
        await writeFile(file, propertiesOf(index, ports, folder, tls, options));
        return new KafkaNode(peer, file, own.client.plain);
      }),
    );
    const kafka = new TestKafka(nodes, ports, folder, tls.cert);
    try {
      const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'a');
      const scram = ['SCRAM-SHA-512', 'SCRAM-SHA-256'].map(
        (mechanism) => `${mechanism}=[name=${user.name},password=${user.password}]`,
      );
      await Promise.all(nodes.map((node) => node.format(clusterId, scram)));
      await Promise.all(nodes.map((node) => node.start()));
      return kafka;
    } catch (error) {
      await kafka.dispose();
      throw error;
    }
  }

  brokers(listener: ListenerName = 'plain'): string[] {
    return this.ports.map(({ client }) => `127.0.0.1:${client[listener]}`);
  }

  /** The first broker's listener that names another port as its own. */
  get proxiedPort(): number {
    return this.ports[0]!.proxied;
  }

  /** Killed and started again. */
  async restart(node: KafkaNode, how: 'stop' | 'kill'): Promise<void> {
    await node[how]();
    await node.start();
  }

  async dispose(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function freePorts(): Promise<Ports> {
  const [plain, sasl, tls, saslTls, controller, proxied] = await Promise.all(
    Array.from({ length: 6 }, () => freePort()),
  );
  return {
    ...{ controller: controller!, proxied: proxied! },
    client: { plain: plain!, sasl: sasl!, tls: tls!, saslTls: saslTls! },
  };
}

function propertiesOf(
  index: number,
  ports: readonly Ports[],
  folder: string,
  tls: { readonly cert: string; readonly key: string },
  { advertised }: KafkaOptions,
): string {
  const own = ports[index]!;
  const at = (name: string, port: number) => `${name}://127.0.0.1:${port}`;
  const client = Object.keys(listeners).map((name) =>
    at(name.toUpperCase(), own.client[name as ListenerName]),
  );
  const proxied = at('PROXIED', own.proxied);
  const replication = Math.min(ports.length, 3);
  const inline = (pem: string) => pem.trim().replaceAll('\n', '\\n');
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': index + 1,
    'controller.quorum.voters': ports
      .map(({ controller }, i) => `${i + 1}@127.0.0.1:${controller}`)
      .join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAIN',
    listeners: [...client, proxied, at('CONTROLLER', own.controller)].join(','),
    'advertised.listeners': [...client, at('PROXIED', advertised ?? own.proxied)].join(','),
    'listener.security.protocol.map': [
      ...Object.entries(listeners).map(([name, protocol]) => `${name.toUpperCase()}:${protocol}`),
      'PROXIED:PLAINTEXT',
      'CONTROLLER:PLAINTEXT',
    ].join(','),
    'log.dirs': join(folder, `data-${index}`),
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512,SCRAM-SHA-256',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': inline(tls.cert),
    'ssl.keystore.key': inline(tls.key),
    'offsets.topic.replication.factor': replication,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': replication,
    'transaction.state.log.min.isr': 1,
    // A group that is new otherwise waits three seconds for more members.
    'group.initial.rebalance.delay.ms': 0,
    // A broker that was killed is otherwise let in again only after nine.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'auto.create.topics.enable': false,
    // Whoever comes without a name is the administrator; of others only what somebody has ruled is ruled.
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'allow.everyone.if.no.acl.found': true,
    'controlled.shutdown.enable': true,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'log.cleaner.enable': false,
  };
  for (const mechanism of ['scram-sha-512', 'scram-sha-256'])
    for (const name of ['sasl', 'sasltls'])
      settings[`listener.name.${name}.${mechanism}.sasl.jaas.config`] =
        'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
