import pg from 'pg';
import { TestHouse } from '../../support/house.js';
import { startPostgres, type PostgresServer } from '../../support/peers.js';

/** Where a suite connects. */
export interface Way {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly server: PostgresServer;
}

const database = 'regression';

/** A fresh server with an empty database, as pg_regress would have made it. */
async function prepared(): Promise<PostgresServer> {
  const server = await startPostgres({
    ssl: true,
    settings: { max_prepared_transactions: '2', max_connections: '100' },
  });
  const { host, port, superuser: user, password } = server;
  const admin = new pg.Client({ host, port, user, password, database: 'postgres' });
  await admin.connect();
  await admin.query(`create database ${database} template template0`);
  for (const name of ['lc_messages', 'lc_monetary', 'lc_numeric', 'lc_time'])
    await admin.query(`alter database ${database} set ${name} to 'C'`);
  await admin.query(`alter database ${database} set bytea_output to 'hex'`);
  await admin.query(`alter database ${database} set timezone_abbreviations to 'Default'`);
  await admin.end();
  return server;
}

export async function directly<T>(suite: (way: Way) => Promise<T>): Promise<T> {
  const server = await prepared();
  try {
    return await suite({ ...server, user: server.superuser, database, server });
  } finally {
    await server.stop();
  }
}

/** One policy that permits all, no rule that masks, and the server's superuser as the connection's role. */
export async function throughTheGate<T>(suite: (way: Way) => Promise<T>): Promise<T> {
  const server = await prepared();
  try {
    const house = await TestHouse.start({
      policies: { 'all.cedar': '@id("all")\npermit (principal, action, resource);\n' },
      masking: 'rules: []\n',
      // One of node-postgres's tests goes to template1.
      yaml: ['connections:', ...[database, 'template1'].map((name) => connection(name, server))].join('\n'),
    });
    try {
      return await suite({ ...(await house.client(database)), user: server.superuser, server });
    } finally {
      await house.stop();
    }
  } finally {
    await server.stop();
  }
}

function connection(name: string, { port, superuser, password }: PostgresServer): string {
  return (
    `  - { name: ${name}, protocol: postgres, host: 127.0.0.1, port: ${port}, database: ${name}, tls: disable, ` +
    `user: ${superuser}, password: '${password}', owner: the suite, allowPrivileged: true }`
  );
}
