import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { createClient } from '@clickhouse/client';
import type { ChdbConnection } from 'chdb/connection';
import { loadChdbConnection } from './embedded.load.js';

/** What `createClient` takes as `connection`. */
export type ClientConnection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;

/**
 * A connection to the embedded engine of this path, one statement at a time. A statement that fails after its
 * first rows leaves them in the engine's output buffer, and the session's next statement gets them before its
 * own: so after every failure the session is rinsed before anything else may run on it.
 */
export function embeddedConnection(path: string): ClientConnection {
  const connection = loadChdbConnection().createChdbConnection({ path });
  // One process has the folder: what a killed one left lies where the next one writes.
  const file = join(path, 'engine', `insert-${++connections}.native`);
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const turn = last.then(async () => {
      try {
        return await run();
      } catch (error) {
        await rinse(connection);
        throw error;
      }
    });
    last = turn.catch(() => {});
    return turn;
  };
  // chdb declares the interface of `@clickhouse/client-common`, the client declares its own copy of it; the two
  // differ for the compiler (a private field), not at run time.
  return {
    ping: (params: Parameters<ChdbConnection['ping']>[0]) => inTurn(() => connection.ping(params)),
    query: (params: Parameters<ChdbConnection['query']>[0]) => inTurn(() => connection.query(params)),
    exec: (params: ExecParams) => inTurn(() => execute(connection, file, params)),
    command: (params: Parameters<ChdbConnection['command']>[0]) => inTurn(() => connection.command(params)),
    insert: (params: Parameters<ChdbConnection['insert']>[0]) => inTurn(() => connection.insert(params)),
    close: () => inTurn(() => connection.close()),
  } as unknown as ClientConnection;
}

type ExecParams = Parameters<ChdbConnection['exec']>[0];

const native = / SETTINGS .* FORMAT Native$/s;
let connections = 0;

/**
 * What is not text can't stand behind its statement: there the engine takes two line feeds for the end. So it reads such
 * values from a file, as its own client does.
 */
async function execute(connection: ChdbConnection, file: string, params: ExecParams) {
  const { values, ...statement } = params;
  if (values === undefined || !native.test(params.query)) return connection.exec(params);
  try {
    await writeFile(file, values, { mode: 0o600 });
    const from = ` FROM INFILE '${file.replaceAll(/[\\']/g, '\\$&')}' COMPRESSION 'none'`;
    const query = params.query.replace(' SETTINGS ', () => `${from} SETTINGS `);
    return await connection.exec({ ...statement, query });
  } finally {
    await rm(file, { force: true });
  }
}

const rinseTries = 5;

/** Runs a query whose answer is known until exactly that comes back. */
async function rinse(connection: ChdbConnection): Promise<void> {
  for (let tries = 0; tries < rinseTries; tries++) {
    const answer = await connection.chdb
      .queryAsync("SELECT 'rinsed'", { format: 'TSV' })
      .catch(() => undefined);
    if (answer?.text() === 'rinsed\n') return;
  }
  throw new Error('the embedded audit store answers with what it was not asked');
}
