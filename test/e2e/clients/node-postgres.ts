import { text as readText } from 'node:stream/consumers';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Stage } from '../stage.js';
import { unsupported, type Said, type SqlClient } from './client.js';

type Format = 'text' | 'binary';

/** node-postgres: `text` over the simple protocol, as it is by default; `binary` over the extended one. */
export function nodePostgres(format: Format): SqlClient {
  const name = `node-postgres (${format})`;
  return {
    name,
    format,
    separator: '; ',
    cannot: {
      'refused DROP in a pipeline': 'node-postgres sends a Sync behind every query',
      ...(format === 'binary'
        ? { 'refused DROP in a query string': 'the extended protocol takes one statement at a time' }
        : {}),
    },

    async start(stage, statements) {
      const client = await open(stage, format);
      const done = inTurn(client, statements, format);
      return { done, vanish: () => streamOf(client).destroy(), cancel: () => cancel(client) };
    },

    pipeline: () => unsupported(name, 'pipelines'),

    async copyOut(stage, statement) {
      const client = await open(stage, format);
      const options = format === 'binary' ? ' with (format binary)' : '';
      try {
        return { text: await readText(client.query(copyTo(statement + options))) };
      } catch (error) {
        return { text: shown(error) };
      } finally {
        await client.end();
      }
    },

    async crowd(stage, count, statement) {
      const clients = await Promise.all(Array.from({ length: count }, () => open(stage, format)));
      await Promise.all(clients.map((client) => client.query(asked(statement, format))));
      await Promise.all(clients.map((client) => client.end()));
    },
  };
}

async function open(stage: Stage, format: Format): Promise<pg.Client> {
  // The types lack `binary`; node-postgres documents it.
  const config = { ...(await stage.address()), ssl: false, binary: format === 'binary' };
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Without values node-postgres falls back to the simple protocol, which has no binary results. */
function asked(text: string, format: Format): pg.QueryConfig {
  return format === 'binary' ? ({ text, queryMode: 'extended' } as pg.QueryConfig) : { text };
}

async function inTurn(client: pg.Client, statements: readonly string[], format: Format): Promise<Said> {
  const said: string[] = [];
  for (const statement of statements) {
    const answer = await client.query(asked(statement, format)).catch((error: unknown) => error);
    said.push(answer instanceof Error ? shown(answer) : JSON.stringify((answer as pg.QueryResult).rows));
  }
  await client.end().catch(() => undefined);
  return { text: said.join('\n') };
}

/** All that an application's log would show of it. */
function shown(error: unknown): string {
  const { message, code, detail, hint } = error as pg.DatabaseError;
  return [message, code, detail, hint].join('\n');
}

/** As `client.cancel` does it, with a promise around it: a connection of its own that carries the key. */
async function cancel(client: pg.Client): Promise<void> {
  const { host, port, processID, secretKey } = client as pg.Client & { processID: number; secretKey: number };
  const connection = new pg.Connection({ ssl: false } as never);
  await new Promise<void>((resolve, reject) => {
    connection.on('error', reject);
    connection.on('end', resolve);
    connection.on('connect', () => (connection as unknown as Canceller).cancel(processID, secretKey));
    (connection as unknown as Canceller).connect(port, host);
  });
}

interface Canceller {
  connect(port: number, host: string): void;
  cancel(processId: number, secretKey: number): void;
}

function streamOf(client: pg.Client): { destroy(): void } {
  return (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
}
