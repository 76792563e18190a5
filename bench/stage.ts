import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { root, TestHouse, type HouseOptions } from '../test/support/house.js';
import { peer, startPgBouncer, startPostgres, type PostgresServer } from '../test/support/peers.js';
import type { Contender } from './contender.js';
import { initialise } from './pgbench.js';
import { childrenOf } from './processor.js';

/** People in the table that is read out. */
export const people = 500_000;
const serviceRole = 'bench_service';
const servicePassword = 'bench service 5';

/** All that takes part, running: a PostgreSQL of its own, and the ways to it. */
export interface Stage {
  readonly house: TestHouse;
  readonly direct: Contender;
  readonly passThrough: Contender;
  /** The same, reading every message and parsing every statement. */
  readonly parsed: Contender;
  readonly pgBouncer: Contender;
  /** With a token that has just been issued: it outlives any run. */
  readonly weirkeeper: Contender;
  /** The process that records what the gate's journal holds. */
  readonly auditPid: number;
  stop(): Promise<void>;
}

/** What is missing on this machine, as a line each. */
function missingPeers(): string[] {
  const packages = {
    postgres: 'postgresql',
    pgbouncer: 'pgbouncer',
    pgbench: 'postgresql-contrib or postgresql-client',
  } as const;
  const names = Object.keys(packages) as (keyof typeof packages)[];
  return names
    .filter((name) => !peer(name))
    .map(
      (name) =>
        `${name} is not on this machine (Debian: ${packages[name]}), nor named by WEIR_PEER_${name.toUpperCase()}`,
    );
}

export async function setStage(scale: number, nodeFlags: readonly string[] = []): Promise<Stage> {
  const missing = missingPeers();
  if (missing.length > 0) throw new Error(missing.join('\nbench: '));
  const parts: { stop(): Promise<void> | void }[] = [];
  const stop = async () => {
    for (const part of parts.splice(0).reverse()) await part.stop();
  };
  try {
    const postgres = await startPostgres({ settings: { shared_buffers: '512MB', max_wal_size: '4GB' } });
    parts.push(postgres);
    const direct = straight(postgres, 'direct', []);
    await initialise(direct, scale);
    await fill(direct);
    const pgBouncer = await startPgBouncer(postgres);
    parts.push(pgBouncer);
    const relay = await startRelay(postgres, 'frames');
    parts.push(relay);
    const parsing = await startRelay(postgres, 'parsed');
    parts.push(parsing);
    const house = await TestHouse.start(houseFor(postgres, nodeFlags));
    parts.push(house);
    const weirkeeper: Contender = { name: 'Weirkeeper', ...(await house.client('bench')), pids: [house.pid] };
    const passThrough: Contender = { ...direct, name: 'pass-through', port: relay.port, pids: [relay.pid] };
    const parsed: Contender = { ...direct, name: 'parsed', port: parsing.port, pids: [parsing.pid] };
    return {
      parsed,
      auditPid: childrenOf(house.pid)[0] ?? house.pid,
      house,
      direct,
      passThrough,
      pgBouncer: straight({ ...postgres, port: pgBouncer.port }, 'PgBouncer', [pgBouncer.pid]),
      weirkeeper,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function straight(server: PostgresServer, name: Contender['name'], pids: readonly number[]): Contender {
  const { host, port, superuser: user, password, database } = server;
  return { name, host, port, user, password, database, pids };
}

/**
 * The shipped policies, masking and recording. One word differs: the development provider's agent is in no group
 * but `agents`, and to read 500,000 rows it must be one of the bulk readers.
 */
function houseFor(postgres: PostgresServer, nodeFlags: readonly string[]): HouseOptions {
  const shipped = (file: string) => readFileSync(join(root, 'policies', file), 'utf8');
  const { host, port, database } = postgres;
  return {
    yaml: [
      'connections:',
      `  - { name: bench, protocol: postgres, host: ${host}, port: ${port}, database: ${database},`,
      `      user: ${serviceRole}, password: env:BENCH_PASSWORD, tls: disable, owner: the bench }`,
    ].join('\n'),
    policies: {
      'agents.cedar': shipped('agents.cedar').replaceAll('Group::"bulk-readers"', 'Group::"agents"'),
      'people.cedar': shipped('people.cedar'),
    },
    env: { BENCH_PASSWORD: servicePassword },
    nodeFlags,
  };
}

/** Addresses, numbers and notes that differ from row to row, as real ones do. */
async function fill(direct: Contender): Promise<void> {
  const client = new pg.Client({ ...direct });
  await client.connect();
  await client.query(`
    CREATE TABLE bench_people AS
      SELECT id, 'Person Number ' || id AS name, 'person' || id || '@example.com' AS email,
        to_char(100 + id % 800, 'FM000') || '-' || to_char(10 + id % 89, 'FM00') || '-' || to_char(1000 + id % 8999, 'FM0000') AS ssn,
        (array['Berlin', 'Lisbon', 'Oslo', 'Porto', 'Vienna'])[1 + id % 5] AS city,
        'Called about order ' || id * 7 || ' and will call again on Monday' AS note,
        (id % 100000)::numeric / 100 AS balance, timestamptz '2024-01-01' + id * interval '1 minute' AS created_at
      FROM generate_series(1, ${people}) AS id;
    ALTER TABLE bench_people ADD PRIMARY KEY (id);
    CREATE TABLE bench_times AS SELECT n FROM generate_series(1, 100) AS n;
    CREATE ROLE ${serviceRole} LOGIN PASSWORD '${servicePassword}';
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${serviceRole};`);
  await client.query('VACUUM ANALYZE');
  await client.end();
}

async function startRelay(
  { host, port }: PostgresServer,
  mode: 'frames' | 'parsed',
): Promise<{ port: number; pid: number; stop(): void }> {
  const main = fileURLToPath(new URL('./relay.process.js', import.meta.url));
  const child: ChildProcess = fork(main, [host, String(port), mode], { execArgv: [] });
  const [message] = (await once(child, 'message')) as [{ port: number }];
  return { port: message.port, pid: child.pid!, stop: () => void child.kill() };
}
