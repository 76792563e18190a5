import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedLog, type EventLog } from '#event-log';
import { encodeEnvelope, FindingRaisedSchema, newEvent, topics } from '#events';
import { systemClock } from '#kernel';
import { eventually } from '../support/house.js';
import { peer } from '../support/peers.js';
import { Stage } from './stage.js';

/** Approvers read here too, so that there is somebody else whom nothing was found of. */
const policies = `
@id("findings.stop")
@reason("findings speak against it: ask the security team")
forbid (principal, action in Action::"sql:any", resource) when { context.risk == "high" };

@id("findings.others")
permit (principal in Group::"approvers", action in Action::"sql:any", resource);
`;
const hour = 3_600_000;
const pathOf = (identity: string) => `/api/identities/${encodeURIComponent(identity)}/quarantine`;
const lifting = (reason: string): RequestInit => ({
  method: 'DELETE',
  body: JSON.stringify({ reason }),
  headers: { 'content-type': 'application/json' },
});
const mostMs = 1_000;

/** Sessions of two processes of the proxy: what holds in one must hold in the other. */
describe.skipIf(!peer('postgres'))('what a finding does', { timeout: 60_000 }, () => {
  let stage: Stage;
  let log: EventLog;
  let agent: string;
  const open: pg.Client[] = [];
  let raisedSoFar = 0;

  beforeAll(async () => {
    stage = await Stage.build({ yaml: 'proxy: { workers: 2 }\ndetection: { enabled: false }' });
    writeFileSync(join(stage.house.dir, 'policies', 'findings.cedar'), policies);
    expect(await stage.house.weir('policy', 'publish')).toMatchObject({ code: 0 });
    log = openEmbeddedLog({ path: join(stage.house.dataDir, 'log') });
    agent = await whoIs('agent');
  }, 180_000);
  afterEach(async () => {
    for (const client of open.splice(0)) await client.end().catch(() => undefined);
    await stage.house.fetch('security', pathOf(agent), lifting('the test is over'));
    const { findings } = await stage.house.json<{ findings: { id: string }[] }>(
      'security',
      '/api/findings?state=open',
    );
    const said = { state: 'false_alarm', reason: 'the test is over' };
    for (const { id } of findings) await stage.house.json('security', `/api/findings/${id}/ack`, said);
    // Each process hears of the lifting by itself.
    await until(async () => (await errorOf(sessions())) === undefined);
    const clients = await sessions();
    const isFree = async (client: pg.Client) =>
      !(await errorOf(client.query('select name from customers where id = 1')));
    for (const client of clients) await eventually(() => isFree(client));
    for (const client of open.splice(0)) await client.end();
  }, 60_000);
  afterAll(async () => {
    await log?.close();
    await stage?.down();
  });

  const whoIs = async (role: string) => (await stage.house.json<{ id: string }>(role, '/api/identity/me')).id;

  async function session(role = 'agent'): Promise<pg.Client> {
    const client = new pg.Client(await stage.house.client('orders', role));
    client.on('error', () => undefined);
    await client.connect();
    open.push(client);
    return client;
  }

  /** Some in each process. */
  const sessions = () => Promise.all(Array.from({ length: 4 }, () => session()));

  async function raise(more: { risk?: string; quarantine?: string } = {}): Promise<string> {
    const findingId = `fnd_spec_${++raisedSoFar}`;
    const now = Date.now();
    const event = newEvent(
      FindingRaisedSchema,
      {
        ...{
          findingId,
          detector: 'bulk-read',
          version: 'v1',
          title: 'More rows than ever',
          severity: 'high',
        },
        ...{ technique: 'T1530', identity: agent, connection: 'orders', subject: 'public.customers' },
        evidence: 'read 48,210 rows of customers between 02:10 and 02:25; usual at this hour: 0',
        ...{ windowStartUs: BigInt(now - hour) * 1000n, windowEndUs: BigInt(now) * 1000n },
        ...{ riskUntilUs: BigInt(now + hour) * 1000n, risk: 'high', ...more, measures: { rows: 48_210 } },
      },
      { source: 'spec', subject: agent, clock: systemClock },
    );
    await log.append(topics.finding, [encodeEnvelope(event)]);
    return findingId;
  }

  async function weir(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await stage.house.weir(...args);
    expect([code, stderr]).toEqual([0, '']);
    return stdout;
  }

  const quarantine = (level: string, reason = 'reads a lot') =>
    stage.house.json('security', pathOf(agent), {
      level,
      reason,
    });

  const errorOf = (asked: Promise<unknown>) =>
    asked.then(
      () => undefined,
      (error: unknown) => error as pg.DatabaseError,
    );

  /** Asks until the answer is another, and says how long that took. */
  async function until(ask: () => Promise<boolean>): Promise<number> {
    const begun = performance.now();
    while (!(await ask())) {
      if (performance.now() - begun > 10_000) throw new Error('nothing has changed within 10 s');
      await sleep(10);
    }
    return performance.now() - begun;
  }

  const prepared = { name: 'one ticket', text: 'select title from tickets where id = $1', values: [1] };

  it('a policy on its risk refuses the next statement of its identity within a second, prepared ones too', async () => {
    const [mine, other] = [await sessions(), await session('approver')];
    for (const client of [...mine, other]) expect((await client.query(prepared)).rowCount).toBe(1);
    const id = await raise();
    const took = await Promise.all(
      mine.map((client) => until(async () => (await errorOf(client.query(prepared)))?.code === '42501')),
    );
    expect(Math.max(...took)).toBeLessThan(mostMs);
    const error = await errorOf(mine[0]!.query('select 1'));
    expect(error?.message).toBe('findings speak against it: ask the security team');
    expect((await other.query(prepared)).rowCount).toBe(1);

    await eventually(async () => (await weir('findings', '--state', 'open')).includes(id));
    await weir('findings', 'ack', id, '--state', 'false_alarm', '--reason', 'the export of the quarter');
    const back = await Promise.all(
      mine.map((client) => until(async () => (await errorOf(client.query(prepared))) === undefined)),
    );
    expect(Math.max(...back)).toBeLessThan(mostMs);
  });

  it('counts for what waits for a person: approved after it, that does not run', async () => {
    const mine = await session();
    const held = errorOf(mine.query("update tickets set title = 'taken' where id = 9"));
    const approval = await stage.house.pendingApproval();
    await raise();
    await sleep(mostMs);
    await stage.house.decide(approval, 'approve');
    expect((await held)?.code).toBe('42501');
    expect(await stage.count("tickets where title = 'taken'")).toBe(0);
  });

  it('is listed, told with its evidence, and exported; the record says who said what it is', async () => {
    const id = await raise({ risk: 'watch' });
    await eventually(async () => (await weir('findings', '--state', 'open')).includes(id));
    const found = JSON.parse(await weir('findings', id, '--json')) as Record<string, unknown>;
    expect(found).toMatchObject({
      id,
      identity: agent,
      severity: 'high',
      state: 'open',
      measures: { rows: 48_210 },
    });
    const ocsf = JSON.parse(await weir('findings', id, '--ocsf')) as Record<string, unknown>;
    expect(ocsf).toMatchObject({ class_uid: 2004, type_uid: 200_401, finding_info: { uid: id } });
    await weir('findings', 'ack', id, '--state', 'acknowledged', '--reason', 'looked at');
    const [row] = await stage.house.sql(
      `SELECT state, state_reason, state_by, incident FROM findings WHERE finding_id = '${id}'`,
    );
    expect(row).toMatchObject({
      state: 'acknowledged',
      state_reason: 'looked at',
      state_by: await whoIs('security'),
    });
    expect((await stage.house.weir('findings', 'fnd_none')).code).toBe(4);
    expect((await stage.house.weir('findings', 'ack', id, '--state', 'forgiven', '--reason', 'x')).code).toBe(
      2,
    );
    expect((await stage.house.weir('findings', 'ack', id, '--state', 'open')).code).toBe(2);
  });

  it('its rule may block: open sessions end with 57P01 and the title, new ones are refused in clear words', async () => {
    const [mine, other] = [await sessions(), await session('approver')];
    const ended = mine.map((client) => new Promise<void>((resolve) => client.on('end', () => resolve())));
    const errors: pg.DatabaseError[] = [];
    for (const client of mine) client.on('error', (error) => errors.push(error as pg.DatabaseError));
    const begun = performance.now();
    await raise({ risk: 'watch', quarantine: 'blocked' });
    await Promise.all(ended);
    expect(performance.now() - begun).toBeLessThan(mostMs);
    const said = `${agent} is in quarantine: More rows than ever`;
    expect(errors.filter(({ code }) => code === '57P01').map(({ message }) => message)).toEqual(
      mine.map(() => `the session was ended: ${said}`),
    );
    expect(await errorOf(session())).toMatchObject({ code: '28000', message: said });
    expect((await other.query('select 1')).rowCount).toBe(1);
    const listed = await weir('quarantine');
    expect(listed).toContain('rule bulk-read');

    await weir('quarantine', 'lift', agent, '--reason', 'its team has confirmed it');
    await until(async () => (await errorOf(session())) === undefined);
    const history = () =>
      stage.house.sql(
        `SELECT action, level, by FROM quarantines WHERE identity = '${agent}' ORDER BY logged_at DESC LIMIT 2`,
      );
    await expect.poll(history).toEqual([
      { action: 'lifted', level: '', by: await whoIs('security') },
      { action: 'set', level: 'blocked', by: 'rule bulk-read' },
    ]);
    await eventually(async () => {
      const refused = `SELECT reason FROM control_events WHERE type = 'SignInRefused' AND decision = 'FORBIDDEN'`;
      return (await stage.house.sql(refused)).some(({ reason }) => reason === said);
    });
  });

  it('a person blocks, in the middle of a statement too', async () => {
    const mine = await session();
    const running = errorOf(mine.query('select pg_sleep(30)'));
    await eventually(
      async () =>
        (await stage.count(
          "pg_stat_activity where query like '%pg_sleep(30)%' and state = 'active' and pid <> pg_backend_pid()",
        )) === 1,
    );
    await quarantine('blocked', 'enough');
    const error = await running;
    expect(error).toMatchObject({
      code: '57P01',
      message: `the session was ended: ${agent} is in quarantine: enough`,
    });
    await eventually(
      async () =>
        (await stage.count(
          "pg_stat_activity where query like '%pg_sleep(30)%' and state = 'active' and pid <> pg_backend_pid()",
        )) === 0,
      3_000,
    );
  });

  it('in quarantine nothing sensitive is touched, and all else goes on', async () => {
    const mine = await session();
    expect((await mine.query('select name from customers where id = 1')).rowCount).toBe(1);
    await quarantine('nothing_sensitive');
    const took = await until(
      async () => (await errorOf(mine.query('select name from customers where id = 1')))?.code === '42501',
    );
    expect(took).toBeLessThan(mostMs);
    const error = await errorOf(mine.query('select email from customers where id = 1'));
    expect(error?.message).toMatch(
      new RegExp(`^${agent} is in quarantine \\(reads a lot\\): .*security team$`),
    );
    expect(error?.hint).toMatch(/\/decisions\/ses_\w+-\d+; ask the security team$/);
    await mine.query('begin');
    expect((await mine.query('select amount from orders where id = 1')).rowCount).toBe(1);
    await mine.query('commit');
    expect(
      (await mine.query("select count(*) from pg_catalog.pg_class where relname = 'customers'")).rowCount,
    ).toBe(1);
    await eventually(async () => {
      const [row] = await stage.house.sql(
        `SELECT reason, policy_ids FROM statements WHERE decision = 'deny' AND text LIKE 'select email from customers%' ORDER BY time DESC LIMIT 1`,
      );
      return row?.['reason'] === error?.message && String(row?.['policy_ids']) === 'quarantine';
    });
  });

  it('in quarantine a person decides each statement, in a transaction too; what has no data in it goes on', async () => {
    const mine = await session();
    await quarantine('approve');
    await sleep(mostMs);
    await mine.query('set statement_timeout = 60000');
    await mine.query('begin');
    const first = mine.query('select title from tickets where id = 1');
    await approved();
    expect((await first).rows).toEqual([{ title: 'ticket 1' }]);
    const second = mine.query('select title from tickets where id = 2');
    await approved();
    expect((await second).rows).toEqual([{ title: 'ticket 2' }]);
    await mine.query('commit');
    const third = errorOf(mine.query('select title from tickets where id = 3'));
    await stage.house.decide(await stage.house.pendingApproval(), 'deny', 'not today');
    expect((await third)?.message).toContain('not today');
    await weir('quarantine', 'lift', agent, '--reason', 'sorted out');
    await until(async () => {
      const asked = mine.query('select title from tickets where id = 4');
      return (
        (await Promise.race([asked.then(() => true), sleep(200).then(() => false)])) ||
        (await withdraw(asked))
      );
    });
  });

  async function approved(): Promise<void> {
    await stage.house.decide(await stage.house.pendingApproval(), 'approve');
  }

  /** One that was held just before the lift reached its process. */
  async function withdraw(asked: Promise<unknown>): Promise<false> {
    await approved();
    await asked;
    return false;
  }

  it('is a person’s to lift, and not one’s own; others have no say', async () => {
    const mine = pathOf(await whoIs('security'));
    const body = lifting('mine');
    await stage.house.json('security', mine, { level: 'watch', reason: 'by mistake' });
    expect((await stage.house.fetch('security', mine, body)).status).toBe(403);
    expect((await stage.house.fetch('agent', mine, body)).status).toBe(403);
    for (const role of ['agent', 'approver', 'operator']) {
      expect((await stage.house.fetch(role, '/api/findings')).status).toBe(403);
      expect((await stage.house.fetch(role, '/api/quarantines')).status).toBe(403);
    }
    expect((await stage.house.fetch('auditor', '/api/findings')).status).toBe(200);
    expect((await stage.house.fetch('auditor', '/api/quarantines')).status).toBe(200);
    expect((await stage.house.fetch('auditor', mine, body)).status).toBe(403);
  });
});
