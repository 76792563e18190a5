import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byte, frontend, int16, message } from '../../services/proxy/postgres/codec.js';
import { query, RawClient, startup, sync } from '../support/raw-client.js';
import { errorsIn, of, rowsIn, statusesIn, tagsIn } from '../support/wire-reading.js';
import { Stage } from './stage.js';

// What runs is what was judged, whatever a client does with names, pipelining and half-finished segments. Each of these
// once let an UPDATE run that must be held, or worse.

const parse = (name: string, text: string) => message(frontend.parse, name, text, int16(0));
const bind = (portal: string, name: string) =>
  message(frontend.bind, portal, name, int16(0), int16(0), int16(0));
const execute = message(frontend.execute, '', 0);
const closeStatement = (name: string) => message(frontend.close, byte(0x53), name);
const flush = message(frontend.flush);
const update = (amount: number) => `UPDATE orders SET amount = ${amount} WHERE id = 7`;

describe('names and half-finished segments', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.build({});
    await stage.admin.query(`
      CREATE SCHEMA other;
      CREATE TABLE other.orders (id int PRIMARY KEY, customer_id int, amount numeric(10,2));
      INSERT INTO other.orders VALUES (7, 1, 1);
      GRANT USAGE ON SCHEMA other TO PUBLIC;
      GRANT ALL ON other.orders TO PUBLIC;`);
  }, 120_000);
  afterAll(() => stage.down());

  const amount = async (table = 'orders') =>
    String(
      (await stage.admin.query<{ amount: string }>(`SELECT amount FROM ${table} WHERE id = 7`)).rows[0]!
        .amount,
    );
  const client = async () => RawClient.signIn(await stage.address());
  const isAlive = async () => (await fetch(`${stage.house.url}/healthz`)).status === 200;

  async function pendingFor(text: string): Promise<string> {
    const { approvals } = await stage.house.json<{ approvals: { id: string; text: string }[] }>(
      'approver',
      '/api/approvals?status=pending',
    );
    return approvals.findLast((approval) => approval.text.includes(text))!.id;
  }

  async function runsNothing(attempt: (client: RawClient) => Promise<void>): Promise<void> {
    const before = await amount();
    const raw = await client();
    // What is held waits for a person: nobody comes.
    await Promise.race([attempt(raw).catch(() => undefined), sleep(3_000)]);
    await sleep(200);
    raw.destroy();
    expect(await amount()).toBe(before);
    expect(await isAlive()).toBe(true);
  }

  it('judges EXECUTE by what its name means now', () =>
    runsNothing(async (c) => {
      await c.ask(parse('s', 'SELECT 1'), sync);
      await c.ask(parse('e', 'EXECUTE s'), sync);
      await c.ask(closeStatement('s'), parse('s', update(1001)), sync);
      await c.ask(bind('', 'e'), execute, sync);
    }));

  it('does not take a name at its word while its Parse may still fail', () =>
    runsNothing(async (c) => {
      await c.ask(parse('s', update(1002)), sync);
      c.write(parse('s', 'SELECT 1'), sync, query('EXECUTE s'));
      await sleep(500);
    }));

  it("sees a segment's own names in EXECUTE", () =>
    runsNothing(async (c) => {
      await c.ask(parse('s', 'SELECT 1'), sync);
      await c.ask(
        closeStatement('s'),
        parse('s', update(1003)),
        parse('', 'EXECUTE s'),
        bind('', ''),
        execute,
        sync,
      );
    }));

  it('refuses names that the server would cut to one', () =>
    runsNothing(async (c) => {
      const long = 'x'.repeat(63);
      await c.ask(parse(`${long}1`, 'SELECT 1'), sync);
      await c.ask(closeStatement(`${long}2`), sync);
      await c.ask(parse(`${long}2`, update(1004)), sync);
      await c.ask(bind('', `${long}1`), execute, sync);
    }));

  it("keeps the order of SQL's PREPARE and the protocol's Close and Parse", () =>
    runsNothing(async (c) => {
      await c.ask(
        parse('', 'PREPARE s AS SELECT 1'),
        bind('', ''),
        execute,
        closeStatement('s'),
        parse('s', update(1005)),
        sync,
      );
      c.write(bind('', 's'), execute, sync);
      await sleep(500);
    }));

  it('still runs honest PREPARE and EXECUTE, by SQL and by protocol', async () => {
    const c = await client();
    expect(tagsIn(await c.ask(query('PREPARE p(int) AS SELECT id FROM orders WHERE id = $1')))).toEqual([
      'PREPARE',
    ]);
    expect(rowsIn(await c.ask(query('EXECUTE p(7)')))).toHaveLength(1);
    expect(rowsIn(await c.ask(parse('', 'EXECUTE p(7)'), bind('', ''), execute, sync))).toHaveLength(1);
    const both = await c.ask(
      parse('', 'PREPARE q AS SELECT 1'),
      bind('', ''),
      execute,
      bind('', 'q'),
      execute,
      sync,
    );
    expect(errorsIn(both)).toEqual([]);
    expect(rowsIn(both)).toHaveLength(1);
    c.destroy();
  });

  it('refuses forty look-ups through EXECUTE as it does without', async () => {
    const c = await client();
    const emails = Array.from({ length: 40 }, (_, i) => stage.canaries.email(i + 1)).join(',');
    await c.ask(query('PREPARE p(text[]) AS SELECT id FROM customers WHERE email = ANY($1)'));
    expect(rowsIn(await c.ask(query(`EXECUTE p('{${emails}}')`)))).toEqual([]);
    c.destroy();
  });

  it('asks a person for the statement behind EXECUTE, and for no other', async () => {
    const c = await client();
    await c.ask(parse('s', 'UPDATE orders SET amount = 1 WHERE id = 1'), sync);
    await c.ask(query('BEGIN'));
    await c.ask(query('EXECUTE s'));
    const id = await pendingFor('EXECUTE s\n-- which runs:\nUPDATE orders SET amount = 1 WHERE id = 1');
    const shown = JSON.stringify(await stage.house.json('approver', `/api/approvals/${id}`));
    expect(shown).toContain('UPDATE orders SET amount = 1 WHERE id = 1');
    await stage.house.decide(id, 'approve');
    await c.ask(query('ROLLBACK'), closeStatement('s'), parse('s', update(666)), sync);
    c.write(query('EXECUTE s'));
    await sleep(700);
    expect(await amount()).not.toBe('666.00');
    c.destroy();
  });

  it('binds an approval to the search_path that the session began with', async () => {
    const { user, database, password } = await stage.address();
    const signIn = async (path: string) => {
      const c = await RawClient.open({ host: '127.0.0.1', port: stage.house.postgresPort });
      c.write(startup({ user, database, search_path: path } as never));
      await c.until((frames) => frames.length > 0);
      c.write(message(frontend.password, password));
      await c.until((frames) => of('Z', frames).length > 0);
      return c;
    };
    const first = await signIn('public');
    await first.ask(query('BEGIN'));
    await first.ask(query(update(4242)));
    await stage.house.decide(await pendingFor('4242'), 'approve');
    const second = await signIn('other');
    second.write(query(update(4242)));
    await sleep(700);
    expect(await amount('other.orders')).toBe('1.00');
    first.destroy();
    second.destroy();
  });

  it('lets no write through after a read that was cut off, Flush or not', async () => {
    const c = await client();
    const from = c.frames.length;
    c.write(parse('', 'SELECT id FROM big LIMIT 10005'), bind('', ''), execute, flush);
    await c.until((frames) => errorsIn(frames.slice(from)).length > 0);
    await c.ask(parse('', "INSERT INTO scratch VALUES ('flushed', 1)"), bind('', ''), execute, sync);
    expect(await stage.count("scratch where who = 'flushed'")).toBe(0);
    c.destroy();
  });

  it('fails a transaction whose read was cut off, also for a COMMIT that was sent along', async () => {
    const c = await client();
    await c.ask(query('BEGIN'));
    await c.ask(query("INSERT INTO scratch VALUES ('pipe', 1)"));
    const from = c.frames.length;
    c.write(parse('', 'SELECT id FROM big LIMIT 10005'), bind('', ''), execute, sync, query('COMMIT'));
    await c.until((frames) => of('Z', frames.slice(from)).length === 2);
    expect(statusesIn(c.frames.slice(from))).toBe('EI');
    expect(await stage.count("scratch where who = 'pipe'")).toBe(0);
    c.destroy();
  });

  it('asks nobody for a statement that the server will skip', async () => {
    const c = await client();
    const pending = async () =>
      (await stage.house.json<{ approvals: unknown[] }>('approver', '/api/approvals?status=pending'))
        .approvals.length;
    const before = await pending();
    await c.ask(
      parse('', 'SELECT 1/0'),
      bind('', ''),
      execute,
      flush,
      parse('', update(5)),
      bind('', ''),
      execute,
      sync,
    );
    expect(await pending()).toBe(before);
    c.destroy();
  });

  it('survives a malformed message behind one that waits', () =>
    runsNothing(async (c) => {
      c.write(query("SET application_name = 'x'"), query('SELECT 1'), message(frontend.bind, 'p'), sync);
      await sleep(500);
    }));

  it('keeps nothing of clients that leave between password and welcome', async () => {
    const { user, database, password } = await stage.address();
    for (let i = 0; i < 10; i++) {
      const c = await RawClient.open({ host: '127.0.0.1', port: stage.house.postgresPort });
      c.write(startup({ user, database, application_name: 'gone early' }));
      await c.until((frames) => frames.length > 0);
      c.write(message(frontend.password, password));
      await sleep(i);
      c.destroy();
    }
    await sleep(1500);
    const { rows } = await stage.admin.query<{ n: number }>(
      "SELECT count(*)::int n FROM pg_stat_activity WHERE application_name = 'gone early'",
    );
    expect(rows[0]!.n).toBe(0);
  });

  it('takes no encoding in which names read differently to the gate and to the server', async () => {
    const c = await client();
    expect(errorsIn(await c.ask(query("SET client_encoding TO 'LATIN1'")))).toHaveLength(1);
    expect(errorsIn(await c.ask(query("SET client_encoding TO 'UTF8'")))).toEqual([]);
    c.destroy();
  });

  it('does not carry an approval over to a session in which the text means something else', async () => {
    const c = await client();
    const text = `UPDATE orders SET amount = 31 WHERE id = 7 AND '01/02/2024'::date = date '2024-02-01'`;
    await c.ask(query('BEGIN'));
    await c.ask(query(text));
    await stage.house.decide(await pendingFor('01/02/2024'), 'approve');
    const other = await client();
    await other.ask(query("SET datestyle = 'ISO, DMY'"));
    other.write(query(text));
    await sleep(500);
    expect(await amount()).not.toBe('31.00');
    c.destroy();
    other.destroy();
  });

  it.each([
    ['ROLLBACK', ["SET datestyle = 'ISO, DMY'"], 'ROLLBACK'],
    ['ROLLBACK TO', ['SAVEPOINT s', "SET datestyle = 'ISO, DMY'"], 'ROLLBACK TO s'],
    ['COMMIT of SET LOCAL', ["SET LOCAL datestyle = 'ISO, DMY'"], 'COMMIT'],
  ])('does not carry an approval over a setting that %s takes back', async (name, set, back) => {
    const day = `0${name.length % 7}/02/2024`;
    const text = `UPDATE orders SET amount = 32 WHERE id = 7 AND '${day}'::date > date '1999-01-01'`;
    const c = await client();
    for (const each of ['BEGIN', ...set, text]) await c.ask(query(each));
    await stage.house.decide(await pendingFor(day), 'approve');
    // In one packet: the second must wait for what the first does.
    c.write(query(back), query(text), query('COMMIT'));
    await sleep(700);
    expect(await amount()).not.toBe('32.00');
    c.destroy();
  });

  it('counts rows to the cursor behind the FETCH of another in the same text', async () => {
    const c = await client();
    await c.ask(query('BEGIN'));
    await c.ask(query('DECLARE k CURSOR FOR SELECT id FROM big'));
    const fetched = (rows: number, other: string) =>
      query(`DECLARE ${other} CURSOR FOR SELECT 1; FETCH 0 FROM ${other}; FETCH ${rows} FROM k`);
    expect(rowsIn(await c.ask(fetched(9000, 'a')))).toHaveLength(9000);
    const second = await c.ask(fetched(9000, 'b'));
    expect(rowsIn(second)).toHaveLength(1000);
    expect(errorsIn(second)[0]?.sqlstate).toBe('WK002');
    await c.ask(query('ROLLBACK'));
    await c.ask(
      query('BEGIN; DECLARE k CURSOR FOR SELECT id FROM big; DECLARE m CURSOR FOR SELECT id FROM big'),
    );
    expect(rowsIn(await c.ask(query('FETCH 3000 FROM k; FETCH 3000 FROM m')))).toHaveLength(6000);
    expect(rowsIn(await c.ask(query('FETCH 3000 FROM k')))).toHaveLength(3000);
    c.destroy();
  });

  it('counts rows of a FETCH beside its DECLARE to the cursor', async () => {
    const c = await client();
    await c.ask(query('BEGIN'));
    await c.ask(query('DECLARE k CURSOR FOR SELECT id FROM big; FETCH 9000 k'));
    const second = await c.ask(query('FETCH 9000 k'));
    expect(rowsIn(second)).toHaveLength(1000);
    expect(errorsIn(second)[0]?.sqlstate).toBe('WK002');
    await c.ask(query('ROLLBACK'));
    await c.ask(query('BEGIN'));
    expect(rowsIn(await c.ask(query('DECLARE k CURSOR FOR SELECT id FROM big; FETCH 10 k')))).toHaveLength(
      10,
    );
    c.destroy();
  });
});
