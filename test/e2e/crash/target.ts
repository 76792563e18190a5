import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { root } from '../../support/house.js';
import { requirePeer, startPostgres, type PostgresServer } from '../../support/peers.js';
import { logEverything } from '../server-log.js';

export const role = { name: 'svc_orders', password: 'a password that no client may see 11' };
export const connection = 'orders';

const benchTables = ['accounts', 'branches', 'tellers', 'history'].map((name) => `pgbench_${name}`);

/** The database behind the gates, which logs each statement that reaches it. */
export interface Target {
  readonly server: PostgresServer;
  readonly admin: pg.Client;
}

export async function startTarget(): Promise<Target> {
  const server = await startPostgres({ settings: logEverything });
  const { host, port, superuser: user, password, database } = server;
  const admin = new pg.Client({ host, port, user, password, database });
  admin.on('error', () => undefined);
  await admin.connect();
  await admin.query(`create role ${role.name} login password '${role.password}'`);
  await admin.query('create table ledger (place serial, marker text primary key, how text)');
  const PGPORT = String(port);
  const env = { ...process.env, PGHOST: host, PGPORT, PGUSER: user, PGPASSWORD: password };
  const args = ['-i', '-q', '-s', '2', database];
  execFileSync(requirePeer('pgbench').program, args, { env, stdio: 'ignore' });
  for (const table of ['ledger', ...benchTables])
    await admin.query(`alter table ${table} owner to ${role.name}`);
  return { server, admin };
}

/** As weir.yaml names it; the password is in the environment. */
export const targetLine = ({ host, port, database }: PostgresServer): string =>
  `{ name: ${connection}, protocol: postgres, host: ${host}, port: ${port}, database: ${database}, tls: disable, ` +
  `user: ${role.name}, password: env:WEIR_SPEC_TARGET, owner: crew }`;

/** The shipped policies, and agents may change these tables without asking. */
export function policies(): Record<string, string> {
  const folder = join(root, 'policies');
  const names = readdirSync(folder).filter((name) => name.endsWith('.cedar'));
  const shipped = Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  const text = shipped['agents.cedar']!;
  const at = text.indexOf('@id("agents.change-approved")');
  const end = text.indexOf('resource\n);', at);
  if (at < 0 || end < 0)
    throw new Error('policies/agents.cedar no longer has agents.change-approved as it was');
  const tables = ['ledger', ...benchTables].map((name) => `Table::"${connection}/public/${name}"`);
  const unless = `resource\n)\nunless { resource in [${tables.join(', ')}] };`;
  return {
    ...shipped,
    'agents.cedar': text.slice(0, end) + unless + text.slice(end + 'resource\n);'.length),
  };
}

/** Once no session of the gates is open there: what they sent is in its log. */
export async function isQuiet({ admin }: Target): Promise<boolean> {
  const { rows } = await admin.query<{ n: string }>(
    `select count(*) as n from pg_stat_activity where usename = $1 and application_name !~ '^weirkeeper '`,
    [role.name],
  );
  return Number(rows[0]!.n) === 0;
}

/** Whether two sessions and more are there whose programs' names begin so. */
export async function isServing({ admin }: Target, program: string): Promise<boolean> {
  const { rows } = await admin.query<{ n: string }>(
    'select count(*) as n from pg_stat_activity where starts_with(application_name, $1)',
    [program],
  );
  return Number(rows[0]!.n) >= 2;
}
