import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { root, TestHouse, type HouseOptions } from '../support/house.js';
import { startPostgres, type PostgresServer } from '../support/peers.js';
import { WireTap } from '../support/wire-tap.js';
import type { RawAddress } from '../support/raw-client.js';
import { newCanaries, type Canaries } from './canaries.js';

export const owner = 'payments-team';
export const customers = 40;
export const bigRows = 12_000;
const role = 'svc_orders';
const rolePassword = 'a password that no client may see 7';

export interface StageOptions extends Pick<HouseOptions, 'masking'> {
  /** Further lines of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Further connections, as lines of weir.yaml's list; `PORT` stands for the server's port. */
  readonly connections?: readonly string[];
  readonly yaml?: string;
  /** Agents read without a bound. */
  readonly bulk?: boolean;
}

/** A real PostgreSQL with SCRAM, a whole Weirkeeper in front of it, and a tap between clients and gate. */
export class Stage {
  private constructor(
    readonly postgres: PostgresServer,
    /** The superuser's own connection: what is really in the tables. */
    readonly admin: pg.Client,
    readonly house: TestHouse,
    readonly tap: WireTap,
    readonly canaries: Canaries,
  ) {}

  static async build(options: StageOptions = {}): Promise<Stage> {
    const postgres = await startPostgres({ auth: 'scram-sha-256', settings: options.settings ?? {} });
    const { host, port, superuser: user, password, database } = postgres;
    const admin = new pg.Client({ host, port, user, password, database, application_name: 'test superuser' });
    // The server may be stopped first.
    admin.on('error', () => undefined);
    await admin.connect();
    const canaries = newCanaries();
    await furnish(admin, canaries);
    const house = await TestHouse.start({
      restless: true,
      policies: policiesWithScratch(options.bulk ?? false),
      yaml: [options.yaml ?? '', ...connectionLines(postgres, options.connections ?? [])].join('\n'),
      ...(options.masking === undefined ? {} : { masking: options.masking }),
    });
    const tap = await WireTap.start({ host: '127.0.0.1', port: house.postgresPort });
    return new Stage(postgres, admin, house, tap, canaries);
  }

  /** Where clients connect: through the tap. */
  async address(connection = 'orders'): Promise<RawAddress> {
    return { ...(await this.house.client(connection)), port: this.tap.port };
  }

  /** The same as libpq's environment. */
  async libpq(connection = 'orders'): Promise<NodeJS.ProcessEnv> {
    const { host, port, user, database, password } = await this.address(connection);
    const plain = { PGSSLMODE: 'disable', PGGSSENCMODE: 'disable', PGCONNECT_TIMEOUT: '20' };
    const who = {
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGDATABASE: database,
      PGPASSWORD: password,
    };
    return { ...process.env, ...plain, ...who };
  }

  /** What really is there: the first column of the first row, as a number. */
  async count(sql: string, values: readonly unknown[] = []): Promise<number> {
    const { rows } = await this.admin.query<{ n: string }>(`select count(*) as n from ${sql}`, [...values]);
    return Number(rows[0]!.n);
  }

  async down(): Promise<void> {
    await this.tap.stop();
    await this.house.stop();
    await this.admin.end();
    await this.postgres.stop();
  }
}

async function furnish(admin: pg.Client, canaries: Canaries): Promise<void> {
  await admin.query(`create role ${role} login password '${rolePassword}'`);
  await admin.query(`
    create table customers (id int primary key, name text, email text, ssn text, notes text, prefs jsonb);
    create table orders (id int primary key, customer_id int, amount numeric(10, 2));
    create table tickets (id int primary key, title text);
    create table big (id int primary key, label text);
    create table scratch (who text, n int);
    create table keepsake (id int primary key);
    create view contacts as select c.id as customer, c.email as contact, c.ssn as identifier from customers c;
    insert into orders select g, 1 + g % ${customers}, g * 1.25 from generate_series(1, 200) g;
    insert into tickets select g, 'ticket ' || g from generate_series(1, 1000) g;
    insert into big select g, 'label ' || g from generate_series(1, ${bigRows}) g;
  `);
  for (let id = 1; id <= customers; id++) {
    const email = canaries.email(id);
    const notes = `paid with ${canaries.card}, write to ${email}`;
    const prefs = JSON.stringify({ contact: email, dark: true });
    const row = [id, `Customer ${id}`, email, canaries.ssn(id), notes, prefs];
    await admin.query('insert into customers values ($1, $2, $3, $4, $5, $6)', row);
  }
  // The connection's role owns what it serves: a statement that slips through would really be done.
  for (const table of ['customers', 'orders', 'tickets', 'big', 'scratch', 'keepsake', 'contacts'])
    await admin.query(`alter table ${table} owner to ${role}`);
}

/** The shipped policies, and agents may write to `scratch` without asking. */
function policiesWithScratch(bulk: boolean): Record<string, string> {
  const folder = join(root, 'policies');
  const names = readdirSync(folder).filter((name) => name.endsWith('.cedar'));
  const shipped = Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  const agents = exemptScratch(shipped['agents.cedar']!);
  const bound = bulk ? agents.replaceAll('Group::"bulk-readers"', 'Group::"agents"') : agents;
  return { ...shipped, 'agents.cedar': bound };
}

export function exemptScratch(text: string): string {
  const at = text.indexOf('@id("agents.change-approved")');
  const end = text.indexOf('resource\n);', at);
  if (at < 0 || end < 0)
    throw new Error('policies/agents.cedar no longer has agents.change-approved as it was');
  const unless = 'resource\n)\nunless { resource in Table::"orders/public/scratch" };';
  return text.slice(0, end) + unless + text.slice(end + 'resource\n);'.length);
}

function connectionLines({ host, port, database }: PostgresServer, further: readonly string[]): string[] {
  const target = `protocol: postgres, host: ${host}, port: ${port}, database: ${database}, tls: disable`;
  const orders = `name: orders, ${target}, user: ${role}, password: "${rolePassword}", owner: ${owner}`;
  return [
    'connections:',
    ...[orders, ...further].map((line) => `  - { ${line.replaceAll('PORT', String(port))} }`),
  ];
}
