import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedLog } from '#event-log';
import { FindingRaisedSchema, payload, topics } from '#events';
import { eventually } from '../support/house.js';
import { peer } from '../support/peers.js';
import { Stage } from './stage.js';

const policies = `
@id("findings.stop")
@reason("findings speak against it: ask the security team")
forbid (principal, action in Action::"sql:any", resource) when { context.risk == "high" };

@id("findings.others")
permit (principal in Group::"approvers", action in Action::"sql:any", resource);
`;
/** A finding of one's own that ends sessions by itself. */
const blocking = `-- id: closed-book
-- title: A table that is closed
-- severity: critical
-- technique: T1213
-- schedule: stream
-- quarantine: blocked
-- explain: "{seen} statements on it"
SELECT identity, on_behalf_of, connection, table_name AS subject, toDateTime64(hour, 6) AS window_start,
    window_start + INTERVAL 1 HOUR AS window_end, sessions, statement_ids AS statements, h.statements AS seen
FROM weir.table_hours AS h
WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND table_name = 'public.big'`;

const own = mkdtempSync(join(tmpdir(), 'weir-closed-book-'));
let stage: Stage;
const clients: pg.Client[] = [];
beforeAll(async () => {
  if (!peer('postgres')) return;
  writeFileSync(join(own, 'closed-book.sql'), blocking);
  const detection = `detection: { honeytokens: [public.keepsake], detectors: '${own}' }`;
  stage = await Stage.build({ yaml: `${detection}\nproxy: { workers: 2 }` });
  writeFileSync(join(stage.house.dir, 'policies', 'findings.cedar'), policies);
  expect(await stage.house.weir('policy', 'publish')).toMatchObject({ code: 0 });
}, 180_000);
afterAll(async () => {
  for (const client of clients) await client.end().catch(() => undefined);
  await stage?.down();
  rmSync(own, { recursive: true, force: true });
});

async function session(role = 'agent'): Promise<pg.Client> {
  const client = new pg.Client(await stage.house.client('orders', role));
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

const ask = { name: 'ticket', text: 'select title from tickets where id = $1', values: [1] };
/** Of the open sessions of an identity, from the first that it holds for to the last. Milliseconds. */
const mostMs = 1_000;

/** Asks until it is refused, or no longer; says when. Whoever asks beside it is answered every time. */
async function until(client: pg.Client, code: string | undefined, beside?: pg.Client): Promise<number> {
  for (const end = performance.now() + 60_000; performance.now() < end; await sleep(50)) {
    const said = await client.query(ask).then(
      () => undefined,
      (error: unknown) => error as pg.DatabaseError,
    );
    if (beside) expect((await beside.query(ask)).rowCount).toBe(1);
    if (said?.code === code) return performance.now();
  }
  throw new Error(`it did not come to ${code ?? 'an answer'}`);
}

/** The whole way: client, gate, record, store, detector, finding, gate; sessions in two processes. */
describe.skipIf(!peer('postgres'))('what a real statement brings about', { timeout: 120_000 }, () => {
  it('who reads what nobody has a reason to read is stopped by policy, in each session; others go on', async () => {
    const [mine, other] = [await Promise.all([session(), session(), session()]), await session('approver')];
    for (const client of [...mine, other]) expect((await client.query(ask)).rowCount).toBe(1);
    // Whoever asks the same all the time while it waits would be found for that.
    const raised = findingOnLog('honeytoken');
    await mine[0]!.query('select * from keepsake');
    const read = performance.now();
    await raised;
    const stopped = await Promise.all(
      mine.map((client, i) => until(client, '42501', i === 0 ? other : undefined)),
    );
    console.log(`answer to refusal: ${Math.round(Math.min(...stopped) - read)} ms`);
    expect(Math.max(...stopped) - Math.min(...stopped)).toBeLessThan(mostMs);
    await expect(mine[0]!.query('select 1')).rejects.toThrow(
      'findings speak against it: ask the security team',
    );
    expect((await other.query(ask)).rowCount).toBe(1);

    const [found] = await findings('honeytoken');
    expect(found).toMatchObject({ risk: 'high', state: 'open' });
    const said = ['--state', 'false_alarm', '--reason', 'a drill'];
    expect(await stage.house.weir('findings', 'ack', found!.id, ...said)).toMatchObject({ code: 0 });
    const lifted = performance.now();
    const back = await Promise.all(mine.map((client) => until(client, undefined)));
    expect(Math.max(...back) - lifted).toBeLessThan(mostMs);
    await expect
      .poll(() => findings('honeytoken'))
      .toMatchObject([{ state: 'false_alarm', stateReason: 'a drill' }]);
  });

  it('a rule blocks: all its sessions end within a second of the finding; lifted with a reason, it comes back', async () => {
    const [mine, other] = [await Promise.all([session(), session(), session()]), await session('approver')];
    const ended = mine.map(
      (client) => new Promise<number>((done) => client.on('end', () => done(performance.now()))),
    );
    const raised = findingOnLog('closed-book');
    await mine[0]!.query('select count(*) from big');
    const at = await raised;
    expect(Math.max(...(await Promise.all(ended))) - at).toBeLessThan(mostMs);
    await expect(session()).rejects.toThrow('is in quarantine: A table that is closed');
    expect((await other.query(ask)).rowCount).toBe(1);
    const [found] = await findings('closed-book');
    const lift = ['quarantine', 'lift', found!.identity, '--reason', 'a drill'];
    expect(await stage.house.weir(...lift)).toMatchObject({ code: 0 });
    await eventually(async () => (await session()).query(ask).then(() => true), mostMs);
    const history = 'SELECT action, reason FROM quarantines ORDER BY logged_at DESC LIMIT 1';
    await expect.poll(() => stage.house.sql(history)).toEqual([{ action: 'lifted', reason: 'a drill' }]);
  });
});

interface Found {
  readonly id: string;
  readonly identity: string;
  readonly risk: string;
  readonly state: string;
  readonly stateReason: string;
}

/** Those that there are once there are any: the gate may hear of one before the API does. */
async function findings(detector: string): Promise<Found[]> {
  let found: Found[] = [];
  await eventually(async () => {
    const { stdout } = await stage.house.weir('findings', '--detector', detector, '--json');
    ({ findings: found } = JSON.parse(stdout) as { findings: Found[] });
    return found.length > 0;
  });
  return found;
}

/** When a finding of this detector stands on the log. */
async function findingOnLog(detector: string): Promise<number> {
  const log = openEmbeddedLog({ path: join(stage.house.dataDir, 'log') });
  let seen: (at: number) => void;
  const found = new Promise<number>((done) => (seen = done));
  const tail = log.tail({ topics: [topics.finding] }, (batch) => {
    const raised = batch.map(({ envelope }) => payload(FindingRaisedSchema, envelope));
    if (raised.some((each) => each?.detector === detector)) seen(performance.now());
  });
  const at = await found;
  await tail.stop();
  await log.close();
  return at;
}
