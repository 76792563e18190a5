import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openEmbeddedLog } from '#event-log';
import { FindingRaisedSchema, payload, topics } from '#events';
import { root, TestHouse } from '../../test/support/house.js';
import { childrenOf, processorSeconds } from '../processor.js';
import { startPostgres, type PostgresServer } from '../../test/support/peers.js';

/** What something is found of, by itself. */
interface Theft {
  readonly detector: string;
  readonly subject: string;
  readonly sql: string;
  /** What it reads; no other theft does. */
  readonly table: string;
  /** Sent so often, one after another; the last one counts. */
  readonly times?: number;
}

/** Milliseconds from the moment when the client has a statement's answer. */
export interface Latency extends Pick<Theft, 'detector'> {
  /** Its outcome is on the log; its row is stored. By clocks, not by looking. */
  readonly logged: number;
  readonly stored: number;
  /** The finding is on the log, as another process sees it. */
  readonly found: number;
  /** The identity's next statement is refused: the finding is in the proxy's FindingBook. */
  readonly refused: number;
  /** What the whole house used of processors until then. */
  readonly processor: number;
}

const [honeytokens, bulkTables] = [20, 10];
const bulkRows = 25_000;
/** Nothing takes as long. Milliseconds. */
const patience = 60_000;
/** Between two tries. Milliseconds. */
const every = 50;

const stop = `@id("findings.stop")
forbid (principal, action in Action::"sql:any", resource) when { context.risk == "high" };`;

/** Each theft in a whole house that runs, with a real client, one after another at odd moments; each is then called a false alarm. */
export async function measureLatency(most = Infinity): Promise<Latency[]> {
  const postgres = await startPostgres();
  try {
    await furnish(postgres);
    const house = await TestHouse.start({ yaml: yamlFor(postgres), policies: policies() });
    try {
      return await stealAll(house, thefts().slice(0, most));
    } finally {
      await house.stop();
    }
  } finally {
    await postgres.stop();
  }
}

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}_${i}`);

async function furnish({ host, port, superuser: user, password, database }: PostgresServer): Promise<void> {
  const admin = new pg.Client({ host, port, user, password, database });
  await admin.connect();
  for (const name of numbered('honey', honeytokens)) await admin.query(`create table ${name} (id int)`);
  for (const name of numbered('bulk', bulkTables))
    await admin.query(`create table ${name} as select id from generate_series(1, ${bulkRows}) as id`);
  await admin.query(`create table people as select id, 'p' || id || '@example.com' as email from generate_series(1, ${bulkRows}) as id;
    create role bench_service login password 'bench service 5'; grant select on all tables in schema public to bench_service`);
  await admin.end();
}

function yamlFor({ host, port, database }: PostgresServer): string {
  const traps = numbered('public.honey', honeytokens).join(', ');
  const target = `protocol: postgres, host: ${host}, port: ${port}, database: ${database}, tls: disable`;
  const who = `user: bench_service, password: "bench service 5", owner: the bench`;
  // It is never one's hour: what is read in bulk is out of hours, too.
  const calendar = 'calendar: { weekdays: [] }';
  return `connections: [{ name: shop, ${target}, ${who} }]\ndetection: { honeytokens: [${traps}], ${calendar} }`;
}

/** The shipped ones; agents read without a bound, and nothing once the risk is high. */
function policies(): Record<string, string> {
  const folder = join(root, 'policies');
  const names = readdirSync(folder).filter((name) => name.endsWith('.cedar'));
  const text = (name: string) =>
    readFileSync(join(folder, name), 'utf8').replaceAll('Group::"bulk-readers"', 'Group::"agents"');
  return { ...Object.fromEntries(names.map((name) => [name, text(name)])), 'stop.cedar': stop };
}

function thefts(): Theft[] {
  const wholeOf = (detector: string) => (name: string) => ({
    ...{ detector, subject: `public.${name}`, sql: `select * from ${name}`, table: `public.${name}` },
  });
  const honey = numbered('honey', honeytokens).map(wholeOf('honeytoken'));
  const bulk = numbered('bulk', bulkTables).map(wholeOf('bulk-read'));
  const volume = {
    detector: 'sensitive-volume',
    subject: 'email',
    sql: 'select email from people limit 800',
    table: 'public.people',
    times: 40,
  };
  return [...honey, volume, ...bulk].map((each, i, all) => all[(i * 13) % all.length] ?? each);
}

async function stealAll(house: TestHouse, all: readonly Theft[]): Promise<Latency[]> {
  const found = new Map<string, number>();
  const log = openEmbeddedLog({ path: join(house.dataDir, 'log') });
  const tail = log.tail({ topics: [topics.finding] }, (batch) => {
    for (const { envelope } of batch) {
      const raised = payload(FindingRaisedSchema, envelope);
      if (raised) found.set(`${raised.detector} ${raised.subject}`, Date.now());
    }
  });
  const client = new pg.Client(await house.client('shop'));
  await client.connect();
  const latencies: Latency[] = [];
  try {
    for (const [n, theft] of all.entries()) {
      await sleep(1000 + ((n * 7) % 10) * 150);
      latencies.push(await steal(house, client, theft, found));
    }
  } finally {
    await client.end();
    await tail.stop();
    await log.close();
  }
  return latencies;
}

async function steal(
  house: TestHouse,
  client: pg.Client,
  { detector, subject, sql, table, times = 1 }: Theft,
  found: ReadonlyMap<string, number>,
): Promise<Latency> {
  const spent = () => processorSeconds([house.pid, ...childrenOf(house.pid)]);
  for (let n = 0; n < times; n++) await client.query(sql);
  const [answered, before] = [Date.now(), spent()];
  while (!found.has(`${detector} ${subject}`)) {
    if (Date.now() > answered + patience)
      throw new Error(`${detector} of ${subject} is not found within ${patience / 1000} s`);
    await sleep(2);
  }
  const processor = Math.round((spent() - before) * 1000);
  while (await isAllowed(client)) if (Date.now() > answered + patience) throw new Error('nothing is refused');
  const refused = Date.now();
  await forgive(house, client);
  const [row] = await house.sql(`
    SELECT toUnixTimestamp64Milli(o.logged_at) AS logged, toUnixTimestamp64Milli(o.ingested_at) AS stored
    FROM session_events AS o WHERE o.type = 'StatementOutcome' AND o.statement_id IN (
      SELECT statement_id FROM session_events WHERE has(tables_read, '${table}'))
    ORDER BY o.logged_at DESC, o.seq DESC LIMIT 1`);
  if (!row) throw new Error(`the record has no statement on ${table}`);
  const since = (at: unknown) => Math.round(Number(at) - answered);
  return {
    ...{ detector, logged: since(row['logged']), stored: since(row['stored']) },
    ...{ found: since(found.get(`${detector} ${subject}`)), refused: since(refused), processor },
  };
}

/** Whatever was found is called a false alarm until the identity may go on: findings come one after another. */
async function forgive(house: TestHouse, client: pg.Client): Promise<void> {
  const said = { state: 'false_alarm', reason: 'a measurement' };
  for (const begun = Date.now(); Date.now() < begun + patience; await sleep(every)) {
    const { findings } = await house.json<{ findings: { id: string }[] }>(
      'security',
      '/api/findings?state=open',
    );
    for (const { id } of findings) await house.json('security', `/api/findings/${id}/ack`, said);
    if (await isAllowed(client)) return;
  }
  throw new Error('no false alarm helps');
}

const isAllowed = (client: pg.Client): Promise<boolean> =>
  client.query('select 1').then(
    () => true,
    () => false,
  );
