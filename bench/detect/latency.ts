import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openEmbeddedLog } from '#event-log';
import { FindingRaisedSchema, payload, topics } from '#events';
import { root, TestHouse } from '../../test/support/house.js';
import { startPostgres, type PostgresServer } from '../../test/support/peers.js';

/** One statement that something is found of, by itself. */
interface Theft {
  readonly detector: string;
  readonly subject: string;
  readonly sql: string;
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
}

const [honeytokens, bulkTables] = [20, 10];
const bulkRows = 25_000;
/** Nothing takes as long. Milliseconds. */
const patience = 60_000;
/** How often the identity tries what it may no longer do. Milliseconds. */
const every = 50;

const stop = `@id("findings.stop")
forbid (principal, action in Action::"sql:any", resource) when { context.risk == "high" };`;

/** Each theft in a whole house that runs, with a real client, one after another at odd moments; each is then called a false alarm. */
export async function measureLatency(): Promise<Latency[]> {
  const postgres = await startPostgres();
  try {
    await furnish(postgres);
    const house = await TestHouse.start({ yaml: yamlFor(postgres), policies: policies() });
    try {
      return await stealAll(house);
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
  await admin.query(`create table people as select id, 'p' || id || '@example.com' as email from generate_series(1, 4000) as id;
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
  const honey = numbered('honey', honeytokens).map((name) => ({
    ...{ detector: 'honeytoken', subject: `public.${name}`, sql: `select * from ${name}` },
  }));
  const bulk = numbered('bulk', bulkTables).map((name) => ({
    ...{ detector: 'bulk-read', subject: `public.${name}`, sql: `select * from ${name}` },
  }));
  const volume = { detector: 'sensitive-volume', subject: 'email', sql: 'select email from people' };
  return [...honey, volume, ...bulk].map((each, i, all) => all[(i * 13) % all.length] ?? each);
}

async function stealAll(house: TestHouse): Promise<Latency[]> {
  const found = new Map<string, { id: string; at: number }>();
  const log = openEmbeddedLog({ path: join(house.dataDir, 'log') });
  const tail = log.tail({ topics: [topics.finding] }, (batch) => {
    for (const { envelope } of batch) {
      const raised = payload(FindingRaisedSchema, envelope);
      if (raised) found.set(`${raised.detector} ${raised.subject}`, { id: raised.findingId, at: Date.now() });
    }
  });
  const client = new pg.Client(await house.client('shop'));
  await client.connect();
  const latencies: Latency[] = [];
  try {
    for (const [n, theft] of thefts().entries()) {
      await sleep(((n * 7) % 10) * 300);
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
  { detector, subject, sql }: Theft,
  found: ReadonlyMap<string, { id: string; at: number }>,
): Promise<Latency> {
  await client.query(sql);
  const answered = Date.now();
  await until(client, false, answered);
  const refused = Date.now();
  const finding = found.get(`${detector} ${subject}`);
  if (!finding) throw new Error(`refused without a finding of ${detector} on ${subject}`);
  const said = { state: 'false_alarm', reason: 'a measurement' };
  const { findings } = await house.json<{ findings: { id: string }[] }>(
    'security',
    '/api/findings?state=open',
  );
  for (const { id } of findings) await house.json('security', `/api/findings/${id}/ack`, said);
  await until(client, true, Date.now());
  const [row] = await house.sql(`
    SELECT toUnixTimestamp64Milli(o.logged_at) AS logged, toUnixTimestamp64Milli(o.ingested_at) AS stored
    FROM session_events AS o WHERE o.type = 'StatementOutcome' AND o.statement_id IN (
      SELECT statement_id FROM session_events WHERE text = '${sql}')`);
  const since = (at: unknown) => Math.round(Number(at) - answered);
  return {
    ...{ detector, logged: since(row?.['logged']), stored: since(row?.['stored']) },
    ...{ found: since(finding.at), refused: since(refused) },
  };
}

/** Asks until it is allowed, or is not any more. */
async function until(client: pg.Client, isAllowed: boolean, since: number): Promise<void> {
  const ask = () =>
    client.query('select 1').then(
      () => true,
      () => false,
    );
  while ((await ask()) !== isAllowed) {
    if (Date.now() > since + patience) throw new Error(`nothing has changed within ${patience / 1000} s`);
    await sleep(every);
  }
}
