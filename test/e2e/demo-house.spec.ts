import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, root, run, TestHouse } from '../support/house.js';
import { peer } from '../support/peers.js';
import { Psql } from './psql.js';

/** In a transaction nothing waits: the first try asks, the second finds the answer. */
const asked = "begin; update orders set status = 'paid' where id = 7;";

const detectionPage = readFileSync(join(root, 'docs/detection.md'), 'utf8');
const shown = (mark: string, language: string) =>
  new RegExp(`^<!-- ${mark}: run by a test -->\n\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(
    detectionPage,
  )?.[1] ?? '';

describe.skipIf(!peer('psql'))('the demo database', () => {
  let house: TestHouse;
  const open: Psql[] = [];
  beforeAll(async () => {
    const yaml = `demo: true\n${shown('honeytoken', 'yaml')}`;
    house = await TestHouse.start({ yaml, restless: true });
  }, 120_000);
  afterAll(async () => {
    for (const psql of open) psql.kill();
    await house.stop();
  });

  const psql = async () => {
    const opened = await Psql.open(await house.libpq('demo'));
    open.push(opened);
    return opened;
  };
  const heldAs = async (): Promise<string> => {
    const agent = await psql();
    agent.type(asked);
    await agent.shows('WK001');
    agent.kill();
    return /apr_[0-9a-z]{26}/.exec(agent.output)![0];
  };

  /** The first rows that there are. */
  async function found(query: string): Promise<{ id: string }[]> {
    let rows: Record<string, unknown>[] = [];
    await eventually(async () => (rows = await house.sql(query)).length > 0);
    return rows as { id: string }[];
  }

  it.each(['finding', 'honeytoken'])(
    'has what docs/detection.md pastes found: %s',
    async (mark) => {
      const text = shown(mark, 'sh')
        .replace('port=15432', `port=${house.postgresPort}`)
        .replaceAll('./weir', 'node dist/services/cli/main.js');
      const [touch = '', list = ''] = text.trim().split('\n');
      const own = { WEIR_URL: house.url, WEIR_DATA: house.dataDir };
      const bash = (line: string) =>
        run('bash', ['--norc', '-c', line], { cwd: root, env: { ...process.env, ...own } });
      expect(await bash(touch)).toMatchObject({ code: 0, stderr: '' });
      const detector = / --detector (.*)/.exec(list)?.[1];
      const path = `/api/findings?detector=${detector}`;
      await eventually(async () => {
        const { findings } = await house.json<{ findings: unknown[] }>('security', path);
        return findings.length > 0;
      }, 60_000);
      expect((await bash(list)).stdout).toMatch(/ open .*dev:dev-agent/);
    },
    120_000,
  );

  it('asks once for a statement, though its port is another after a restart', async () => {
    const id = await heldAs();
    await house.kill('SIGTERM');
    expect(house.log).toMatch(
      /draining: [01] sessions have up to \d+ s to end[^]*drained in \d\.\d s, 0 sessions left/,
    );
    chmodSync(house.dataDir, 0o755);
    await house.up();
    expect(await heldAs()).toBe(id);
    // Whatever it was opened to meanwhile.
    expect(statSync(house.dataDir).mode & 0o777).toBe(0o700);
    await house.decide(id, 'approve');
    await house.kill('SIGTERM');
    await house.up();
    const agent = await psql();
    agent.type(`${asked} commit;`);
    agent.type('commit;');
    await agent.shows('UPDATE 1');
    agent.kill();
  }, 180_000);

  it('is busy with one session: that can be ended at once all the same', async () => {
    const agent = await psql();
    agent.type("select 'hello' || ' there';");
    await agent.shows('hello there');
    const [{ id } = { id: '' }] = await found(
      "SELECT session_id AS id FROM statements WHERE text LIKE '%hello%there%' ORDER BY time DESC LIMIT 1",
    );
    agent.type('select count(*) from customers a, customers b, customers c;');
    await found(
      `SELECT statement_id AS id FROM statements WHERE session_id = '${id}' AND text LIKE '%count%'`,
    );
    const ran = await house.weir('sessions', 'end', id, '--reason', 'too much');
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    await agent.shows('57P01', 3_000);
    expect(agent.output).toContain('the session was ended: too much');
    await eventually(async () => {
      const [row] = await house.sql(`SELECT end_reason FROM sessions WHERE session_id = '${id}'`);
      return row?.['end_reason'] === 'ended: too much';
    });
  }, 120_000);
});
