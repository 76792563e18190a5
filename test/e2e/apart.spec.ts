import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Apart } from '../support/apart.js';
import { eventually } from '../support/house.js';
import { findKafka, TestKafka } from '../support/kafka.js';

const peer = await findKafka();

/** The demo database needs no peer of its own; it runs where connections are registered. */
describe.skipIf(!peer)('services apart, over Kafka', { timeout: 120_000 }, () => {
  let kafka: TestKafka;
  let apart: Apart;
  beforeAll(async () => {
    kafka = await TestKafka.start(peer!);
    const brokers = kafka.brokers().map((broker) => `"${broker}"`);
    apart = await Apart.build({
      eventLog: `{ kind: kafka, brokers: [${brokers.join(', ')}], partitions: 3, replication: 1, minInSync: 1 }`,
      yaml: 'demo: true',
    });
    await apart.start('identity', 'policy', 'proxy', 'approval', 'audit');
  }, 180_000);
  afterAll(async () => {
    await apart?.down();
    await kafka?.dispose();
  });

  async function session<T>(use: (client: pg.Client) => Promise<T>, proxy = 'proxy'): Promise<T> {
    const client = new pg.Client(await apart.client(proxy, 'demo'));
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
    const { sessions } = await apart.json<{ sessions: unknown[] }>('audit', 'auditor', '/api/sessions');
    expect(sessions).toHaveLength(2);
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
});
