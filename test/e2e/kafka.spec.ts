import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, TestHouse } from '../support/house.js';
import { findKafka, TestKafka, user } from '../support/kafka.js';

const peer = await findKafka();

/** The demo database needs no peer of its own. */
describe.skipIf(!peer)('a house whose log is Kafka', { timeout: 120_000 }, () => {
  let kafka: TestKafka;
  let house: TestHouse;
  beforeAll(async () => {
    kafka = await TestKafka.start(peer!);
    const sasl = `{ user: ${user.name}, password: env:WEIR_SPEC_KAFKA }`;
    house = await TestHouse.start({
      restless: true,
      yaml: [
        'demo: true',
        'eventLog:',
        `  { kind: kafka, brokers: [${kafka
          .brokers('sasl')
          .map((broker) => `"${broker}"`)
          .join(', ')}],`,
        `    sasl: ${sasl}, partitions: 3, replication: 1, minInSync: 1 }`,
      ].join('\n'),
      env: { WEIR_SPEC_KAFKA: user.password },
    });
  }, 180_000);
  afterAll(async () => {
    await house?.stop();
    await kafka?.dispose();
  });

  async function session<T>(use: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client(await house.client('demo'));
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await use(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Of statements with this in their text, as they stand in the audit store. */
  const stored = (mark: string) =>
    house.sql(
      `SELECT text, status, rows FROM statements WHERE position(text, '${mark}') > 0 ORDER BY time, seq`,
    );

  it('has the statements of many sessions in the audit store, each once, and no gap', async () => {
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        session(async (client) => {
          for (let i = 0; i < 5; i++)
            await client.query(`select ${i} as "first_${n}_${i}" from customers limit 2`);
        }),
      ),
    );
    await eventually(async () => (await stored('first_')).length >= 60, 60_000);
    const found = await stored('first_');
    expect(found).toHaveLength(60);
    expect(new Set(found.map(({ text }) => text)).size).toBe(60);
    expect(found.every(({ status, rows }) => status === 'ok' && Number(rows) === 2)).toBe(true);
    const [{ partitions } = {}] = await house.sql(
      `SELECT uniqExact(partition) AS partitions FROM session_events WHERE topic = 'weir.session.v1'`,
    );
    expect(Number(partitions)).toBe(3);
    await eventually(async () => {
      const { sessions } = await house.json<{ sessions: { missing: number; endedAt: string | null }[] }>(
        'auditor',
        '/api/sessions',
      );
      expect(sessions.every(({ missing }) => missing === 0)).toBe(true);
      return sessions.filter(({ endedAt }) => endedAt !== null).length >= 12;
    }, 60_000);
    expect(await house.sql('SELECT reason FROM dead_letters')).toEqual([]);
  });

  it('holds a statement for a person, whose yes reaches the session through Kafka', async () => {
    const updated = session((client) => client.query(`update orders set status = 'paid' where id = 7`));
    await house.decide(await house.pendingApproval(), 'approve');
    expect((await updated).rowCount).toBe(1);
  });

  it('goes on while Kafka is away, and has everything in the audit store once it is back', async () => {
    const [broker] = kafka.nodes;
    await broker!.kill();
    await session(async (client) => {
      for (let i = 0; i < 20; i++) await client.query(`select ${i} as "away_${i}" from customers limit 1`);
    });
    expect(await stored('away_')).toEqual([]);
    await broker!.start();
    await session((client) => client.query(`select 1 as "back_1"`));
    // Of two sessions, and so maybe of two partitions: either may be there first.
    await eventually(async () => (await stored('back_')).length > 0, 90_000);
    await eventually(async () => (await stored('away_')).length >= 20, 90_000);
    const found = await stored('away_');
    expect(found.map(({ text }) => /away_\d+/.exec(String(text))?.[0])).toEqual(
      Array.from({ length: 20 }, (_, i) => `away_${i}`),
    );
    const approval = session((client) => client.query(`update orders set status = 'paid' where id = 8`));
    await house.decide(await house.pendingApproval(), 'approve');
    expect((await approval).rowCount).toBe(1);
  });

  it('knows its policies and connections again after a restart, from the log alone', async () => {
    await house.kill('SIGKILL');
    await house.up();
    expect(await session((client) => client.query('select 7 as n'))).toMatchObject({ rows: [{ n: 7 }] });
    expect(house.log).not.toContain(user.password);
  });
});
