import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventually, TestHouse } from '../support/house.js';
import { rounds } from '../support/rounds.js';

vi.setConfig({ testTimeout: 180_000 });

/** Invariant 8, on a whole gate: an honest record verifies, whatever happens to the processes that write it. */
describe('weir verify', () => {
  let house: TestHouse;
  let sink: string;
  beforeAll(async () => {
    house = await TestHouse.start({
      yaml: 'demo: true\naudit: { proof: { interval: 1, sink: "file:outside/checkpoints" } }',
      restless: true,
    });
    sink = join(house.dir, 'outside/checkpoints');
  }, 120_000);
  afterAll(() => house.stop());

  const verify = () => house.weir('verify', '--against', sink, '--key', join(house.dataDir, 'proof/keys'));

  /** Statements until it is told to stop or its connection breaks; how many were answered. */
  async function work(stop: AbortSignal): Promise<number> {
    const client = new Client(await house.client('demo'));
    client.on('error', () => undefined);
    let answered = 0;
    try {
      await client.connect();
      for (; !stop.aborted; answered++) {
        await client.query('select id, email from customers where id < $1', [answered % 7]);
        await sleep(10);
      }
      await client.end();
    } catch {
      // killed
    }
    return answered;
  }

  it('finds nothing while sessions go on', async () => {
    const stop = new AbortController();
    const working = [work(stop.signal), work(stop.signal), work(stop.signal)];
    await eventually(() => existsSync(sink)); // there is nothing to sign before there are events
    for (let n = 0; n < 8; n++) {
      await sleep(500);
      expect(await verify()).toMatchObject({ code: 0, stderr: '' });
    }
    stop.abort();
    const answered = await Promise.all(working);
    expect(Math.min(...answered)).toBeGreaterThan(5);
  });

  it('finds nothing after kills, and covers what was lost', async () => {
    for (let round = 0; round < rounds(2, 10); round++) {
      const stop = new AbortController();
      const working = [work(stop.signal), work(stop.signal)];
      await sleep(1500 + 700 * round);
      await house.kill('SIGKILL');
      stop.abort();
      await Promise.all(working);
      await house.up();
      expect(await verify()).toMatchObject({ code: 0, stderr: '' });
    }
    await eventually(async () => {
      const { code, stdout } = await verify();
      return code === 0 && !stdout.includes('younger');
    }, 60_000);
    const lost = await house.sql("select count() as n from sessions where end_reason = 'lost'");
    expect(Number(lost[0]!['n'])).toBeGreaterThan(0);
  });
});
