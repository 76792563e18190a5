import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAuditStore, type ClickHouseClient } from '#audit-store';
import { openKafkaLog, type EventLog } from '#event-log';
import { ClickHouseStandIn, users } from '../support/clickhouse.http.js';
import { TestKafka, type KafkaPeer } from '../support/kafka.js';
import { compileChild } from '../support/log-writer.build.js';
import { TalkingChild } from '../support/log-writer.spawn.js';

/** Partitions of the session topic. */
export const partitions = 4;

/** A real Kafka, a stand-in of a ClickHouse server, and any number of audit services between them. */
export class AuditPair {
  readonly root = mkdtempSync(join(tmpdir(), 'weir-audit-pair-'));
  readonly #child = compileChild('test/int/audit-pair.child.ts');
  readonly #running = new Set<TalkingChild>();

  private constructor(
    readonly kafka: TestKafka,
    readonly store: ClickHouseStandIn,
    readonly log: EventLog,
    readonly reader: ClickHouseClient,
  ) {
    const migrations = 'libs/audit-store/migrations';
    symlinkSync(join(import.meta.dirname, '../..', migrations), join(this.#child.directory, migrations));
    mkdirSync(join(this.root, 'shared'), { mode: 0o700 });
    writeFileSync(join(this.root, 'weir.yaml'), yamlOf(kafka.brokers(), store.url));
  }

  static async start(peer: KafkaPeer): Promise<AuditPair> {
    const kafka = await TestKafka.start(peer);
    const store = await ClickHouseStandIn.start();
    const log = await openKafkaLog({
      brokers: kafka.brokers(),
      topics: { partitions, replication: 1, minInSync: 1 },
    });
    const reader = connectAuditStore({
      kind: 'clickhouse',
      url: store.url,
      user: 'weir',
      password: users['weir']!,
    });
    return new AuditPair(kafka, store, log, reader);
  }

  /** An audit service with a state directory of this name; resolves once it serves. */
  async audit(name: string): Promise<TalkingChild> {
    const places = [join(this.root, 'weir.yaml'), this.stateOf(name), join(this.root, 'shared')];
    const child = new TalkingChild(this.#child.path, places);
    this.#running.add(child);
    void child.exited.then(() => this.#running.delete(child));
    await child.said(1);
    return child;
  }

  stateOf(name: string): string {
    return join(this.root, name);
  }

  /** `topic/partition` of all that this one carries, as its metrics say. */
  async carried(name: string): Promise<string[]> {
    const text = await this.#metrics(name);
    const found = text.matchAll(/^weir_audit_lag_seconds\{topic="(.+)",partition="(\d+)"\}/gm);
    return [...found].map(([, topic, partition]) => `${topic}/${partition}`).toSorted();
  }

  async metric(name: string, metric: string): Promise<number> {
    const lines = (await this.#metrics(name)).split('\n').filter((line) => line.startsWith(metric));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  async rows<T>(query: string): Promise<T[]> {
    const clickhouse_settings = { output_format_json_quote_64bit_integers: 0 } as const;
    return (await this.reader.query({ query, format: 'JSONEachRow', clickhouse_settings })).json<T>();
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#running].map((child) => child.kill()));
    await this.log.close();
    await this.reader.close();
    await this.store.dispose();
    await this.kafka.dispose();
    rmSync(this.root, { recursive: true, force: true });
    rmSync(this.#child.directory, { recursive: true, force: true });
  }

  #metrics(name: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socketPath = join(this.stateOf(name), 'audit.sock');
      const asked = request({ socketPath, path: '/metrics' }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text));
      });
      asked.on('error', reject).end();
    });
  }
}

function yamlOf(brokers: readonly string[], url: string): string {
  const log = `kind: kafka, brokers: ${JSON.stringify(brokers)}, partitions: ${partitions}, replication: 1, minInSync: 1`;
  return [
    'listen: { sql: off }',
    `eventLog: { ${log} }`,
    `auditStore: { kind: clickhouse, url: '${url}', user: weir, password: ${users['weir']} }`,
    'audit: { proof: { interval: 1, sink: "file:outside/checkpoints" } }',
  ].join('\n');
}
