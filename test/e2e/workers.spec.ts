import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childrenOf } from '../../bench/processor.js';
import { eventually } from '../support/house.js';
import { peer } from '../support/peers.js';
import { Stage } from './stage.js';

interface Keyed extends pg.Client {
  readonly processID: number;
  readonly secretKey: number;
}

// Four processes start, and start again.
describe.skipIf(!peer('postgres'))('three processes on one port', { timeout: 90_000 }, () => {
  let stage: Stage;
  const open: Keyed[] = [];

  beforeAll(async () => {
    stage = await Stage.build({ yaml: 'proxy: { workers: 3 }' });
  }, 120_000);
  afterAll(async () => {
    await Promise.all(open.map((client) => client.end().catch(() => undefined)));
    await stage.down();
  });

  async function client(): Promise<Keyed> {
    const made = new pg.Client({ ...(await stage.address()), user: 'agent' }) as Keyed;
    made.on('error', () => undefined);
    await made.connect();
    open.push(made);
    return made;
  }

  /** The process that serves it: a cancel key carries it. */
  const worker = ({ processID }: Keyed) => processID >>> 24;

  function cancel({ processID, secretKey }: Keyed): Promise<void> {
    const packet = Buffer.alloc(16);
    [16, 80877102, processID, secretKey].forEach((value, i) => packet.writeInt32BE(value | 0, i * 4));
    return new Promise((resolve, reject) => {
      const socket = connect(stage.tap.port, '127.0.0.1', () => socket.write(packet));
      socket.on('error', reject);
      socket.on('close', () => resolve());
      socket.resume();
    });
  }

  it('share the clients, mask and record alike', async () => {
    const clients = await Promise.all(Array.from({ length: 9 }, client));
    expect(new Set(clients.map(worker)).size).toBe(3);
    for (const each of clients) {
      const { rows } = await each.query<{ email: string }>('select email from customers where id = 1');
      expect(rows[0]!.email).toMatch(/\*/);
    }
    await eventually(async () => {
      const [row] = await stage.house.sql(
        "select uniqExact(session_id) as sessions from statements where text like '%email from customers where id =%'",
      );
      return Number(row?.['sessions']) === 9;
    }, 30_000);
  });

  it('cancel a statement whichever process the cancel reaches', async () => {
    const clients = await Promise.all(Array.from({ length: 3 }, client));
    for (const each of clients) {
      const slow = each.query('select pg_sleep(20)').then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
      // Connections are dealt out in turn: one of three cancels at most comes to the right process by itself.
      await eventually(async () => {
        await cancel(each);
        return (await Promise.race([slow, new Promise((resolve) => setTimeout(resolve, 300))])) === '57014';
      });
    }
  });

  it('lose the sessions of one that dies, and no others; it comes back', async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, client));
    const gone = new Promise((resolve) => clients[0]!.once('end', resolve));
    const dead = worker(clients[0]!);
    // Audit was started first, and then these in their order.
    const [, ...pids] = childrenOf(stage.house.pid);
    process.kill(pids[dead]!, 'SIGKILL');
    await gone;
    const others = clients.filter((each) => worker(each) !== dead);
    for (const each of others) expect((await each.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await eventually(async () => (await fetch(`${stage.house.url}/readyz`)).status === 200);
    const again = await Promise.all(Array.from({ length: 6 }, client));
    expect(again.map(worker)).toContain(dead);
    await eventually(async () => {
      const [row] = await stage.house.sql("select count() as lost from sessions where end_reason = 'lost'");
      return Number(row?.['lost']) > 0;
    }, 30_000);
  });

  it('leave no journal behind when there are fewer of them', async () => {
    const { house } = stage;
    expect(existsSync(join(house.dataDir, 'journal.3'))).toBe(true);
    await house.kill('SIGTERM');
    house.configure((text) => text.replace('workers: 3', 'workers: 1'));
    await house.up();
    await eventually(() => !existsSync(join(house.dataDir, 'journal.3')));
    expect(existsSync(join(house.dataDir, 'journal.2'))).toBe(false);
  });
});
