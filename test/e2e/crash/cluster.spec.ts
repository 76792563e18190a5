import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/house.js';
import { findKafka } from '../../support/kafka.js';
import { peer } from '../../support/peers.js';
import { rounds } from '../../support/rounds.js';
import { BenchLoad } from './bench-load.js';
import { Cluster, type Door } from './cluster.js';
import { MarkedClient } from './marked-client.js';
import { agentsStatements, endsWrong, markedWrong, reckon } from './reckoning.js';
import { readRecord, sessionEnds, settled, wrongSessions } from './record.js';
import { dice, schedule } from './schedule.js';
import { tamper } from './tampering.js';
import { connection, isQuiet, isServing } from './target.js';

const kafka = await findKafka();
const kills = Number(process.env['WEIR_KILLS'] ?? rounds(50, 500));
const seed = Number(process.env['WEIR_SEED'] ?? Date.now() % 1_000_000);
const minutes = 60_000;

describe.skipIf(!kafka || !peer('postgres') || !peer('pgbench'))('a cluster over Kafka', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(kafka!);
  }, 5 * minutes);
  afterAll(() => cluster?.dispose(), minutes);

  const at = async ({ port }: Door) => {
    const password = await cluster.token('agent');
    return { host: '127.0.0.1', port, user: 'agent', database: connection, password };
  };

  it(
    `records every statement once under ${kills} kills (WEIR_SEED=${seed})`,
    async ({ onTestFailed }) => {
      onTestFailed(() => console.log(cluster.said));
      const random = dice(seed + 1);
      const anyDoor = () => at(cluster.doors[Math.floor(random() * cluster.doors.length)]!);
      const clients = [1, 2, 3, 4].map((id) => new MarkedClient(id, anyDoor, random, 40));
      const benches = cluster.doors.map((door) => new BenchLoad(door.name, () => at(door), 20));
      const answered = () => clients.reduce((sum, each) => sum + each.answered.size, 0);
      const { victims } = cluster;
      const began = Date.now();
      const seconds = () => Math.round((Date.now() - began) / 1000);
      const weights = { 'proxy-1': 4, 'proxy-2': 4, audit: 4, broker: 3, control: 1 };
      let done = 0;
      for (const { afterMs, victim, downMs, early } of schedule({ seed, kills, weights })) {
        const hit = victims.get(victim)!;
        await eventually(() => (early ? hit.isThere : hit.isUp), 2 * minutes);
        // An idle proxy has nothing to lose.
        if (cluster.doors.some(({ name }) => name === victim) && !early)
          await eventually(() => isServing(cluster.target, `pgbench-${victim}-`), 2 * minutes);
        await sleep(afterMs);
        await hit.kill(downMs);
        if (++done % 10 === 0)
          console.log(`${done} of ${kills} kills, ${answered()} answered, ${seconds()} s`);
      }
      await cluster.allUp();
      await Promise.all([...clients, ...benches].map((each) => each.stop()));
      await eventually(() => isQuiet(cluster.target), minutes);
      await settled(cluster);

      const recorded = await readRecord(cluster);
      const ran = agentsStatements(cluster.target.server.logFile);
      const { wrong, ...sums } = reckon(ran, recorded);
      console.log('clients saw', tally(clients.flatMap(({ errors }) => errors)));
      console.log(
        'ended by themselves',
        tally([...cluster.processes.values()].flatMap((each) => each.ownEnds)),
      );
      console.log(`seed ${seed}:`, sums, `${answered()} of marked clients answered; ${seconds()} s`);
      expect(wrong).toEqual([]);
      const marks = new Set(clients.flatMap((each) => [...each.answered]));
      expect(markedWrong(recorded, marks)).toEqual([]);
      const connections = clients.flatMap((each) => each.connections);
      expect(endsWrong(connections, await sessionEnds(cluster))).toEqual([]);
      expect(await wrongSessions(cluster)).toEqual([]);

      const { rows } = await cluster.target.admin.query<{ marker: string }>('select marker from ledger');
      const inLedger = new Set(rows.map(({ marker }) => marker));
      const stored = clients.flatMap((each) => [...each.stored]);
      expect(stored.filter((marker) => !inLedger.has(marker))).toEqual([]);
      for (const ran of [await cluster.verifyCovered(5 * minutes), await cluster.verify('--since', '1h')])
        expect([ran.code, ran.stderr], ran.stdout).toEqual([0, '']);
      console.log(`verified, ${seconds()} s`);
    },
    kills * 12_000 + 5 * minutes,
  );

  it(
    'finds and names what is changed by hand in the record of that',
    async () => {
      const done = await tamper(cluster);
      const { code, stdout } = await cluster.verify();
      expect(code).toBe(1);
      const lines = stdout.trim().split('\n');
      for (const { name, found } of done)
        expect([name, lines.filter((line) => found.test(line)).length || lines]).toEqual([name, 1]);
    },
    5 * minutes,
  );
});

/** How often each was said, names and numbers apart. */
function tally(said: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of said.map((line) => line.replaceAll(/\d+/g, 'N').slice(-200)))
    counts[each] = (counts[each] ?? 0) + 1;
  return counts;
}
