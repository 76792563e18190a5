import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/house.js';
import { peer } from '../support/peers.js';
import { Stage } from './stage.js';

const policy = `
@id("findings.stop")
@reason("findings speak against it: ask the security team")
forbid (principal, action in Action::"sql:any", resource) when { context.risk == "high" };
`;

let stage: Stage;
const clients: pg.Client[] = [];
beforeAll(async () => {
  if (!peer('postgres')) return;
  stage = await Stage.build({ yaml: 'detection: { honeytokens: [public.keepsake] }' });
  writeFileSync(join(stage.house.dir, 'policies', 'findings.cedar'), policy);
  expect(await stage.house.weir('policy', 'publish')).toMatchObject({ code: 0 });
}, 180_000);
afterAll(async () => {
  for (const client of clients) await client.end().catch(() => undefined);
  await stage?.down();
});

async function session(): Promise<pg.Client> {
  const client = new pg.Client(await stage.house.client('orders'));
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

/** The whole way: client, gate, record, store, detector, finding, gate. */
it.skipIf(!peer('postgres'))(
  'who reads what nobody has a reason to read is stopped by what that finds',
  async () => {
    const [mine, another] = [await session(), await session()];
    const ask = { name: 'ticket', text: 'select title from tickets where id = $1', values: [1] };
    for (const client of [mine, another]) expect((await client.query(ask)).rowCount).toBe(1);
    await mine.query('select * from keepsake');
    const begun = performance.now();
    let error: pg.DatabaseError | undefined;
    while (!error && performance.now() - begun < 60_000) {
      await sleep(50);
      await mine.query(ask).catch((thrown: unknown) => (error = thrown as pg.DatabaseError));
    }
    expect(error).toMatchObject({
      code: '42501',
      message: 'findings speak against it: ask the security team',
    });
    await expect(another.query(ask)).rejects.toThrow('findings speak against it');
    // The gate may hear of it before the API does.
    let findings: { id: string; risk: string }[] = [];
    await eventually(async () => {
      const { stdout } = await stage.house.weir('findings', '--detector', 'honeytoken', '--json');
      ({ findings } = JSON.parse(stdout) as { findings: typeof findings });
      return findings.length > 0;
    });
    expect(findings).toMatchObject([{ risk: 'high' }]);
    const said = ['--state', 'false_alarm', '--reason', 'a drill'];
    expect(await stage.house.weir('findings', 'ack', findings[0]!.id, ...said)).toMatchObject({ code: 0 });
    await sleep(1_000);
    expect((await mine.query(ask)).rowCount).toBe(1);
  },
  120_000,
);
