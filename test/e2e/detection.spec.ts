import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, root, TestHouse } from '../support/house.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-own-detectors-'));
let house: TestHouse;

describe('detection in a whole instance', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    writeFileSync(join(folder, 'odd.sql'), '-- id: odd\nSELECT 1');
    const detection = `detection: { honeytokens: [public.customers], detectors: '${folder}' }`;
    house = await TestHouse.start({
      restless: true,
      yaml: `demo: true\naudit: { proof: { interval: 1 } }\n${detection}`,
    });
  }, 120_000);
  afterAll(async () => {
    await house?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('finds what a real client reads, once, and says which detector it does not take', async () => {
    const client = new pg.Client({ ...(await house.client('demo')) });
    await client.connect();
    await client.query('select id from customers limit 3');
    const begun = performance.now();
    const asked = "SELECT type, identity, payload FROM control_events WHERE type = 'FindingRaised'";
    await eventually(async () => (await house.sql(asked)).length > 0, 60_000);
    console.log(`statement to finding, asked of the store: ${Math.round(performance.now() - begun)} ms`);
    await client.query('select id from customers limit 4');
    await client.end();
    await new Promise((done) => setTimeout(done, 4000));
    const rows = await house.sql(asked);
    expect(JSON.stringify(rows)).toContain('public.customers');
    expect(rows).toHaveLength(1);
    expect(house.logged).toContain('odd.sql is refused: odd.sql:1: title');
    const shipped = readdirSync(join(root, 'detectors')).length;
    expect(house.logged).toContain(`${shipped} detectors run`);
    expect(house.logged).not.toContain('detection does not get on');
    expect(house.logged).not.toContain('does not answer');
  });

  it('finds nothing again after a restart, and in an honest record no gap, whatever its process died of', async () => {
    await read('orders');
    await house.kill('SIGKILL');
    await house.up();
    expect(await missing('record-gap')).toEqual([]);
    await house.kill('SIGTERM');
    await house.up();
    await eventually(async () => (await missing('checkpoint-missing')).length === 0, 60_000);
    expect(await missing('record-gap')).toEqual([]);
    const lost = "SELECT 1 FROM sessions WHERE end_reason = 'lost'";
    await eventually(async () => (await house.sql(lost)).length === 1, 60_000);
    await read('tickets');
    const sinceStart = () => house.logged.slice(house.logged.lastIndexOf('drained'));
    await eventually(() => /detectors run/.test(sinceStart()), 60_000);
    await new Promise((done) => setTimeout(done, 2000));
    expect(await house.sql("SELECT 1 FROM control_events WHERE type = 'FindingRaised'")).toHaveLength(1);
    expect(house.logged).not.toContain('detection does not get on');
  });

  /** In a session that stays open. */
  async function read(table: string): Promise<void> {
    const client = new pg.Client({ ...(await house.client('demo')) });
    client.on('error', () => undefined);
    await client.connect();
    await client.query(`select id from ${table} limit 3`);
  }

  /** What these two would find by now: they run when an hour is over. */
  async function missing(detector: string): Promise<unknown[]> {
    const text = readFileSync(join(root, 'detectors', `${detector}.sql`), 'utf8');
    const [from, to] = [-3_600_000, 3_600_000].map((by) =>
      new Date(Date.now() + by).toISOString().slice(0, 19),
    );
    const time = (at = '') => `toDateTime64('${at.replace('T', ' ')}', 6, 'UTC')`;
    return house.sql(
      text.replaceAll('{from:DateTime64(6)}', time(from)).replaceAll('{to:DateTime64(6)}', time(to)),
    );
  }
});
