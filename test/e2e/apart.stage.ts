import pg from 'pg';
import { Apart } from '../support/apart.js';
import { TestKafka, type KafkaPeer } from '../support/kafka.js';
import { startPostgres, type PostgresServer } from '../support/peers.js';

const rolePassword = 'a password that no client may see 8';

/** A real database, and in it a role without rights beyond its tables. */
async function furnished(): Promise<PostgresServer> {
  const postgres = await startPostgres({ auth: 'scram-sha-256' });
  const { host, port, superuser: user, password, database } = postgres;
  const admin = new pg.Client({ host, port, user, password, database });
  await admin.connect();
  await admin.query(`
    create role svc_orders login password '${rolePassword}';
    create table customers (id int primary key, email text);
    create table orders (id int primary key, status text, changed int not null default 0);
    alter table customers owner to svc_orders;
    alter table orders owner to svc_orders;
    insert into customers select g, 'person' || g || '@example.com' from generate_series(1, 20) g;
    insert into orders select g, 'open' from generate_series(1, 200) g;
  `);
  await admin.end();
  return postgres;
}

/** A real Kafka, a real database as connection `orders`, and services apart that are yet to be started. */
export class ApartStage {
  private constructor(
    readonly kafka: TestKafka,
    readonly postgres: PostgresServer,
    readonly apart: Apart,
  ) {}

  static async build(peer: KafkaPeer, yaml = ''): Promise<ApartStage> {
    const [kafka, postgres] = await Promise.all([TestKafka.start(peer), furnished()]);
    const { host, port, database } = postgres;
    const brokers = kafka.brokers().map((broker) => `"${broker}"`);
    const apart = await Apart.build({
      eventLog: `{ kind: kafka, brokers: [${brokers.join(', ')}], partitions: 3, replication: 1, minInSync: 1 }`,
      yaml: [
        yaml,
        'connections:',
        `  - { name: orders, protocol: postgres, host: ${host}, port: ${port}, database: ${database},`,
        '      tls: disable, user: svc_orders, password: env:WEIR_SPEC_ORDERS }',
      ].join('\n'),
      env: { WEIR_SPEC_ORDERS: rolePassword },
    });
    return new ApartStage(kafka, postgres, apart);
  }

  /** What is really in the database. */
  async rows<T extends pg.QueryResultRow>(sql: string): Promise<T[]> {
    const { host, port, superuser: user, password, database } = this.postgres;
    const admin = new pg.Client({ host, port, user, password, database });
    await admin.connect();
    try {
      return (await admin.query<T>(sql)).rows;
    } finally {
      await admin.end();
    }
  }

  async down(): Promise<void> {
    await this.apart.down();
    await Promise.all([this.kafka.dispose(), this.postgres.stop()]);
  }
}
