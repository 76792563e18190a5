import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/house.js';
import { peer } from '../support/peers.js';
import { Psql } from './psql.js';
import { Stage } from './stage.js';

describe.skipIf(!peer('postgres'))('a session that security ends', () => {
  let stage: Stage;
  const open: Psql[] = [];
  beforeAll(async () => void (stage = await Stage.build()), 120_000);
  afterAll(async () => {
    for (const psql of open) psql.kill();
    await stage.down();
  });

  /** Found by what it says: others come and go meanwhile. */
  async function aSession(): Promise<{ psql: Psql; id: string }> {
    const psql = await Psql.open(await stage.libpq());
    const number = open.push(psql);
    psql.type(`select 'hello' || ' there ${number}';`);
    await psql.shows(`hello there ${number}`);
    let id = '';
    await eventually(async () => {
      const said = `SELECT session_id FROM statements WHERE text LIKE '%there ${number}%'`;
      const [row] = await stage.house.sql(said);
      id = String(row?.['session_id'] ?? '');
      return id !== '';
    });
    return { psql, id };
  }

  it('ends within a second while it is idle, with 57P01 and the reason; the record says who asked', async () => {
    const { psql, id } = await aSession();
    const ran = await stage.house.weir('sessions', 'end', id, '--reason', 'wrong database');
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    await eventually(async () => {
      const { endedAt } = await stage.house.json<{ endedAt: string | null }>(
        'security',
        `/api/sessions/${id}`,
      );
      return endedAt !== null;
    });
    psql.type('select 1;'); // psql reads only when it is asked something
    await psql.shows('57P01');
    expect(psql.output).toContain('wrong database');
    await othersGoOn();
    const [ended] = await stage.house.sql(`SELECT end_reason FROM sessions WHERE session_id = '${id}'`);
    expect(ended).toEqual({ end_reason: 'ended: wrong database' });
    const [asker] = await stage.house.sql(
      `SELECT identity, reason FROM control_events WHERE type = 'EndSession' AND session_id = '${id}'`,
    );
    expect(asker).toMatchObject({ reason: 'wrong database' });
    expect(String(asker!['identity'])).toMatch(/security/);
    const gap = `SELECT toUInt32(dateDiff('millisecond', c.time, s.ended_at)) AS ms
      FROM control_events AS c JOIN sessions AS s USING (session_id)
      WHERE c.type = 'EndSession' AND c.session_id = '${id}'`;
    const [{ ms } = { ms: Infinity }] = await stage.house.sql(gap);
    expect(Number(ms)).toBeLessThan(1000);
    const again = await stage.house.weir('sessions', 'end', id, '--reason', 'again');
    expect(again.code).not.toBe(0);
    expect(again.stderr).toContain('ended at');
  }, 120_000);

  const end = async (id: string, reason: string) => {
    const { status } = await stage.house.fetch('security', `/api/sessions/${id}`, {
      method: 'DELETE',
      body: JSON.stringify({ reason }),
      headers: { 'content-type': 'application/json' },
    });
    expect(status).toBe(202);
  };
  const running = (what: string) =>
    stage.count("pg_stat_activity where state = 'active' and query like $1 and pid <> pg_backend_pid()", [
      what,
    ]);

  it('ends in the middle of a statement: that is cancelled where it runs, and the client is told at once', async () => {
    const { psql, id } = await aSession();
    psql.type("select pg_sleep(60)::text || 'slept';");
    await eventually(async () => (await running('%pg_sleep(60)%')) === 1);
    await end(id, 'enough');
    await psql.shows('57P01', 3_000);
    expect(psql.output).toContain('the session was ended: enough');
    expect(psql.output).not.toContain('slept');
    await eventually(async () => (await running('%pg_sleep(60)%')) === 0, 3_000);
    await ended(id, 'ended: enough');
    await othersGoOn();
  }, 120_000);

  it('ends while a statement of it is held: nobody can approve that any more', async () => {
    const { psql, id } = await aSession();
    psql.type("update tickets set title = 'x' where id = 1;");
    await psql.shows('held for approval');
    const approval = /apr_[0-9a-z]{26}/.exec(psql.output)![0];
    await end(id, 'not this one');
    await psql.shows('57P01', 3_000);
    expect(psql.output).toContain('the session was ended: not this one');
    const standing = () => stage.house.json<{ status: string }>('approver', `/api/approvals/${approval}`);
    await eventually(async () => (await standing()).status === 'withdrawn', 5_000);
    await ended(id, 'ended: not this one');
    const [{ message } = {}] = await stage.house.sql(
      `SELECT message FROM statements WHERE session_id = '${id}' AND status = 'cancelled'`,
    );
    expect(message).toBe('the session was ended: not this one');
  }, 120_000);

  async function ended(id: string, reason: string): Promise<void> {
    await eventually(async () => {
      const [row] = await stage.house.sql(`SELECT end_reason FROM sessions WHERE session_id = '${id}'`);
      return row?.['end_reason'] === reason;
    });
  }

  /** What must still work: a session that nobody asked to end. */
  async function othersGoOn(): Promise<void> {
    const psql = await Psql.open(await stage.libpq());
    open.push(psql);
    psql.type("select 'still' || ' here';");
    await psql.shows('still here');
    psql.kill();
  }
});
