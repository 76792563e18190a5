import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/house.js';
import { findKafka } from '../../support/kafka.js';
import { peer } from '../../support/peers.js';
import { rounds } from '../../support/rounds.js';
import { Cluster } from './cluster.js';
import { agentsStatements, reckon } from './reckoning.js';
import { readRecord, settled, wrongSessions } from './record.js';
import { connection, isQuiet } from './target.js';

const kafka = await findKafka();
/** How long something is away. */
const seconds = rounds(8, 60);
const cap = 4 * 1024 * 1024;
const minutes = 60_000;

interface Journals {
  readonly capBytes: number;
  readonly journals: readonly { readonly bytes: number; readonly unshippedBytes: number }[];
}

describe.skipIf(!kafka || !peer('postgres') || !peer('pgbench'))(`away for ${seconds} s`, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    // What is refused for staleness, test/e2e/stale.spec.ts shows: here it is the journal that refuses.
    const yaml = `journal: { maxBytes: ${cap} }\nsessions: { maxStaleness: 3600 }`;
    cluster = await Cluster.start(kafka!, { yaml });
  }, 5 * minutes);
  afterAll(() => cluster?.dispose(), minutes);

  async function session(name: string): Promise<pg.Client> {
    const password = await cluster.token('agent');
    const { port } = cluster.doors[0]!;
    const whom = { host: '127.0.0.1', port, user: 'agent', database: connection, password };
    const client = new pg.Client({ ...whom, application_name: name });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async function waiting(): Promise<number> {
    const { journals } = await cluster.json<Journals>('proxy-1', '/api/journal', 'operator');
    return journals.reduce((sum, { unshippedBytes }) => sum + unshippedBytes, 0);
  }

  /** All sessions are over; then the record has what the target has, once, without gaps, and it verifies. */
  async function wholeRecord(): Promise<void> {
    await eventually(() => isQuiet(cluster.target), minutes);
    await settled(cluster);
    const recorded = await readRecord(cluster);
    const { wrong, unknown } = reckon(agentsStatements(cluster.target.server.logFile), recorded);
    expect({ wrong, unknown }).toEqual({ wrong: [], unknown: 0 });
    expect(await wrongSessions(cluster)).toEqual([]);
    const { code, stdout, stderr } = await cluster.verifyCovered(2 * minutes);
    expect([code, stderr], stdout).toEqual([0, '']);
  }

  /** A statement every 20 ms, and a new session every two seconds, as far as the machine lets it; how many were answered. */
  async function goOn(name: string): Promise<number> {
    const lasting = await session(`${name}-lasting`);
    let answered = 0;
    let next = Date.now();
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(20)) {
      await lasting.query(`insert into ledger (marker, how) values ('${name}x${++answered}', 'away')`);
      if (Date.now() < next) continue;
      const other = await session(`${name}-${answered}`);
      await other.query(`select count(*) from ledger where marker = '${name}x${answered}'`);
      await other.end();
      next = Date.now() + 2_000;
    }
    await lasting.end();
    return answered;
  }

  it(
    'Kafka: sessions go on, the journal grows to its cap, then refuses, and drains when it is back',
    async ({ onTestFailed }) => {
      const [broker] = cluster.kafka.nodes;
      onTestFailed(() => broker!.start());
      const flood = await session('flood');
      await eventually(async () => (await waiting()) === 0);
      await broker!.kill();
      expect(await goOn('kafka')).toBeGreaterThan(2 * seconds);
      const grown = await waiting();
      expect(grown).toBeGreaterThan(5_000);

      const refusals: pg.DatabaseError[] = [];
      let n = 0;
      while (refusals.length === 0 && n < 100_000)
        await flood
          .query(`select '${'-'.repeat(2_000)}' as filler, ${++n} as "flood_${n}"`)
          .catch((error: pg.DatabaseError) => refusals.push(error));
      expect(refusals[0]).toMatchObject({
        code: '53100',
        message: `the journal has reached its cap of ${cap} bytes`,
        hint: 'The event log is not taking events; statements go on when it does.',
      });
      const ran = agentsStatements(cluster.target.server.logFile).map(({ text }) => text);
      expect(ran.some((text) => text.endsWith(`"flood_${n - 1}"`))).toBe(true);
      expect(ran.filter((text) => text.endsWith(`"flood_${n}"`))).toEqual([]);
      expect(await waiting()).toBeGreaterThan(cap * 0.8);
      await expect(session('late').then((client) => client.query('select 1'))).rejects.toThrow('journal');

      await broker!.start();
      await eventually(async () => (await waiting()) === 0, 2 * minutes);
      const again = await session('again');
      await again.query('select 1 as again');
      await Promise.all([again.end(), flood.end()]);
      await wholeRecord();
    },
    seconds * 2_000 + 5 * minutes,
  );

  it(
    'the audit service and its store: no session notices, nothing is lost, the lag is made up',
    async () => {
      const audit = cluster.processes.get('audit')!;
      await audit.kill(seconds * 1000);
      expect(await goOn('audit')).toBeGreaterThan(2 * seconds);
      await eventually(() => audit.isUp, 2 * minutes);
      const fresh = await session('fresh');
      await fresh.query('select 1 as "after_all"');
      const asked = Date.now();
      await eventually(async () => {
        const rows = await cluster.sql(`select 1 from session_events where text like '%after_all%'`);
        return rows.length > 0;
      }, minutes);
      expect(Date.now() - asked).toBeLessThan(20_000);
      await fresh.end();
      await wholeRecord();
    },
    seconds * 2_000 + 5 * minutes,
  );
});
