import { connect } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childrenOf } from '../../bench/processor.js';
import type { Apart } from '../support/apart.js';
import { eventually } from '../support/house.js';
import { findKafka } from '../support/kafka.js';
import { peer } from '../support/peers.js';
import { ApartStage } from './apart.stage.js';

interface Keyed extends pg.Client {
  readonly processID: number;
  readonly secretKey: number;
}

const kafkaPeer = await findKafka();

describe.skipIf(!kafkaPeer || !peer('postgres'))(
  'a proxy apart, of two workers',
  { timeout: 120_000 },
  () => {
    let stage: ApartStage;
    let apart: Apart;
    const open: Keyed[] = [];
    beforeAll(async () => {
      stage = await ApartStage.build(kafkaPeer!, 'proxy: { workers: 2 }\nsessions: { drain: 20 }');
      ({ apart } = stage);
      await apart.start('identity', 'policy');
      await apart.start('proxy', 'audit');
    }, 240_000);
    afterAll(async () => {
      await Promise.all(open.map((client) => client.end().catch(() => undefined)));
      await stage?.down();
    });

    async function client(): Promise<Keyed> {
      const made = new pg.Client(await apart.client('proxy', 'orders')) as Keyed;
      made.on('error', () => undefined);
      await made.connect();
      open.push(made);
      return made;
    }

    /** The process that serves it: a cancel key carries it. */
    const worker = ({ processID }: Keyed) => processID >>> 24;

    /** One of each process. */
    async function ofEach(): Promise<Keyed[]> {
      const clients = await Promise.all(Array.from({ length: 6 }, client));
      const found = [...new Map(clients.map((each) => [worker(each), each])).values()];
      expect(found).toHaveLength(2);
      return found;
    }

    function cancel({ processID, secretKey }: Keyed): Promise<void> {
      const packet = Buffer.alloc(16);
      [16, 80877102, processID, secretKey].forEach((value, i) => packet.writeInt32BE(value | 0, i * 4));
      return new Promise((resolve, reject) => {
        const socket = connect(apart.of('proxy').postgres, '127.0.0.1', () => socket.write(packet));
        socket.on('error', reject);
        socket.on('close', () => resolve());
        socket.resume();
      });
    }

    const outcome = (query: Promise<unknown>) =>
      query.then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
    const soon = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

    async function sleeping(): Promise<number> {
      const running = `select count(*)::int as n from pg_stat_activity where state = 'active' and query like 'select pg_sleep%'`;
      return (await stage.rows<{ n: number }>(running))[0]!.n;
    }

    it('masks, decides and records through each of them', async () => {
      for (const each of await ofEach()) {
        const { rows } = await each.query<{ email: string }>('select email from customers where id = 1');
        expect(rows[0]!.email).toMatch(/\*/);
        expect(await outcome(each.query('drop table customers'))).toBe('42501');
      }
      await eventually(async () => {
        const [row] = await apart.sql(
          "select uniqExact(session_id) as sessions from statements where decision = 'deny' and text like 'drop%'",
        );
        return Number(row?.['sessions']) === 2;
      }, 60_000);
    });

    it('cancels a statement whichever of them the cancel reaches', async () => {
      const [one, other] = await ofEach();
      // Connections are dealt out in turn: of two cancels in a row, one for each statement, one comes to the wrong process.
      for (const each of [one!, one!, other!, other!]) {
        const slow = outcome(each.query('select pg_sleep(30)'));
        await eventually(async () => (await sleeping()) === 1);
        await cancel(each);
        expect(await Promise.race([slow, soon(5_000)])).toBe('57014');
      }
    });

    it('lets the sessions of each end what they are at when it is stopped, and records that', async () => {
      const clients = await ofEach();
      const workers = childrenOf(apart.of('proxy').pid);
      expect(workers.length).toBeGreaterThanOrEqual(1);
      const slow = clients.map((each) => outcome(each.query("select pg_sleep(3), 'at the end'")));
      const ended = clients.map((each) => new Promise((resolve) => each.once('end', resolve)));
      await soon(500);
      await apart.of('proxy').end('SIGTERM');
      expect(await Promise.all(slow)).toEqual(['done', 'done']);
      await Promise.all(ended);
      for (const pid of workers) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      await eventually(async () => {
        const [row] = await apart.sql(
          "select count() as done, uniqExact(session_id) as sessions from statements where text like '%at the end%' and status = 'ok'",
        );
        return Number(row?.['done']) === 2 && Number(row?.['sessions']) === 2;
      }, 60_000);
      const [row] = await apart.sql("select count() as lost from sessions where end_reason = 'lost'");
      expect(Number(row?.['lost'])).toBe(0);
    });
  },
);
