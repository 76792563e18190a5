import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { searchPathQuery } from '../../services/proxy/postgres/questions.js';
import { privilegesQuery } from '../../services/proxy/postgres/target-privileges.js';
import { eventually } from '../support/house.js';
import { peer, requirePeer } from '../support/peers.js';
import { query, RawClient } from '../support/raw-client.js';
import { errorsIn } from '../support/wire-reading.js';
import { executedBy, logEverything, sha256 } from './server-log.js';
import { Stage } from './stage.js';

/** One statement in the record. */
interface Recorded {
  readonly statement_id: string;
  readonly text: string;
  readonly text_hash: string;
  readonly parameters: string[];
  readonly decision: string;
  readonly status: string;
}

interface Bench {
  /** Its exit code and all that it said. */
  readonly done: Promise<{ readonly code: number; readonly text: string }>;
}

describe.skipIf(!peer('postgres') || !peer('pgbench'))('under SIGKILL', () => {
  let stage: Stage;
  let writes: string;

  beforeAll(async () => {
    stage = await Stage.build({ settings: logEverything });
    const { host, port, superuser, password, database } = stage.postgres;
    const env = {
      ...process.env,
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: superuser,
      PGPASSWORD: password,
      PGDATABASE: database,
    };
    execFileSync(requirePeer('pgbench').program, ['-i', '-q'], { env, stdio: 'ignore' });
    await stage.admin.query('grant all on all tables in schema public to svc_orders');
    writes = join(stage.house.dir, 'writes.sql');
    // Each text stands for itself: at most eight digits, which no classifier takes for a value to mask.
    writeFileSync(writes, "\\set n random(1, 99999999)\ninsert into scratch values ('bench', :n);\n");
  }, 120_000);
  afterAll(() => stage.down());

  async function bench(application: string, args: readonly string[]): Promise<Bench> {
    const env = { ...(await stage.libpq()), PGAPPNAME: application };
    const child = spawn(requirePeer('pgbench').program, ['-n', ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (text += data.toString()));
    return {
      done: new Promise((resolve) => child.once('close', (code) => resolve({ code: code ?? 1, text }))),
    };
  }

  /** Reads and writes at once, each under a name of its own. */
  function load(names: { reads: string; writes: string }, seconds: number): Promise<Bench[]> {
    const time = ['-T', String(seconds)];
    return Promise.all([
      bench(names.reads, ['-S', '-M', 'prepared', '-c', '4', ...time]),
      bench(names.writes, ['-f', writes, '-c', '2', ...time]),
    ]);
  }

  /** Once all of it has been read in: `sessions` of these programs have ended, and nothing more comes. */
  async function settled(programs: string, sessions: number): Promise<void> {
    let last = -1;
    await eventually(async () => {
      const [now] = await stage.house.sql(
        `select count() as n, countIf(ended_at is null) as open, sum(events) as events
         from sessions where client_program like '${programs}'`,
      );
      const before = last;
      last = Number(now!['events']);
      await sleep(300);
      return Number(now!['n']) >= sessions && Number(now!['open']) === 0 && last === before;
    }, 30_000);
  }

  async function recordedFor(application: string): Promise<Recorded[]> {
    const found: Recorded[] = [];
    for (const page = 5_000; found.length % page === 0;) {
      const rows = await stage.house.sql(
        `select statement_id, text, text_hash, parameters, decision, status from statements
         where client_program = '${application}' order by statement_id limit ${page} offset ${found.length}`,
      );
      found.push(...(rows as unknown as Recorded[]));
      if (rows.length === 0) break;
    }
    return found;
  }

  /** Compares PostgreSQL's own log with the record, statement by statement; returns how many there were. */
  async function compare(
    application: string,
  ): Promise<{ executed: number; recorded: number; unknown: number }> {
    const executed = executedBy(stage.postgres.logFile, application).filter(
      ({ text }) => text !== privilegesQuery && text !== searchPathQuery,
    );
    const recorded = await recordedFor(application);
    expect(recorded.filter(({ decision }) => decision !== 'allow')).toEqual([]);
    expect(recorded.filter(({ status }) => status === '')).toEqual([]);
    const ran = counted(executed.map(({ text, parameters }) => `${sha256(text)} ${values(parameters)}`));
    const received = counted(recorded.map(keyOf));
    const unknown = counted(recorded.filter(({ status }) => status === 'unknown').map(keyOf));
    const wrong = [...new Set([...ran.keys(), ...received.keys()])].filter((key) => {
      const [r, e, u] = [received.get(key) ?? 0, ran.get(key) ?? 0, unknown.get(key) ?? 0];
      // What ran has its `received`; what was received and did not run is unknown.
      return e > r || r - e > u;
    });
    expect(wrong).toEqual([]);
    return {
      executed: executed.length,
      recorded: recorded.length,
      unknown: [...unknown.values()].reduce((a, b) => a + b, 0),
    };
  }

  async function noGaps(): Promise<void> {
    const [sums] = await stage.house.sql(`
      select countIf(type = 'StatementReceived') - uniqExactIf(statement_id, type = 'StatementReceived') as twice,
        count() - uniqExact((session_id, seq)) as repeated from session_events`);
    expect(sums).toEqual({ twice: 0, repeated: 0 });
    expect(await stage.house.sql('select session_id, missing from sessions where missing != 0')).toEqual([]);
    expect(await stage.house.sql('select reason from dead_letters')).toEqual([]);
  }

  /** Loads the gate, kills it when so many writes are through, and starts it again. */
  async function crash(round: number): Promise<void> {
    const running = await load({ reads: `crash-reads-${round}`, writes: `crash-writes-${round}` }, 30);
    const sleeper = await RawClient.signIn(await stage.address());
    sleeper.write(query('select pg_sleep(20)'));
    const before = await stage.count('scratch');
    await eventually(async () => (await stage.count('scratch')) > before + 800);
    await stage.house.kill('SIGKILL');
    const ended = await Promise.all(running.map(({ done }) => done));
    expect(ended.map(({ code }) => code)).not.toContain(0);
    await stage.house.up();
  }

  it('the gate, twice: every statement that ran is in the record once, every further one is unknown', async () => {
    await crash(1);
    await crash(2);
    // Six clients, and the connection that each pgbench makes first.
    await settled('crash-%', 16);
    for (const name of ['crash-reads-1', 'crash-reads-2', 'crash-writes-1', 'crash-writes-2'])
      expect((await compare(name)).executed).toBeGreaterThan(500);
    // What ran when the gate died.
    const unknown = { text: 'select pg_sleep(20)', status: 'unknown' };
    expect(await recordedFor('raw client')).toMatchObject([unknown, unknown]);
    const lost = await stage.house.sql(
      "select count() as n from sessions where client_program like 'crash-%' and end_reason = 'lost'",
    );
    expect(lost).toEqual([{ n: 12 }]);
    await noGaps();
  }, 90_000);

  it('the audit process: no session notices, and nothing is missing afterwards', async () => {
    const running = await load({ reads: 'audit-reads', writes: 'audit-writes' }, 6);
    const person = await RawClient.signIn(await stage.address());
    const waits: number[] = [];
    const slowest = (async () => {
      for (const end = Date.now() + 5_500; Date.now() < end;) {
        const asked = performance.now();
        expect(errorsIn(await person.ask(query('select title from tickets where id = 9')))).toEqual([]);
        waits.push(performance.now() - asked);
        await sleep(20);
      }
    })();
    await sleep(2_000);
    const first = auditProcess(stage.house.pid);
    process.kill(first, 'SIGKILL');
    await slowest;
    await person.end();
    for (const { code, text } of await Promise.all(running.map(({ done }) => done))) {
      expect(code, text).toBe(0);
      expect(text).toContain('number of failed transactions: 0');
    }
    expect(Math.max(...waits)).toBeLessThan(1_000);
    await eventually(() => auditProcess(stage.house.pid) !== first);
    await settled('audit-%', 8);

    for (const name of ['audit-reads', 'audit-writes']) {
      const { executed, recorded, unknown } = await compare(name);
      expect(executed).toBeGreaterThan(200);
      expect({ recorded, unknown }).toEqual({ recorded: executed, unknown: 0 });
    }
    await noGaps();
  }, 90_000);
});

const keyOf = ({ text_hash, parameters }: Recorded): string => `${text_hash} ${parameters.join()}`;

/** `$1 = '5', $2 = '6'` as `5,6`. */
const values = (logged: string): string =>
  [...logged.matchAll(/\$\d+ = '([^']*)'/g)].map(([, value]) => value).join();

function counted(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** The gate's child that owns the audit store. Throws while there is none. */
function auditProcess(gate: number): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const parent = Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')[1]);
      if (parent === gate && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('audit'))
        return Number(pid);
    } catch {
      // It ended while we looked.
    }
  }
  throw new Error('the gate has no audit process');
}
