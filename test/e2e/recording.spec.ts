import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pg from 'pg';
import { eventually } from '../support/house.js';
import { peer } from '../support/peers.js';
import { execution, query, RawClient, sync } from '../support/raw-client.js';
import { errorsIn, rowsIn } from '../support/wire-reading.js';
import { leaksBelow, leaksIn } from './canaries.js';
import { Stage } from './stage.js';

interface Event {
  readonly seq: number;
  readonly type: string;
  readonly time: string;
  readonly statementId?: string;
  readonly text?: string;
  readonly decision?: string;
  readonly status?: string;
  readonly sqlstate?: string;
  readonly message?: string;
  /** A count in an outcome, the rows themselves in a chunk. */
  readonly rows?: string | Row[];
  readonly parameters?: { value?: string; note?: string }[];
  readonly outcome?: string;
  readonly approvalId?: string;
  readonly lookupsUsed?: string;
  readonly lookupsLimit?: string;
  readonly decidedBy?: string[];
  readonly result?: { readonly rows?: Row[] };
}
interface Row {
  readonly values?: { readonly text?: string }[];
}
interface SessionItem {
  readonly sessionId: string;
  readonly identity: string;
  readonly clientProgram: string;
  readonly statements: number;
  readonly denied: number;
  readonly held: number;
  readonly errors: number;
  readonly maskedValues: number;
  readonly events: number;
  readonly missing: number;
  readonly endedAt: string | null;
}

const read = 'select id, name, email, ssn, notes from customers where id <= 3';
const broad = 'select id, label from big';
const masked = (length: number) => `masked, ${length} characters`;

describe.skipIf(!peer('postgres'))('the record of a session', () => {
  let stage: Stage;
  let seen: string[][];
  let session: SessionItem;
  let events: Event[];

  beforeAll(async () => {
    stage = await Stage.build();
    seen = await aSession(stage);
    session = await recorded('raw client');
    events = await eventsOf(session.sessionId);
  }, 120_000);
  afterAll(() => stage.down());

  async function recorded(program: string): Promise<SessionItem> {
    let found: SessionItem | undefined;
    await eventually(async () => {
      const { sessions } = await stage.house.json<{ sessions: SessionItem[] }>(
        'auditor',
        '/api/sessions?connection=orders',
      );
      found = sessions.find(({ clientProgram, endedAt }) => clientProgram === program && endedAt !== null);
      return found !== undefined;
    });
    return found!;
  }

  async function eventsOf(id: string): Promise<Event[]> {
    const answer = await stage.house.fetch('auditor', `/api/sessions/${id}/events`);
    expect(answer.status).toBe(200);
    const lines = (await answer.text()).trim().split('\n');
    return lines.map((line) => JSON.parse(line) as Event);
  }

  const received = (start: string) =>
    events.find(({ type, text }) => type === 'StatementReceived' && text!.startsWith(start))!;
  const of = (type: string, { statementId }: Event) =>
    events.find((e) => e.type === type && e.statementId === statementId)!;

  /** Of its chunks, and of its outcome where that holds them. */
  function rowsOf(statementId: string): (string | undefined)[][] {
    const own = events.filter((event) => event.statementId === statementId);
    const rows = own.flatMap((event) => [
      ...(Array.isArray(event.rows) ? event.rows : []),
      ...(event.result?.rows ?? []),
    ]);
    return rows.map(({ values }) => values!.map(({ text }) => text));
  }

  it('is in the list, counted', () => {
    expect(session).toMatchObject({ statements: 9, denied: 2, held: 2, errors: 1, missing: 0 });
    expect(session.events).toBe(events.length);
    expect(session.maskedValues).toBeGreaterThanOrEqual(9);
    expect(session.identity).toMatch(/^dev:/);
  });

  it('has every number from 1 on', () => {
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, i) => i + 1));
    expect(events[0]!.type).toBe('SessionStarted');
    expect(events.at(-1)!.type).toBe('SessionEnded');
  });

  it('has the rows as the client saw them', () => {
    const outcome = of('StatementOutcome', received('select id, name'));
    expect(outcome).toMatchObject({ status: 'ok', rows: '3' });
    expect(rowsOf(outcome.statementId!)).toEqual(seen);
    expect(seen[0]!.slice(1, 4)).toEqual(['Customer 1', 'w***@example.com', '****']);
  });

  it('has each decision and what came of it', () => {
    const dropped = received('drop table');
    expect(dropped.decision).toBe('deny');
    expect(of('StatementOutcome', dropped)).toMatchObject({ status: 'denied', sqlstate: '42501' });
    expect(of('StatementOutcome', received('select notes::int'))).toMatchObject({
      status: 'error',
      sqlstate: '22P02',
    });
    const over = of('StatementOutcome', received(broad));
    expect(over).toMatchObject({ status: 'over_budget', rows: '10000', sqlstate: 'WK002' });
    const no = of('StatementOutcome', received('delete from tickets where title'));
    expect(no).toMatchObject({ status: 'denied', sqlstate: '42501' });
    expect(no.message).toMatch(/^denied by dev:/);
    expect(of('StatementOutcome', received('select id, name')).sqlstate).toBeUndefined();
    expect(received('select id, name').decision).toBe('allow');
  });

  it('has who approved, and the approval’s own events', async () => {
    const held = received('delete from tickets where id');
    const resolved = of('HoldResolved', held);
    expect(resolved).toMatchObject({ outcome: 'approved' });
    expect(resolved.decidedBy).toEqual([expect.stringMatching(/^dev:/)]);
    expect(resolved.decidedBy).not.toContain(session.identity);
    const rows = await stage.house.sql(
      `select splitByChar('.', type)[-1] as type, identity, decision from control_events where approval_id = '${resolved.approvalId}' order by offset`,
    );
    expect(rows.map(({ type }) => type)).toEqual([
      'ApprovalRequested',
      'ApprovalDecided',
      'ApprovalConsumed',
    ]);
    expect(rows.map(({ identity }) => identity).slice(0, 2)).toEqual([
      session.identity,
      resolved.decidedBy![0],
    ]);
  });

  it('shows literals and parameters of a masked class masked', async () => {
    const bound = await eventsOf((await recorded('node-postgres')).sessionId);
    const parametersOf = (start: string) =>
      bound.find(({ type, text }) => type === 'StatementReceived' && text!.startsWith(start))!.parameters!;
    // Near a masked column no value is kept; elsewhere what a classifier finds in it is masked.
    expect(parametersOf('select name')).toEqual([{ note: masked(stage.canaries.email(6).length) }]);
    expect(parametersOf('update customers')).toEqual([{ note: masked(stage.canaries.ssn(99).length) }]);
    expect(parametersOf('insert into scratch')).toEqual([
      { value: 'asks w***@example.com', note: 'masked' },
      { value: '42' },
    ]);
    expect(received('select name from customers where email').text).not.toContain('example.com');
    expect(received('select name from customers where ssn').text).toMatch(/where ssn = \?$/);
    expect(received('delete from tickets where title').text).not.toContain(stage.canaries.email(5));
  });

  it('says how far look-ups have used their window', async () => {
    const [first, plain] = [received('select name from customers where email'), received(broad)];
    expect([first.lookupsUsed, first.lookupsLimit]).toEqual(['1', '200']);
    expect([plain.lookupsUsed, plain.lookupsLimit]).toEqual([undefined, undefined]);
    const rows = await stage.house.sql(
      `select lookups_used as used, lookups_limit as most from statements
       where client_program = 'node-postgres' and text like 'select name%'`,
    );
    expect(rows.map(({ used, most }) => [Number(used), Number(most)])).toEqual([[2, 200]]);
  });

  it('names the tables that are read through a view', async () => {
    const named = await stage.house.sql(
      `select tables_read as named, tables_through as through from session_events
       where type like '%StatementReceived' and client_program = 'node-postgres' and text like 'select %' order by text`,
    );
    expect(named).toEqual([
      { named: ['public.contacts'], through: ['public.customers'] },
      { named: ['public.customers'], through: [] },
    ]);
  });

  it('is counted by SQL', async () => {
    const [counts] = await stage.house.sql(
      `select countIf(type like '%StatementReceived') as received, countIf(type like '%StatementOutcome') as outcomes,
         max(seq) as last, count() as events from session_events where session_id = '${session.sessionId}'`,
    );
    expect(counts).toEqual({ received: 9, outcomes: 9, last: events.length, events: events.length });
    const statements = await stage.house.sql(
      `select status, count() as n from statements where session_id = '${session.sessionId}' group by status order by status`,
    );
    expect(Object.fromEntries(statements.map(({ status, n }) => [status, n]))).toEqual({
      denied: 3,
      error: 1,
      ok: 4,
      over_budget: 1,
    });
  });

  it('holds no canary in any event, raw bytes included', async () => {
    const rows = [
      ...(await stage.house.sql(
        'select raw, payload, text, message, reason, parameters from session_events',
      )),
      ...(await stage.house.sql('select raw, payload, reason from control_events')),
    ];
    expect(rows.length).toBeGreaterThan(events.length);
    const leaks = rows.flatMap(({ raw, ...rest }) => [
      ...leaksIn(Buffer.from(String(raw), 'base64'), stage.canaries),
      ...leaksIn(Buffer.from(JSON.stringify(rest)), stage.canaries),
    ]);
    expect(leaks).toEqual([]);
  });

  it('leaves no canary on disk: journal, log, audit store, the process’s own output', async () => {
    expect(leaksIn(stage.tap.everyByte, stage.canaries)).toEqual([]);
    await stage.house.kill('SIGTERM');
    const { files, leaks } = leaksBelow(stage.house.dataDir, stage.canaries);
    expect(files).toBeGreaterThan(10);
    expect(leaks).toEqual([]);
    expect(leaksIn(Buffer.from(stage.house.log), stage.canaries)).toEqual([]);
    // What went in the clear is there: the search can find something.
    const clear = { ...stage.canaries, needles: [{ name: 'name', bytes: Buffer.from('Customer 2') }] };
    expect(leaksBelow(stage.house.dataDir, clear).leaks.join()).toContain('/log/');
  });
});

/** Something of everything, with the canaries in results, literals, parameters and an error's text. */
async function aSession(stage: Stage): Promise<string[][]> {
  const { house, canaries, tap } = stage;
  const client = await RawClient.signIn({ ...(await house.client('orders')), port: tap.port });
  const rows = rowsIn(await client.ask(query(read)));
  await client.ask(execution(read.replace('<= 3', '= 9'), 1), sync);
  await client.ask(query(`select name from customers where email = '${canaries.email(4)}'`));
  const [broken] = errorsIn(await client.ask(query('select notes::int from customers where id = 2')));
  expect(broken).toMatchObject({ sqlstate: '22P02' });
  const guess = await client.ask(query(`select name from customers where ssn = '${canaries.ssn(4)}'`));
  expect(errorsIn(guess)).toMatchObject([{ sqlstate: '42501' }]);
  await client.ask(query('drop table keepsake'));
  await client.ask(query(broad));
  const approved = client.ask(query('delete from tickets where id = 7'));
  await house.decide(await house.pendingApproval(), 'approve');
  expect(errorsIn(await approved)).toEqual([]);
  const denied = client.ask(query(`delete from tickets where title = '${canaries.email(5)}'`));
  await house.decide(await house.pendingApproval(), 'deny');
  expect(errorsIn(await denied)).toMatchObject([{ sqlstate: '42501' }]);
  await client.end();

  const address = { ...(await house.client('orders')), port: tap.port };
  const driver = new pg.Client({ ...address, application_name: 'node-postgres' });
  await driver.connect();
  const found = await driver.query('select name from customers where email = $1', [canaries.email(6)]);
  expect(found.rows).toEqual([{ name: 'Customer 6' }]);
  await driver.query('select customer from contacts where customer = 3');
  await driver.query('insert into scratch values ($1, $2)', [`asks ${canaries.email(7)}`, 42]);
  const update = driver.query('update customers set ssn = $1 where id = 8', [canaries.ssn(99)]);
  const refused = expect(update).rejects.toMatchObject({ code: '42501' });
  await house.decide(await house.pendingApproval(), 'deny');
  await refused;
  await driver.end();
  return rows.map((row) => row.map(String));
}
