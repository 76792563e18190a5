import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Apart } from '../support/apart.js';
import { eventually } from '../support/house.js';
import { peer, startPostgres, type PostgresServer } from '../support/peers.js';
import { findKafka, TestKafka } from '../support/kafka.js';

const kafkaPeer = await findKafka();

const rolePassword = 'a password that no client may see 8';

/** A real database, and in it a role without rights beyond its tables. */
async function shop(): Promise<PostgresServer> {
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

describe.skipIf(!kafkaPeer || !peer('postgres'))('services apart, over Kafka', { timeout: 120_000 }, () => {
  let kafka: TestKafka;
  let postgres: PostgresServer;
  let apart: Apart;
  beforeAll(async () => {
    [kafka, postgres] = await Promise.all([TestKafka.start(kafkaPeer!), shop()]);
    const { host, port, database } = postgres;
    const brokers = kafka.brokers().map((broker) => `"${broker}"`);
    apart = await Apart.build({
      eventLog: `{ kind: kafka, brokers: [${brokers.join(', ')}], partitions: 3, replication: 1, minInSync: 1 }`,
      yaml: [
        'sessions: { drain: 4 }',
        'connections:',
        `  - { name: orders, protocol: postgres, host: ${host}, port: ${port}, database: ${database},`,
        '      tls: disable, user: svc_orders, password: env:WEIR_SPEC_ORDERS }',
      ].join('\n'),
      env: { WEIR_SPEC_ORDERS: rolePassword },
    });
    await apart.start('identity', 'policy', 'proxy', 'approval', 'audit');
  }, 180_000);
  afterAll(async () => {
    await apart?.down();
    await Promise.all([kafka?.dispose(), postgres?.stop()]);
  });

  async function session<T>(use: (client: pg.Client) => Promise<T>, proxy = 'proxy'): Promise<T> {
    const client = new pg.Client(await apart.client(proxy, 'orders'));
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await use(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  it('decide, mask, ask a person and record a statement, each its part', async () => {
    const { rows } = await session((client) =>
      client.query<{ email: string }>('select email, 1 as "apart_1" from customers limit 1'),
    );
    expect(rows[0]!.email).toMatch(/\*/);
    const updated = session((client) => client.query(`update orders set status = 'paid' where id = 7`));
    const id = await apart.pending();
    await apart.json('approval', 'approver', `/api/approvals/${id}/decision`, {
      decision: 'approve',
      reason: 'seen',
    });
    expect((await updated).rowCount).toBe(1);
    await eventually(async () => {
      const found = await apart.sql(
        `SELECT text, status FROM statements WHERE text LIKE '%apart_1%' OR text LIKE 'update orders%'`,
      );
      return found.length === 2 && found.every(({ status }) => status === 'ok');
    }, 60_000);
    await eventually(async () => {
      const { sessions } = await apart.json<{ sessions: unknown[] }>('audit', 'auditor', '/api/sessions');
      return sessions.length === 2;
    });
  });

  it('know who calls, each by itself', async () => {
    const paths = {
      identity: '/api/identity/me',
      policy: '/api/connections',
      approval: '/api/approvals',
      audit: '/api/sessions',
    };
    const roles = { identity: 'agent', policy: 'operator', approval: 'approver', audit: 'auditor' };
    for (const [name, path] of Object.entries(paths)) {
      expect((await fetch(apart.of(name).url + path)).status).toBe(401);
      const role = roles[name as keyof typeof roles];
      expect([name, (await apart.fetch(name, role, path)).status]).toEqual([name, 200]);
    }
  });

  it('serve the document of all of them at one, and each its own slice', async () => {
    const pathsOf = async (name: string) => {
      const answer = await fetch(`${apart.of(name).url}/api/openapi.json`);
      return Object.keys(((await answer.json()) as { paths: object }).paths);
    };
    const all = await pathsOf('identity');
    for (const name of ['policy', 'proxy', 'approval', 'audit']) {
      const own = await pathsOf(name);
      expect(own.length).toBeGreaterThan(0);
      expect(own.length).toBeLessThan(all.length);
      expect(all).toEqual(expect.arrayContaining(own));
    }
  });

  it('end in good order: readiness first, then sessions at their next idle point or at the deadline', async () => {
    await apart.start('proxy-2');
    const proxy = apart.of('proxy-2');
    const [working, stuck] = await Promise.all([
      opened('proxy-2', 'begin; select 1 as "drain_1"'),
      opened('proxy-2', 'begin; select 2 as "drain_2"'),
    ]);
    const gone = proxy.end('SIGTERM');
    await eventually(async () => {
      const answer = await fetch(`${proxy.url}/readyz`);
      return answer.status === 503 && (await answer.text()).includes('shutting down');
    });
    expect((await fetch(`${proxy.url}/healthz`)).status).toBe(200);
    await expect(opened('proxy-2', 'select 1')).rejects.toThrow('ECONNREFUSED');
    // What is in a transaction goes on.
    await working.client.query('select 3 as "drain_3"');
    const begun = performance.now();
    await working.client.query('commit');
    expect((await working.error).code).toBe('57P01');
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect((await stuck.error).code).toBe('57P01');
    await gone;
    // Nothing of it waits for the proxy's next start.
    await eventually(async () => {
      const [row] = await apart.sql(
        `SELECT countIf(text LIKE '%"drain_%') AS statements, uniqExact(session_id) AS sessions
         FROM statements WHERE session_id IN (SELECT session_id FROM statements WHERE text LIKE '%"drain_%')`,
      );
      return Number(row?.['statements']) === 3 && Number(row?.['sessions']) === 2;
    }, 30_000);
  });

  /** A session, and what ends it. */
  async function opened(proxy: string, sql: string) {
    const client = new pg.Client(await apart.client(proxy, 'orders'));
    const error = new Promise<Error & { code?: string }>((resolve) => client.on('error', resolve));
    await client.connect();
    await client.query(sql);
    return { client, error };
  }
});
