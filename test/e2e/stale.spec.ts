import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, freePort, TestHouse } from '../support/house.js';
import { findKafka, TestKafka } from '../support/kafka.js';
import { KafkaProxy } from '../support/kafka.proxy.js';

const peer = await findKafka();
const masked = 'select email from customers where id = 1';
const plain = 'select status from orders where id = 1';

/**
 * Invariant 9: past a stated staleness new sessions and sensitive reads are refused. Standing still, its connections are open;
 * taking nothing, it answers who reads, as a leader does that was cut off from its cluster. The demo database needs no peer.
 */
describe.skipIf(!peer).each([
  { workers: 1, away: 'killed' },
  { workers: 2, away: 'standing still' },
  { workers: 1, away: 'taking nothing' },
])('while Kafka is $away, in $workers processes', { timeout: 120_000 }, ({ workers, away }) => {
  let kafka: TestKafka;
  let proxy: KafkaProxy;
  let house: TestHouse;
  beforeAll(async () => {
    proxy = await KafkaProxy.start(await freePort());
    kafka = await TestKafka.start(peer!, { advertised: proxy.port });
    proxy.to(kafka.proxiedPort);
    const broker = `127.0.0.1:${proxy.port}`;
    house = await TestHouse.start({
      restless: true,
      yaml: [
        'demo: true',
        `proxy: { workers: ${workers} }`,
        'sessions: { maxStaleness: 5 }',
        `eventLog: { kind: kafka, brokers: ["${broker}"], partitions: 1, replication: 1, minInSync: 1 }`,
      ].join('\n'),
    });
  }, 180_000);
  afterAll(async () => {
    if (away === 'standing still') kafka?.nodes[0]!.freeze(false);
    await house?.stop();
    await proxy?.stop();
    await kafka?.dispose();
  });

  async function leave(): Promise<void> {
    if (away === 'killed') await kafka.nodes[0]!.kill();
    else if (away === 'standing still') kafka.nodes[0]!.freeze(true);
    else proxy.losing = Infinity;
  }

  async function comeBack(): Promise<void> {
    if (away === 'killed') await kafka.nodes[0]!.start();
    else if (away === 'standing still') kafka.nodes[0]!.freeze(false);
    else proxy.losing = 0;
  }

  async function opened(): Promise<pg.Client> {
    const client = new pg.Client(await house.client('demo'));
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  const knock = () =>
    opened().then(
      (client) => client.end().then(() => 'let in' as const),
      (error: unknown) => error as pg.DatabaseError,
    );

  const told = (answer: Promise<pg.QueryResult>) =>
    answer.then(
      ({ rowCount }) => rowCount,
      ({ code, message, hint }: pg.DatabaseError) => ({ code, message, hint }),
    );

  async function readiness(): Promise<{ status: number; text: string }> {
    const answer = await fetch(`${house.url}/readyz`);
    return { status: answer.status, text: await answer.text() };
  }

  it('past the limit nobody is let in and nothing masked is read; the rest goes on, and all of it afterwards', async () => {
    const sessions = await Promise.all(Array.from({ length: 2 * workers }, opened));
    const named = { name: 'by-name', text: masked };
    for (const session of sessions)
      for (const query of [masked, plain, named]) expect(await told(session.query(query))).toBe(1);

    await leave();
    // Within the limit nothing changes.
    expect(await knock()).toBe('let in');
    expect(await told(sessions[0]!.query(masked))).toBe(1);
    // Processes take clients by turns, and each goes stale by itself.
    const knocks = async () => {
      const answers = [];
      for (let i = 0; i < 2 * workers; i++) answers.push(await knock());
      return answers;
    };
    await eventually(async () => !(await knocks()).includes('let in'), 30_000);
    const stale = {
      code: '57P03',
      message: expect.stringMatching(
        /^the event log has not answered for \d+ s.*: masked tables are not touched$/,
      ),
      hint: expect.stringContaining('past 5 s'),
    };
    for (const answer of await knocks())
      expect(answer).toMatchObject({
        ...{ code: '57P03', severity: 'FATAL', hint: stale.hint },
        message: expect.stringContaining('new sessions are not taken'),
      });
    await eventually(async () => (await readiness()).text.includes('proxy freshness'), 10_000);
    expect((await readiness()).status).toBe(503);
    for (const session of sessions) {
      // Judged before, prepared before: neither goes by what was found then.
      await eventually(async () => (await told(session.query(masked))) !== 1, 10_000);
      for (const query of [masked, named, 'select count(*) from customers'])
        expect(await told(session.query(query))).toEqual(stale);
      expect(await told(session.query(plain))).toBe(1);
      expect(await told(session.query({ name: 'plain', text: plain }))).toBe(1);
      await session.query('begin');
      expect(await told(session.query(masked))).toEqual(stale);
      expect(await told(session.query(plain))).toMatchObject({ code: '25P02' });
      await session.query('rollback');
    }

    await comeBack();
    await eventually(async () => (await knocks()).every((answer) => answer === 'let in'), 60_000);
    await eventually(async () => (await readiness()).status === 200, 30_000);
    for (const session of sessions) {
      await eventually(async () => (await told(session.query(masked))) === 1, 30_000);
      for (const query of [plain, named]) expect(await told(session.query(query))).toBe(1);
      await session.end();
    }
    const refused = `SELECT count() AS n FROM statements WHERE decision = 'deny' AND position(reason, 'has not answered') > 0`;
    await eventually(async () => Number((await house.sql(refused))[0]?.['n']) >= sessions.length * 4, 60_000);
  });
});
