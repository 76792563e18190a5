import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/house.js';
import { peer } from '../support/peers.js';
import { Stage } from './stage.js';

/** A psql that somebody types into. */
class Psql {
  output = '';
  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (data: Buffer) => (this.output += data.toString()));
    child.stdin!.on('error', () => undefined);
  }

  static async open(stage: Stage): Promise<Psql> {
    const args = ['-X', '-At', '-v', 'VERBOSITY=verbose'];
    return new Psql(spawn('psql', args, { env: await stage.libpq(), stdio: 'pipe' }));
  }

  type(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }

  async shows(text: string, timeoutMs = 20_000): Promise<void> {
    await expect.poll(() => this.output, { timeout: timeoutMs }).toContain(text);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

describe.skipIf(!peer('postgres'))('a session that security ends', () => {
  let stage: Stage;
  const open: Psql[] = [];
  const known = new Set<string>();
  beforeAll(async () => void (stage = await Stage.build()), 120_000);
  afterAll(async () => {
    for (const psql of open) psql.kill();
    await stage.down();
  });

  const recorded = () =>
    stage.house.json<{ sessions: { sessionId: string }[] }>('security', '/api/sessions?limit=500');

  async function aSession(): Promise<{ psql: Psql; id: string }> {
    for (const { sessionId } of (await recorded()).sessions) known.add(sessionId);
    const psql = await Psql.open(stage);
    open.push(psql);
    psql.type("select 'hello' || ' there';");
    await psql.shows('hello there');
    let id = '';
    await eventually(async () => {
      id = (await recorded()).sessions.find(({ sessionId }) => !known.has(sessionId))?.sessionId ?? '';
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

  it('ends after the statement that runs', async () => {
    const { psql, id } = await aSession();
    psql.type("select pg_sleep(2)::text || 'slept';");
    const { status } = await stage.house.fetch('security', `/api/sessions/${id}`, {
      method: 'DELETE',
      body: JSON.stringify({ reason: 'enough' }),
      headers: { 'content-type': 'application/json' },
    });
    expect(status).toBe(202);
    await psql.shows('slept');
    psql.type('select 1;');
    await psql.shows('57P01');
  }, 120_000);

  /** What must still work: a session that nobody asked to end. */
  async function othersGoOn(): Promise<void> {
    const psql = await Psql.open(stage);
    open.push(psql);
    psql.type("select 'still' || ' here';");
    await psql.shows('still here');
    psql.kill();
  }
});
